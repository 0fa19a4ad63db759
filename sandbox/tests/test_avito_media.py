"""Avito's pictures in their sizes, and voices behind links that live an hour."""

import base64
from io import BytesIO
from urllib.parse import parse_qsl, urlencode, urlsplit

import av
import pytest
from PIL import Image

from .conftest import Seller, World


@pytest.fixture
def chat(seller):
    return seller.new_chat()


def picture(width, height, *, kind="PNG", mode="RGBA"):
    target = BytesIO()
    Image.new(mode, (width, height), "teal").save(target, kind)
    return target.getvalue()


def given(content, content_type):
    text = base64.b64encode(content).decode()
    return {"name": "it", "content_type": content_type, "base64": text}


def fetch(world, url):
    return world.http.get(url, timeout=10)


def sizes_of(seller, chat):
    return seller.messages(chat)[0]["content"]["image"]["sizes"]


def test_a_picture_comes_in_the_size_that_its_address_names(seller, chat):
    content = picture(2000, 1000)
    seller.world.control("avito/say", chat_id=chat, image=given(content, "image/png"))
    found = {}
    for size, url in sizes_of(seller, chat).items():
        answer = fetch(seller.world, url)
        assert answer.headers["Content-Type"] == "image/jpeg"
        found[size] = Image.open(BytesIO(answer.content)).size
    assert found == {
        "1280x960": (1280, 640),
        "640x480": (640, 320),
        "140x105": (140, 70),
        "32x32": (32, 16),
    }


def test_a_small_picture_is_not_blown_up(seller, chat):
    content = picture(40, 30)
    seller.world.control("avito/say", chat_id=chat, image=given(content, "image/png"))
    sizes = sizes_of(seller, chat)
    large = fetch(seller.world, sizes["1280x960"])
    assert (large.content, large.headers["Content-Type"]) == (content, "image/png")
    assert Image.open(BytesIO(fetch(seller.world, sizes["32x32"]).content)).size == (32, 24)


@pytest.mark.parametrize("rest", ["sample/1x1", "sample/x", "unknown/640x480", "..%2F/32x32"])
def test_addresses_that_lead_to_no_picture(world, rest):
    assert fetch(world, f"{world.url}/avito/static/images/{rest}").status_code == 404


def test_a_damaged_picture_is_served_as_it_is(seller, chat):
    content = b"\xff\xd8\xff and nothing more"
    seller.world.control("avito/say", chat_id=chat, image=given(content, "image/jpeg"))
    answer = fetch(seller.world, sizes_of(seller, chat)["140x105"])
    assert (answer.status_code, answer.content) == (200, content)


def test_a_picture_has_at_most_75_megapixels(seller):
    for width, status in ((7500, 200), (7501, 400), (20_000, 400)):
        content = picture(width, 10_000, kind="GIF", mode="1")
        files = {"uploadfile[]": ("wide.gif", content, "image/gif")}
        assert seller.account("POST", "v1", "/uploadImages", files=files).status_code == status


@pytest.fixture
def voice(seller, chat):
    """The id of a voice message that the buyer has sent."""
    seller.world.control("avito/say", chat_id=chat, type="voice", voice="sample")
    return seller.messages(chat)[0]["content"]["voice"]["voice_id"]


def link_to(seller, voice):
    answer = seller.account("GET", "v1", "/getVoiceFiles", params={"voice_ids": voice})
    assert answer.status_code == 200
    return answer.json()["voices_urls"].get(voice)


def test_a_voice_is_opus_in_an_mp4(seller, voice):
    answer = fetch(seller.world, link_to(seller, voice))
    assert answer.headers["Content-Type"] == "audio/mp4"
    with av.open(BytesIO(answer.content)) as container:
        assert "mp4" in container.format.name
        assert container.streams.audio[0].codec_context.name == "opus"
    shown = fetch(seller.world, f"{seller.world.url}/control/avito/voices/{voice}")
    assert shown.content == answer.content


def test_a_link_to_a_voice_expires_and_another_is_given(seller, voice):
    old = link_to(seller, voice)
    seller.world.control("avito/expire_voices")
    assert fetch(seller.world, old).status_code == 403
    new = link_to(seller, voice)
    assert new != old
    assert fetch(seller.world, new).status_code == 200


def test_a_link_to_a_voice_cannot_be_made_by_hand(seller, chat, voice):
    link = link_to(seller, voice)
    signed = dict(parse_qsl(urlsplit(link).query))
    bare = link.partition("?")[0]
    later = {**signed, "expires": str(int(signed["expires"]) + 60)}
    for query in ({}, later, {**signed, "signature": "подпись"}, {**signed, "expires": "soon"}):
        assert fetch(seller.world, f"{bare}?{urlencode(query)}").status_code == 403
    seller.world.control("avito/say", chat_id=chat, type="voice", voice="sample")
    other = seller.messages(chat)[0]["content"]["voice"]["voice_id"]
    assert fetch(seller.world, link.replace(voice, other)).status_code == 403


def test_a_lost_voice_is_neither_listed_nor_served(seller, voice):
    seller.world.control("avito/expire_voices", gone=True)
    assert link_to(seller, voice) is None
    shown = fetch(seller.world, f"{seller.world.url}/control/avito/voices/{voice}")
    assert shown.status_code == 404


def test_a_stranger_gets_no_link(seller, voice):
    assert link_to(Seller(seller.world, client_id="other"), voice) is None
    assert seller.account("GET", "v1", "/getVoiceFiles").status_code == 400


def test_links_and_voices_outlive_a_restart(start):
    process = start().wait_ready()
    seller = Seller(World(process.url))
    chat = seller.new_chat()
    seller.world.control("avito/say", chat_id=chat, type="voice", voice="sample")
    link = link_to(seller, seller.messages(chat)[0]["content"]["voice"]["voice_id"])
    process.stop()
    start(port=process.port).wait_ready()
    assert fetch(seller.world, link).status_code == 200
