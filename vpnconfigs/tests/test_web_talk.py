"""Requests and news, gifts, invitations and links brought along: the rest of a customer's pages."""

import uuid

import pytest
from django.utils import timezone

from vpnconfigs.models import (
    Config,
    Gift,
    News,
    NewsRead,
    Referral,
    Request,
    RequestMessage,
    SubscriptionLink,
)
from vpnconfigs.services import requests as service
from vpnconfigs.services.gifts import buy_gift
from vpnconfigs.services.referrals import referral_code_of
from vpnconfigs.tests.conftest import DAY
from vpnconfigs.tests.test_web_configs import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(page, owner):
    return page(owner)


@pytest.fixture
def asked(owner):
    return service.ask(user=owner, kind="support", text="It is slow")


def publish(title="A new country", *, age=0, **fields):
    return News.objects.create(
        title_ru="Новость",
        title_en=title,
        text_ru="Текст",
        text_en=fields.pop("text", "Text"),
        state="published",
        published_at=timezone.now() - DAY * age,
        **fields,
    )


def test_a_request_and_its_conversation(visitor, owner, staff, make_config):
    config = make_config(owner)
    assert "You have asked for nothing yet" in text_of(visitor.get("/requests"))
    form = text_of(visitor.get("/requests/new", {"kind": "renewal", "config": str(config.pk)}))
    assert '<option value="renewal" selected>' in form
    assert f'<option value="{config.pk}" selected>' in form
    body = {"kind": "support", "config": str(config.pk), "text": "Hello <b>"}
    made = visitor.post("/requests/new", body)
    asked = Request.objects.get()
    assert made["Location"] == f"/requests/{asked.pk}"
    assert (asked.config, asked.user) == (config, owner)
    service.say(author=staff, request=asked, text="Which app?")
    listed = text_of(visitor.get("/requests"))
    assert "row-unread" in listed
    assert listed.count("unread") > 2
    thread = text_of(visitor.get(f"/requests/{asked.pk}"))
    assert "Hello &lt;b&gt;" in thread
    assert "Which app?" in thread
    assert "row-unread" not in text_of(visitor.get("/requests"))


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"kind": "support"}, 400, "Write something."),
        ({"kind": "nonsense", "text": "keep me"}, 400, "keep me"),
        ({"kind": "renewal", "text": "keep me"}, 400, "keep me"),
        ({}, 400, "This field is required."),
    ],
)
def test_a_bad_request_is_said_beside_what_was_typed(visitor, body, status, words):
    assert words in text_of(visitor.post("/requests/new", body), status)
    assert not Request.objects.exists()


def test_access_is_asked_for_once(visitor, make_tariff):
    body = {"kind": "access", "tariff": str(make_tariff("company", is_self_service=False).pk)}
    assert visitor.post("/requests/new", body).status_code == 302
    assert "asked for this already" in text_of(visitor.post("/requests/new", body), 409)
    assert Request.objects.count() == Config.objects.count() == 1


def test_the_conversation_is_live(visitor, owner, staff, asked):
    url = f"/requests/{asked.pk}"
    version = visitor.get(f"{url}/live").context["version"]
    assert visitor.get(f"{url}/live", {"version": version}).status_code == 204
    said = visitor.post(f"{url}/messages", {"text": "Still"}, headers={"HX-Request": "true"})
    assert text_of(said).startswith('<div id="conversation"')
    assert visitor.get(f"{url}/live", {"version": version}).status_code == 200
    assert visitor.post(f"{url}/messages", {"text": "And now"})["Location"] == url
    empty = visitor.post(f"{url}/messages", {"text": " "})
    assert "This field is required." in text_of(empty, 400)
    refused = visitor.post(f"{url}/messages", {"text": ""}, headers={"HX-Request": "true"})
    assert "This field is required." in text_of(refused, 400)
    assert RequestMessage.objects.count() == 3


def test_a_request_is_withdrawn_once(visitor, asked):
    url = f"/requests/{asked.pk}/withdraw"
    assert "The request is withdrawn." in text_of(visitor.post(url, follow=True))
    assert "decided already" in text_of(visitor.post(url, follow=True))
    asked.refresh_from_db()
    assert asked.state == "withdrawn"


def test_another_ones_request_is_not_there(page, stranger, asked):
    visitor, url = page(stranger), f"/requests/{asked.pk}"
    answers = [visitor.get(url), visitor.get(f"{url}/live"), visitor.post(f"{url}/withdraw")]
    answers.append(visitor.post(f"{url}/messages", {"text": "Let me in"}))
    assert {answer.status_code for answer in answers} == {404}
    assert RequestMessage.objects.count() == 1


def test_requests_come_by_pages_at_the_same_cost(
    visitor, owner, asked, django_assert_max_num_queries
):
    visitor.get("/requests")
    with django_assert_max_num_queries(8) as one:
        visitor.get("/requests")
    cost = len(one.captured_queries)
    for number in range(24):
        service.ask(user=owner, kind="support", text=str(number))
    # The switches of the site and of the shop may just be read anew.
    with django_assert_max_num_queries(cost + 2):
        page = visitor.get("/requests")
    assert len(page.context["page"].rows) == 20
    more = visitor.get("/requests", {"cursor": page.context["page"].next_cursor})
    assert len(more.context["page"].rows) == 5
    assert visitor.get("/requests", {"cursor": "\x00nonsense"}).status_code == 400


def test_news_are_public_and_marked_for_who_is_signed_in(page, visitor, owner):
    old, plain = publish("Before", age=40), publish("Plain", age=1)
    pinned = publish("Pinned", age=5, is_pinned=True)
    draft = News.objects.create(title_ru="Черновик", text_ru="x")
    listed = page().get("/news")
    rows = listed.context["page"].rows
    assert [row.pk for row in rows] == [pinned.pk, plain.pk, old.pk]
    assert "row-unread" not in text_of(listed)
    mine = visitor.get("/news")
    assert [row.is_read for row in mine.context["page"].rows] == [False, False, True]
    assert 'class="dot"' in text_of(visitor.get("/configs"))
    for piece in (pinned, plain, plain):
        assert piece.title_en in text_of(visitor.get(f"/news/{piece.pk}"))
    assert NewsRead.objects.filter(user=owner).count() == 2
    assert 'class="dot"' not in text_of(visitor.get("/configs"))
    assert page().get(f"/news/{plain.pk}").status_code == 200
    for gone in (draft.pk, uuid.uuid4()):
        assert visitor.get(f"/news/{gone}").status_code == 404


def test_news_hold_no_script(page):
    text = (
        "# Big\n\n<script>alert(1)</script> **bold** [a](javascript:alert(1)) "
        "[b](https://example.org/) ![c](https://example.org/c.png)"
    )
    html = text_of(page().get(f"/news/{publish(text=text).pk}"))
    body = html.split('class="card-body prose"', 1)[1]
    assert "<h3>Big</h3>" in body
    assert "<strong>bold</strong>" in body
    assert '<a href="https://example.org/"' in body
    for word in ("<script>alert", 'href="javascript', "<img"):
        assert word not in body


def test_gifts_are_bought_and_taken(page, visitor, owner, stranger, inbound, make_tariff, pay_in):
    tariff = make_tariff("paid", price_kopecks=9900)
    body = {"tariff": str(tariff.pk), "key": "one"}
    assert "not enough" in text_of(visitor.post("/gifts", body), 422).lower()
    pay_in(owner, 10_000)
    assert [visitor.post("/gifts", body).status_code for _ in range(2)] == [302, 302]
    gift = Gift.objects.get()
    assert f"/gifts/{gift.code}" in text_of(visitor.get("/gifts"))
    taker = page(stranger)
    code = f"{gift.code[:4]}-{gift.code[4:]} ".lower()
    there = taker.post("/gifts/enter", {"code": code})["Location"]
    assert "gives you “paid”" in text_of(taker.get(there))
    assert "A gift for you" in text_of(taker.get(there))
    config_url = taker.post(there)["Location"]
    assert Config.objects.get(user=stranger).pk == uuid.UUID(config_url.rpartition("/")[2])
    assert "There is no such gift" in text_of(taker.get(there), 404)
    assert "There is no such gift" in text_of(visitor.post(there), 404)
    assert Config.objects.count() == 1


def test_a_gift_prolongs_what_one_has(page, owner, stranger, make_config, make_tariff, pay_in):
    pay_in(owner, 10_000)
    gift = buy_gift(user=owner, tariff=make_tariff("paid", price_kopecks=9900))
    config = make_config(stranger)
    taker = page(stranger)
    assert taker.post(f"/gifts/{gift.code}", {"config": str(uuid.uuid4())}).status_code == 400
    assert taker.post(f"/gifts/{gift.code}", {"config": str(config.pk)}).status_code == 302
    before = config.valid_to
    config.refresh_from_db()
    assert config.valid_to == before + 30 * DAY


def test_gifts_and_invitations_can_be_switched_off(visitor, owner, switches):
    switches(has_gifts=False, has_referrals=False)
    code = referral_code_of(owner).code
    for path in ("/gifts", "/gifts/ABC", "/configs/invite", f"/join/{code}"):
        assert visitor.get(path).status_code == 404, path
    assert "/gifts" not in text_of(visitor.get("/configs"))


def test_who_follows_an_invitation_is_noted(page, visitor, owner, stranger, switches):
    switches(has_referrals=True)
    code = referral_code_of(owner).code
    assert f"/join/{code}" in text_of(visitor.get("/configs/invite"))
    greeted = text_of(page().get(f"/join/{code}"))
    assert "Olga" in greeted
    assert f"/register?ref={code}" in greeted
    assert f"/login?next=%2Fjoin%2F{code}" in greeted
    newcomer = page(stranger)
    assert "Accept the invitation" in text_of(newcomer.get(f"/join/{code}"))
    assert not Referral.objects.exists()
    assert newcomer.post(f"/join/{code}")["Location"] == "/configs/new"
    # Once more it is the same invitation still.
    assert newcomer.get(f"/join/{code}")["Location"] == "/configs/new"
    assert Referral.objects.get().newcomer == stranger
    assert visitor.post(f"/join/{code}")["Location"] == "/configs"
    assert newcomer.get("/join/NOBODYS").status_code == 404


def test_a_link_is_brought_along(visitor, owner, make_config):
    orphan = SubscriptionLink.objects.create(token="t" * 43)
    config = make_config(None, subscription=orphan, is_adopted=True)
    link = f"vless://{config.secret}@panel.example:443?type=tcp&security=reality#x"
    assert "This field is required." in text_of(visitor.post("/configs/claim", {"text": ""}), 400)
    unreadable = text_of(visitor.post("/configs/claim", {"text": "hello"}), 400)
    assert "There is no link in it" in unreadable
    assert "hello</textarea>" in unreadable
    other = link.replace(config.secret, str(uuid.uuid4()))
    assert "We know no free config" in text_of(visitor.post("/configs/claim", {"text": other}), 422)
    assert "1 config is yours now." in text_of(
        visitor.post("/configs/claim", {"text": link}, follow=True)
    )
    config.refresh_from_db()
    assert config.user == owner
