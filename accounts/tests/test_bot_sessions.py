"""A bot of an organization vouches for people only while all they have is within its reach."""

import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Membership, Session, User
from accounts.services.invitations import accept, invitation_token, invite
from accounts.services.organizations import add_member, open_organization
from accounts.services.people import change_role
from accounts.services.sessions import open_session
from accounts.services.telegram_sign_in import (
    Client,
    prove_by_init_data,
    sign_in,
)
from accounts.telegram.errors import TelegramRefusedError
from accounts.tests.telegram import PUBLIC_KEY, init_data, signed_init_data
from conftest import make_organization

pytestmark = pytest.mark.django_db
ME = "/api/auth/v1/me"


@pytest.fixture
def shop_bot(organization, make_bot, settings):
    settings.TELEGRAM_THIRD_PARTY_KEYS = [PUBLIC_KEY]
    return make_bot(organization)


def came_by(bot, text: str) -> tuple[User, APIClient]:
    """Sign in with what Telegram signed for a bot's Mini App; return who, and their client."""
    body = {"init_data": text, "bot": bot.username}
    answer = APIClient().post("/api/auth/v1/login/social/telegram", body, format="json").json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer['access_token']}")
    assert client.get(ME).status_code == 200
    return User.objects.get(pk=answer["user"]["id"]), client


@pytest.fixture
def visitor(shop_bot):
    return came_by(shop_bot.bot, signed_init_data(shop_bot.bot.telegram_id))


def by_opening(person, _organization, _owner):
    open_organization(owner=person, name="Own")


def by_being_added(person, organization, owner):
    add_member(actor=owner, organization=organization, user=person, role="manager")


def by_invitation(person, organization, owner):
    offer = invite(actor=owner, organization_id=organization.pk, role="manager")
    accept(user=person, token=invitation_token(offer))


@pytest.mark.parametrize("way", [by_opening, by_being_added, by_invitation])
def test_who_gets_more_than_the_bots_organization_is_signed_out_of_it(
    visitor, stranger, other_organization, shop_bot, way
):
    person, client = visitor

    way(person, other_organization, stranger)

    assert client.get(ME).json()["code"] == "session_revoked"
    assert Session.objects.get(user=person).revoke_reason == "bot_outgrown"
    bot = shop_bot.bot
    text = signed_init_data(bot.telegram_id, query_id="AA2")
    again = {"init_data": text, "bot": bot.username}
    refused = APIClient().post("/api/auth/v1/login/social/telegram", again, format="json")
    assert (refused.status_code, refused.json()["code"]) == (401, "telegram_bot_untrusted")


def test_new_staff_is_signed_out_of_it(visitor, staff):
    person, client = visitor

    change_role(actor=staff, user_id=person.pk, role="ADMIN")

    assert client.get(ME).status_code == 401
    assert Session.objects.get(user=person).revoke_reason == "bot_outgrown"


def test_who_stops_being_staff_keeps_what_they_have(visitor, staff):
    person, _client = visitor
    change_role(actor=staff, user_id=person.pk, role="USER")

    assert Session.objects.get(user=person).revoked_at is None


def test_the_organizations_own_bot_keeps_its_word_to_its_members(visitor, organization, owner):
    person, client = visitor

    by_being_added(person, organization, owner)

    assert [row["name"] for row in client.get(ME).json()["organizations"]] == ["Bicycles"]


def test_the_platforms_bot_vouches_for_everybody(platform, owner, organization):
    person, client = came_by(platform.bot, init_data(platform.token))

    by_being_added(person, organization, owner)
    by_opening(person, None, None)

    assert len(client.get(ME).json()["organizations"]) == 2


def test_a_bot_that_was_switched_off_keeps_nothing(visitor, shop_bot, organization, owner):
    person, _client = visitor
    shop_bot.bot.status = "inactive"
    shop_bot.bot.save()

    by_being_added(person, organization, owner)

    assert Session.objects.get(user=person).revoke_reason == "bot_outgrown"


def test_sessions_of_others_and_by_password_stay(visitor, stranger, other_organization, api):
    person, _client = visitor
    other = api(stranger)
    open_session(user=person)

    by_being_added(person, other_organization, stranger)

    assert other.get(ME).status_code == 200
    ended = Session.objects.filter(revoked_at__isnull=False)
    assert [session.method for session in ended] == ["miniapp"]


@pytest.mark.django_db(transaction=True)
def test_who_joins_while_the_bot_signs_them_in_is_not_left_signed_in(shop_bot, monkeypatch):
    """The joining is committed after the first look at memberships, before the session is there."""
    person = came_by(shop_bot.bot, signed_init_data(shop_bot.bot.telegram_id))[0]
    elsewhere = make_organization("Kettles")
    text = signed_init_data(shop_bot.bot.telegram_id, query_id="AA2")
    proof = prove_by_init_data(text, bot_name=shop_bot.bot.username)

    from accounts.services import telegram_sign_in

    look = telegram_sign_in.admit

    def slow_look(*args, **kwargs):
        found = look(*args, **kwargs)
        thread = threading.Thread(target=join)
        thread.start()
        thread.join()
        return found

    def join():
        add_member(actor=None, organization=elsewhere, user=person, role="manager")
        connection.close()

    monkeypatch.setattr(telegram_sign_in, "admit", slow_look)

    with pytest.raises(TelegramRefusedError) as refused:
        sign_in(proof, client=Client())

    assert refused.value.error_code == "telegram_bot_untrusted"
    assert Membership.objects.filter(user=person).count() == 1
    assert not Session.objects.filter(user=person, revoked_at__isnull=True).exists()
