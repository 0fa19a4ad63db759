"""Who gets a picture or a voice, and how: over the API by bearer, on pages by cookie."""

import uuid

import pytest
from django.utils import timezone

from dialogs.models import Message
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.tests.media import store_picture, store_voice
from integrations.web.files import read_range

pytestmark = pytest.mark.django_db

API = "/api/dialogs/{dialog}/attachments/{attachment}"
PAGE = "/client/dialogs/{dialog}/attachments/{attachment}"


def attach(dialog, kind, stored, **fields):
    message = Message.objects.create(
        dialog=dialog,
        direction="avito",
        is_incoming=True,
        kind=kind,
        correlation_id="test",
        written_at=timezone.now(),
    )
    given = {"kind": kind, "file": stored, "state": "stored"}
    return message.attachments.create(**given | fields)


@pytest.fixture
def dialog(organization):
    return make_dialog(make_account(organization))


@pytest.fixture
def photo(dialog):
    return attach(dialog, "photo", store_picture(dialog.organization))


@pytest.fixture
def voice(dialog):
    return attach(dialog, "voice", store_voice(dialog.organization))


@pytest.fixture(params=["api", "page"])
def ask(request, api, page):
    """Return ``ask(user, attachment, …)``: its content as ``user`` gets it, on either way."""
    makers, paths = {"api": api, "page": page}, {"api": API, "page": PAGE}

    def get(user, attachment, *, dialog=None, **headers):
        path = paths[request.param].format(
            dialog=dialog or attachment.message.dialog_id, attachment=attachment.pk
        )
        return makers[request.param](user).get(path, **headers)

    return get


def test_a_member_gets_the_picture_and_no_more_than_a_picture(ask, colleague, photo):
    answer = ask(colleague, photo)
    body = answer.content
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert body[:2] == b"\xff\xd8"
    assert int(answer["Content-Length"]) == len(body) == photo.file.size
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'inline; filename="photo-{photo.pk}.jpg"'
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_picture_is_given_to_whoever_asks_for_pictures_alone(ask, owner, photo):
    assert ask(owner, photo, HTTP_ACCEPT="image/avif,image/webp").status_code == 200


def test_a_browser_that_has_it_is_sent_nothing(ask, owner, photo):
    etag = ask(owner, photo)["ETag"]
    again = ask(owner, photo, HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert ask(owner, photo, HTTP_IF_NONE_MATCH='"other"').status_code == 200


def test_a_voice_is_given_in_parts(ask, owner, voice):
    whole = ask(owner, voice).content
    size = len(whole)
    first = ask(owner, voice, HTTP_RANGE="bytes=0-99")
    assert (first.status_code, first["Content-Range"]) == (206, f"bytes 0-99/{size}")
    assert (first["Content-Type"], first.content) == ("audio/ogg", whole[:100])
    rest = ask(owner, voice, HTTP_RANGE="bytes=100-")
    assert first.content + rest.content == whole
    assert ask(owner, voice, HTTP_RANGE="bytes=-10").content == whole[-10:]


def test_a_part_behind_the_end_is_refused(ask, owner, voice):
    answer = ask(owner, voice, HTTP_RANGE=f"bytes={voice.file.size}-")
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer["Content-Range"] == f"bytes */{voice.file.size}"


def test_a_part_of_another_version_is_the_whole(ask, owner, voice):
    answer = ask(owner, voice, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE='"other"')
    assert (answer.status_code, len(answer.content)) == (200, voice.file.size)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-0", range(1)),
        ("bytes=5-", range(5, 10)),
        ("bytes=5-500", range(5, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-30", range(10)),
        ("bytes=10-12", range(10, 10)),
        ("bytes=-0", range(10, 10)),
        ("bytes=5-2", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_ranges_are_read_as_the_rfc_says(header, expected):
    assert read_range(header, size=10) == expected


def test_strangers_get_what_nobody_has(ask, stranger, other_organization, photo):
    foreign = ask(stranger, photo)
    nowhere = ask(stranger, photo, dialog=uuid.uuid4())
    assert (foreign.status_code, nowhere.status_code) == (404, 404)
    assert b"\xff\xd8" not in foreign.content


def test_an_own_dialogs_address_opens_no_foreign_picture(ask, stranger, other_organization, photo):
    own = make_dialog(make_account(other_organization, avito_user_id=502), "Zina")
    assert ask(stranger, photo, dialog=own.pk).status_code == 404


def test_nobody_gets_it_without_signing_in(ask, photo):
    assert ask(None, photo).status_code in (401, 302)


def test_who_has_left_gets_nothing_any_more(ask, colleague, organization, photo):
    assert ask(colleague, photo).status_code == 200
    organization.memberships.filter(user=colleague).delete()
    assert ask(colleague, photo).status_code in (404, 302)


def test_a_deleted_dialog_takes_its_pictures_along(ask, owner, photo, dialog):
    path = photo.message.dialog_id
    dialog.delete()
    assert ask(owner, photo, dialog=path).status_code == 404


@pytest.mark.parametrize("state", ["waiting", "failed"])
def test_what_is_not_here_is_absent(ask, owner, dialog, state):
    assert ask(owner, attach(dialog, "photo", None, state=state)).status_code == 404


def test_a_content_that_left_the_storage_is_absent(ask, owner, photo):
    photo.file.content.storage.delete(photo.file.content.name)
    assert ask(owner, photo).status_code == 404
    assert ask(owner, photo, HTTP_RANGE="bytes=0-9").status_code == 404
