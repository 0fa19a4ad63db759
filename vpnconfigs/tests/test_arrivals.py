"""People who come by somebody's invitation: over the site, its registration, the bot."""

import pytest

from conftest import PASSWORD, make_user
from notifications.models import ChannelAddress
from vpnconfigs.models import Referral
from vpnconfigs.services.referrals import note_referral, referral_code_of
from vpnconfigs.tests.bot_chat import labels

pytestmark = pytest.mark.django_db
FORM = {"email": "nina@example.org", "first_name": "Nina", "password": PASSWORD}


@pytest.fixture
def code(owner, switches):
    switches(has_referrals=True)
    return referral_code_of(owner).code


def brought():
    return [(row.referrer.username, row.newcomer.first_name) for row in Referral.objects.all()]


def test_registering_by_an_invitation_notes_it_and_goes_on_to_the_tariffs(page, owner, code):
    client = page()
    form = client.get(f"/register?ref={code.lower()}")
    # The other ways to register keep its page.
    assert f'name="next" value="/join/{code}"' in form.content.decode()
    assert "organization_name" not in form.context["form"].fields

    made = client.post(f"/register?ref={code.lower()}", FORM)

    assert (made.status_code, made.headers["Location"]) == (302, f"/join/{code}")
    assert brought() == [(owner.username, "Nina")]
    onward = client.get(made.headers["Location"])
    assert (onward.status_code, onward.headers["Location"]) == (302, "/configs/new")
    assert Referral.objects.count() == 1


@pytest.mark.parametrize("query", ["ref=NOBODYS2", "ref=", "ref=%00", "ref=a/b", "other=x"])
def test_a_code_that_means_nothing_hinders_nobody(page, code, query):
    client = page()
    assert "organization_name" in client.get(f"/register?{query}").context["form"].fields
    made = client.post(f"/register?{query}", FORM)
    assert (made.status_code, made.headers["Location"]) == (302, "/home")
    assert brought() == []


def test_where_nobody_is_rewarded_a_code_means_nothing(page, code, switches):
    switches(has_referrals=False)
    assert page().post(f"/register?ref={code}", FORM).headers["Location"] == "/home"
    assert brought() == []


@pytest.mark.django_db(transaction=True)
def test_the_page_of_an_invitation_shows_the_links_of_both_ways(page, owner, code, make_chat):
    make_chat()
    shown = page(owner).get("/configs/invite").content.decode()
    assert f"/join/{code}" in shown
    assert f"platform_test_bot?start=ref-{code}" in shown


@pytest.mark.django_db(transaction=True)
def test_starting_the_bot_by_an_invitation_notes_it_once_and_shows_the_menu(make_chat, owner, code):
    chat = make_chat()

    said = chat.say(f"/start ref-{code}")

    assert f"{owner.display_name} has invited you" in said["text"]
    assert "Get a config" in labels(said)
    assert brought() == [(owner.username, "Vera")]
    address = ChannelAddress.objects.get(user=chat.user)
    assert (address.channel, address.state) == ("telegram", "active")
    # They press it once more: it is the same invitation still.
    assert "has invited you" in chat.say(f"/start ref-{code}")["text"]
    assert Referral.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_invitation_that_does_nothing_says_why_and_greets(make_chat, owner, code, switches):
    chat = make_chat()
    said = chat.say("/start ref-NOBODYS2")
    assert "Nobody has this code." in said["text"]
    assert "Get a config" in labels(said)
    note_referral(newcomer=chat.user, code=referral_code_of(make_user("first")).code)
    assert "Somebody has brought you already." in chat.say(f"/start ref-{code}")["text"]
    switches(has_referrals=False)
    plain = chat.say(f"/start ref-{code}")
    assert "invit" not in plain["text"]
    assert "Get a config" in labels(plain)
    assert brought() == [("first", "Vera")]
