"""What customers ask of the staff."""

import pytest

from accounts.models import AuditEvent
from config.lib.errors import BusinessRuleError, ConflictError, InputError, NotFoundError
from conftest import make_user
from notifications.models import Notification
from vpnconfigs.models import Config, Purchase, Request, TrialUse
from vpnconfigs.services import requests
from vpnconfigs.services.configs import delete_config

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked_tariff(make_tariff):
    return make_tariff("asked", is_self_service=False, price_kopecks=500)


def told(person) -> list[str]:
    kinds = Notification.objects.filter(recipient=person).order_by("id")
    return list(kinds.values_list("kind", flat=True))


def test_asking_waits_for_the_staff_and_tells_them(owner, staff, inbound, asked_tariff):
    admin = make_user("adam", role="ADMIN")
    make_user("left", role="ADMIN", is_active=False)
    request = requests.ask(
        user=owner, kind="access", tariff=asked_tariff, protocol="vless", name="TV", text=" Hi\x00 "
    )
    assert (request.state, request.is_unread_by_staff) == ("open", True)
    assert (request.config.state, request.config.inbound, request.config.name) == (
        "requested",
        None,
        "TV",
    )
    assert [m.text for m in request.messages.all()] == ["Hi"]
    assert told(staff) == told(admin) == ["vpnconfigs.request_created"]
    assert Notification.objects.count() == 2
    assert str(request.pk) in Notification.objects.first().context["path"]


def test_approval_provisions_and_takes_the_money(
    owner, staff, inbound, asked_tariff, pay_in, balance
):
    request = requests.ask(user=owner, kind="access", tariff=asked_tariff)
    with pytest.raises(BusinessRuleError, match="insufficient_balance"):
        requests.approve(actor=staff, request=request)
    request.refresh_from_db()
    assert (request.state, request.config.state) == ("open", "requested")
    pay_in(owner, 500)
    decided = requests.approve(actor=staff, request=request, comment="Welcome")
    assert (decided.state, decided.decided_by, decided.comment) == ("approved", staff, "Welcome")
    assert (decided.is_unread_by_user, decided.is_unread_by_staff) == (True, False)
    config = Config.objects.get()
    assert (config.pk, config.state, config.inbound) == (
        request.config_id,
        "provisioning",
        inbound,
    )
    assert balance(owner) == 0
    assert told(owner) == ["vpnconfigs.request_approved"]
    notice = Notification.objects.get(recipient=owner)
    assert notice.context["path"] == f"/configs/{config.pk}"
    assert AuditEvent.objects.filter(action="vpn_request.approved", actor=staff).count() == 1
    for again in (requests.approve, requests.refuse):
        with pytest.raises(ConflictError, match="request_decided"):
            again(actor=staff, request=request)
    assert Purchase.objects.count() == 1


def test_staff_may_give_it_for_nothing_and_another_tariff(
    owner, staff, inbound, asked_tariff, make_tariff
):
    request = requests.ask(user=owner, kind="access", protocol="vless")
    with pytest.raises(BusinessRuleError, match="tariff_required"):
        requests.approve(actor=staff, request=request)
    year = make_tariff("year", days=365, price_kopecks=100_000)
    requests.approve(actor=staff, request=request, tariff=year, is_free=True)
    config = Config.objects.get()
    assert (config.tariff, (config.valid_to - config.valid_from).days) == (year, 365)
    purchase = Purchase.objects.get()
    assert (purchase.kind, purchase.price_kopecks) == ("grant", 0)


@pytest.mark.parametrize("end", ["refuse", "withdraw", "delete"])
def test_what_is_not_given_is_gone(owner, staff, asked_tariff, end):
    request = requests.ask(user=owner, kind="access", tariff=asked_tariff)
    if end == "refuse":
        requests.refuse(actor=staff, request=request, comment="No room")
    elif end == "withdraw":
        requests.withdraw(user=owner, request=request)
    else:
        delete_config(actor=owner, config=request.config)
    request.refresh_from_db()
    assert request.state == ("refused" if end == "refuse" else "withdrawn")
    assert Config.objects.get().state == "deleted"
    assert told(owner) == (["vpnconfigs.request_refused"] if end == "refuse" else [])
    # And asking again is possible.
    requests.ask(user=owner, kind="access", tariff=asked_tariff)


def test_a_renewal_is_asked_for_and_given(owner, stranger, staff, make_config, asked_tariff):
    config = make_config(owner, tariff=asked_tariff, used_up_bytes=5)
    with pytest.raises(InputError):
        requests.ask(user=owner, kind="renewal")
    with pytest.raises(NotFoundError):
        requests.ask(user=stranger, kind="renewal", config=config)
    request = requests.ask(user=owner, kind="renewal", config=config)
    with pytest.raises(ConflictError, match="request_open"):
        requests.ask(user=owner, kind="renewal", config=config)
    requests.approve(actor=staff, request=request, is_free=True)
    renewed = Config.objects.get()
    assert (renewed.valid_to - config.valid_to).days == 30
    assert renewed.used_bytes == 0


def test_one_request_for_access_and_only_what_could_be_given(owner, inbound, make_tariff, switches):
    trial = make_tariff("trial", is_trial=True, is_self_service=False)
    requests.ask(user=owner, kind="access", tariff=trial)
    with pytest.raises(ConflictError, match="request_open"):
        requests.ask(user=owner, kind="access", tariff=trial)
    TrialUse.objects.create(user=owner)
    Request.objects.update(state="closed")
    with pytest.raises(BusinessRuleError, match="trial_used"):
        requests.ask(user=owner, kind="access", tariff=trial)
    switches(configs_per_person=1)
    with pytest.raises(BusinessRuleError, match="configs_limit"):
        requests.ask(user=owner, kind="access")
    assert Request.objects.count() == 1


def test_a_conversation(owner, stranger, staff, asked_tariff):
    with pytest.raises(InputError):
        requests.ask(user=owner, kind="support")
    request = requests.ask(user=owner, kind="support", text="It does not connect")
    requests.mark_read(reader=staff, request=request)
    requests.say(author=staff, request=request, text="Which device?")
    request.refresh_from_db()
    assert (request.is_unread_by_user, request.is_unread_by_staff) == (True, False)
    requests.mark_read(reader=owner, request=request)
    last = requests.say(author=owner, request=request, text="A kettle")
    request.refresh_from_db()
    assert (request.is_unread_by_user, request.is_unread_by_staff) == (False, True)
    assert request.last_message_at == last.created_at
    assert told(owner) == ["vpnconfigs.request_answered"]
    assert told(staff) == ["vpnconfigs.request_created", "vpnconfigs.request_message"]
    with pytest.raises(NotFoundError):
        requests.say(author=stranger, request=request, text="Hello")
    with pytest.raises(InputError):
        requests.say(author=owner, request=request, text=" \x00 ")
    with pytest.raises(ConflictError, match="nothing_to_approve"):
        requests.approve(actor=staff, request=request)
    assert requests.close(actor=staff, request=request).state == "closed"
    assert request.messages.count() == 3


def test_others_requests_are_not_there(owner, stranger, asked_tariff):
    request = requests.ask(user=owner, kind="access", tariff=asked_tariff)
    with pytest.raises(NotFoundError):
        requests.withdraw(user=stranger, request=request)
    request.refresh_from_db()
    assert request.state == "open"
