"""Contents that are kept once, and the calls that fetch them and send them on."""

import threading
import uuid
from io import BytesIO

import pytest
from django.db import connections
from PIL import Image

from config.lib.http import PermanentError
from integrations.avito import downloads
from integrations.avito.client import AvitoClient
from integrations.media.images import BadImageError
from integrations.media.voices import BadVoiceError
from integrations.models import StoredFile
from integrations.services import files
from integrations.services.avito_tokens import access
from integrations.services.calls import Status
from integrations.tests.test_media import SAMPLES, bomb, picture
from integrations.tests.wires import (
    avito_call,
    connect_account,
    connect_bot,
    open_chat,
    open_group,
    telegram_call,
)


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    """A folder of its own for each test."""
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend}}
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def kept(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def account(transactional_db, organization, sandbox):
    return connect_account(organization, sandbox)


@pytest.fixture
def picture_url(sandbox):
    return f"{sandbox.url}/avito/static/images/sample/1280x960"


def test_the_same_picture_is_kept_once_for_each_organization(
    organization, other_organization, storage
):
    content = picture()
    first = files.keep_image(organization_id=organization.pk, content=content)
    again = files.keep_image(organization_id=organization.pk, content=content)
    other = files.keep_image(organization_id=other_organization.pk, content=content)
    assert first.pk == again.pk != other.pk
    assert StoredFile.objects.count() == len(kept(storage)) == 2
    assert str(organization.pk) in first.content.name
    assert (first.content_type, first.width, first.height) == ("image/jpeg", 40, 30)
    assert first.size == len(files.read_file(first.pk)[1])


def test_a_voice_is_kept_with_its_length(organization):
    content = (SAMPLES / "avito_voice.mp4").read_bytes()
    stored = files.keep_voice(organization_id=organization.pk, content=content)
    assert stored.content_type == "audio/ogg"
    assert stored.content.name.endswith(".ogg")
    assert stored.duration_seconds > 1
    assert stored.width is None


def test_two_who_keep_the_same_at_once_get_the_same_file(transactional_db, organization, storage):
    content, gate, found = picture((600, 400)), threading.Barrier(6), []

    def keep():
        gate.wait(10)
        found.append(files.keep_image(organization_id=organization.pk, content=content).pk)
        connections.close_all()

    threads = [threading.Thread(target=keep) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 6
    assert len(set(found)) == StoredFile.objects.count() == 1
    assert files.read_file(found[0])[1].startswith(b"\xff\xd8")
    assert len(kept(storage)) == 1


def test_a_content_that_was_lost_comes_back_with_the_same_picture(organization, storage):
    stored = files.keep_image(organization_id=organization.pk, content=picture())
    stored.content.storage.delete(stored.content.name)
    with pytest.raises(files.FileGoneError):
        files.read_file(stored.pk)
    again = files.keep_image(organization_id=organization.pk, content=picture())
    assert again.pk == stored.pk
    assert files.read_file(stored.pk)[1]


def test_what_is_not_there_is_told(db):
    with pytest.raises(files.FileGoneError):
        files.read_file(uuid.uuid4())


def test_what_is_refused_leaves_nothing_behind(organization, storage):
    with pytest.raises(BadImageError):
        files.keep_image(organization_id=organization.pk, content=bomb(30_000, 30_000))
    with pytest.raises(BadVoiceError):
        files.keep_voice(organization_id=organization.pk, content=b"no sound")
    assert not StoredFile.objects.exists()
    assert kept(storage) == []


def fetch(account, method="fetch_image", **params):
    organization = str(account.organization_id)
    return avito_call(account.sender, method, organization_id=organization, **params)


def test_a_picture_of_avitos_is_fetched_and_kept(account, picture_url):
    outcome = fetch(account, url=picture_url)
    assert outcome.status is Status.SENT
    stored = StoredFile.objects.get(pk=outcome.result["stored_file"])
    assert stored.organization_id == account.organization_id
    assert fetch(account, url=picture_url).result == outcome.result


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/x",
        "http://localhost/x",
        "https://example.org/picture.jpg",
        "https://avito.ru.example.org/picture.jpg",
        "https://evil-avito.ru/picture.jpg",
        "http://img.avito.st/picture.jpg",
        "file:///etc/passwd",
        "//img.avito.st/picture.jpg",
        "https://user@127.0.0.1/avito.st",
        "",
    ],
)
def test_an_address_that_is_not_avitos_is_never_called(account, url):
    outcome = fetch(account, url=url)
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "foreign_address")
    assert not StoredFile.objects.exists()


def test_a_picture_that_is_gone_is_told(account, sandbox):
    outcome = fetch(account, url=f"{sandbox.url}/avito/static/images/none/1280x960")
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "not_found")


def test_an_address_behind_which_lies_no_picture_is_told(account, sandbox):
    chat = open_chat(sandbox, account)
    body = {"chat_id": chat, "voice": "sample"}
    sandbox.control("avito/say", body)
    outcome = fetch(account, url=voice_url(account, sandbox, chat))
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "bad_image")


def voice_id_of(sandbox, chat) -> str:
    return sandbox.control(f"avito/chats/{chat}")["messages"][-1]["content"]["voice"]["voice_id"]


def voice_url(account, sandbox, chat) -> str:
    url = access(account.pk).client.get_voice_url(voice_id_of(sandbox, chat))
    assert url is not None
    return url


@pytest.fixture
def voice_id(account, sandbox):
    chat = open_chat(sandbox, account)
    sandbox.control("avito/say", {"chat_id": chat, "voice": "sample"})
    return voice_id_of(sandbox, chat)


def test_a_voice_is_fetched_and_wrapped_anew(account, voice_id):
    outcome = fetch(account, "fetch_voice", voice_id=voice_id)
    assert outcome.status is Status.SENT
    stored, content = files.read_file(outcome.result["stored_file"])
    assert stored.content_type == "audio/ogg"
    assert content.startswith(b"OggS")


class LateClient(AvitoClient):
    """A client that takes its time: the hour of its first links is over when it has them."""

    def __init__(self, sandbox, account, *, late: int) -> None:
        super().__init__(access(account.pk).token, user_id=account.avito_user_id)
        self.sandbox, self.late, self.asked = sandbox, late, 0

    def get_voice_url(self, voice_id: str) -> str | None:
        url = super().get_voice_url(voice_id)
        self.asked += 1
        if self.asked <= self.late:
            self.sandbox.control("avito/expire_voices", {})
        return url


def test_a_voice_link_whose_hour_is_over_is_asked_for_anew_once(account, sandbox, voice_id):
    client = LateClient(sandbox, account, late=1)
    assert downloads.fetch_voice(client, voice_id)
    assert client.asked == 2


def test_a_voice_whose_new_link_is_refused_too_is_lost(account, sandbox, voice_id):
    client = LateClient(sandbox, account, late=5)
    with pytest.raises(PermanentError):
        downloads.fetch_voice(client, voice_id)
    assert client.asked == 2


def test_a_voice_that_avito_has_lost_is_told(account, sandbox, voice_id):
    sandbox.control("avito/expire_voices", {"gone": True})
    outcome = fetch(account, "fetch_voice", voice_id=voice_id)
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "voice_gone")


def test_a_host_that_does_not_answer_is_asked_again_later(account, settings):
    access(account.pk)
    settings.AVITO_API_BASE = "http://127.0.0.1:9/avito"
    outcome = fetch(account, url="http://127.0.0.1:9/avito/static/images/1/1280x960")
    assert outcome.status is Status.RETRY


def test_a_kept_picture_is_uploaded_to_avito(account, sandbox, organization):
    stored = files.keep_image(organization_id=organization.pk, content=picture((300, 200)))
    outcome = avito_call(account.sender, "upload_image", stored_file=str(stored.pk))
    assert outcome.status is Status.SENT
    chat = open_chat(sandbox, account)
    image_id = outcome.result["image_id"]
    sent = avito_call(account.sender, "send_image", chat_id=chat, image_id=image_id)
    assert sent.status is Status.SENT
    assert sandbox.control(f"avito/chats/{chat}")["messages"][-1]["type"] == "image"


def test_a_lost_file_is_not_uploaded(account):
    outcome = avito_call(account.sender, "upload_image", stored_file=str(uuid.uuid4()))
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "file_gone")


@pytest.fixture
def group(transactional_db, organization, sandbox, bot_token):
    """A bot and its group: ``(bot, chat_id)``."""
    bot = connect_bot(organization, sandbox, bot_token)
    return bot, open_group(sandbox, bot_token)


def test_a_kept_picture_is_uploaded_to_telegram_and_fetched_back(group, sandbox, organization):
    bot, chat_id = group
    stored = files.keep_image(organization_id=organization.pk, content=picture((300, 200)))
    content = {"stored_file": str(stored.pk)}
    sent = telegram_call(bot.sender, "sendPhoto", chat_id=chat_id, photo=content)
    assert sent.status is Status.SENT
    file_id = sent.result["photo"][-1]["file_id"]
    back = telegram_call(
        bot.sender, "fetchImage", organization_id=str(organization.pk), file_id=file_id
    )
    found = StoredFile.objects.get(pk=back.result["stored_file"])
    assert (found.width, found.height) == (300, 200)


def test_a_kept_voice_is_uploaded_to_telegram(group, organization):
    bot, chat_id = group
    content = (SAMPLES / "avito_voice.mp4").read_bytes()
    stored = files.keep_voice(organization_id=organization.pk, content=content)
    sent = telegram_call(
        bot.sender, "sendVoice", chat_id=chat_id, voice={"stored_file": str(stored.pk)}
    )
    assert sent.status is Status.SENT
    assert sent.result["voice"]["file_id"]


def test_a_lost_file_is_not_sent_to_telegram(group):
    bot, chat_id = group
    content = {"stored_file": str(uuid.uuid4())}
    outcome = telegram_call(bot.sender, "sendPhoto", chat_id=chat_id, photo=content)
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "file_gone")


def test_a_file_of_telegrams_that_is_no_picture_is_told(group, organization):
    bot, chat_id = group
    content = (SAMPLES / "avito_voice.mp4").read_bytes()
    stored = files.keep_voice(organization_id=organization.pk, content=content)
    sent = telegram_call(
        bot.sender, "sendVoice", chat_id=chat_id, voice={"stored_file": str(stored.pk)}
    )
    outcome = telegram_call(
        bot.sender,
        "fetchImage",
        organization_id=str(organization.pk),
        file_id=sent.result["voice"]["file_id"],
    )
    assert (outcome.status, outcome.code) == (Status.PERMANENT, "bad_image")


def test_a_redrawn_picture_can_be_opened(organization):
    stored = files.keep_image(organization_id=organization.pk, content=picture(kind="WEBP"))
    with Image.open(BytesIO(files.read_file(stored.pk)[1])) as image:
        assert image.size == (stored.width, stored.height)
