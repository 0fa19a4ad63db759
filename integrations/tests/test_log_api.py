"""The integration log over the API, in the shape of its old clients, and what is written to it."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Delivery, IntegrationLog
from integrations.services import settling
from integrations.services.calls import Outcome, Status
from integrations.services.log import log_event
from integrations.tests import stage

pytestmark = pytest.mark.django_db


def write(organization, event="webhook_set", *, source="telegram", days=0, **fields):
    line = log_event(
        organization_id=organization.pk,
        source=source,
        account_id=fields.pop("account_id", None),
        event=event,
        **fields,
    )
    at = timezone.now() - timedelta(days=days)
    IntegrationLog.objects.filter(pk=line.pk).update(created_at=at)
    return line


def test_a_line_has_the_fields_its_clients_know(api, owner, organization, make_bot):
    bot = make_bot(organization).bot
    line = write(
        organization, "token_refused", level="error", text="Unauthorized", account_id=bot.pk
    )
    body = api(owner).get("/api/v1/telegram/logs").json()
    (item,) = body.pop("items")
    assert body == {"total": 1, "page": 1, "size": 20, "pages": 1}
    assert item.pop("created_at") == item.pop("updated_at")
    assert item == {
        "id": line.pk,
        "integration_type": "telegram",
        "action": "token_refused",
        "status": "error",
        "error_message": "Unauthorized",
        "details": {
            "level": "error",
            "title": "Telegram refused the token",
            "text": "Unauthorized",
            "account_id": str(bot.pk),
            "account": str(bot),
            "correlation_id": line.correlation_id,
        },
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["new", "warned", "failed"]),
        ("log_status=success", ["new"]),
        ("log_status=pending", ["warned"]),
        ("log_status=error", ["failed"]),
        ("integration_type=avito", ["gap_found"]),
        ("days_back=60", ["new", "warned", "failed", "old"]),
        ("size=2", ["new", "warned"]),
        ("size=2&page=2", ["failed"]),
        ("page=9", []),
    ],
)
def test_lines_are_chosen_and_paged(api, owner, organization, query, found):
    write(organization, "old", days=40)
    write(organization, "failed", level="error", days=3)
    write(organization, "warned", level="warning")
    write(organization, "gap_found", source="avito")
    write(organization, "new")
    body = api(owner).get(f"/api/v1/telegram/logs?{query}").json()
    assert [item["action"] for item in body["items"]] == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("size=101", "size"),
        ("size=many", "size"),
        ("days_back=99999999999", "days_back"),
        ("log_status=fine", "log_status"),
        ("integration_type=telex", "integration_type"),
    ],
)
def test_a_query_that_means_nothing_is_refused(api, owner, organization, query, field):
    answer = api(owner).get(f"/api/v1/telegram/logs?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_figures_of_errors(api, owner, organization, other_organization):
    for level, count in (("info", 4), ("warning", 1), ("error", 1)):
        for _ in range(count):
            write(organization, level=level)
    write(organization, level="error", days=8)
    write(other_organization, level="error")
    body = api(owner).get("/api/v1/telegram/stats/errors").json()
    assert body == {
        "total_actions": 6,
        "error_count": 1,
        "success_count": 4,
        "error_rate": 16.67,
        "period_days": 7,
    }
    longer = api(owner).get("/api/v1/telegram/stats/errors?days_back=30").json()
    assert (longer["error_count"], longer["period_days"]) == (2, 30)


def test_without_lines_no_share_of_them_failed(api, owner, organization):
    body = api(owner).get("/api/v1/telegram/stats/errors").json()
    assert (body["total_actions"], body["error_rate"]) == (0, 0.0)


@pytest.mark.parametrize("path", ["logs", "stats/errors"])
def test_nobody_reads_without_signing_in(api, path):
    assert api().get(f"/api/v1/telegram/{path}").status_code == 401


def test_another_organizations_lines_are_not_there(api, stranger, organization, other_organization):
    write(organization, "token_refused", text="secret of theirs")
    assert api(stranger).get("/api/v1/telegram/logs").json()["items"] == []


def test_many_lines_cost_as_many_queries_as_one(
    api, owner, organization, make_bot, django_assert_max_num_queries
):
    for _ in range(5):
        bot = make_bot(organization).bot
        write(organization, account_id=bot.pk)
    client = api(owner)
    client.get("/api/v1/telegram/logs")
    with django_assert_max_num_queries(6):
        assert len(client.get("/api/v1/telegram/logs").json()["items"]) == 5


def take(sender):
    """Return a delivery of ``sender`` as a pump holds it while its call is in the air."""
    stage.set_up()
    delivery = stage.say("Hello", sender=sender, budget=f"{sender}:1")
    lease = {"state": "sending", "lease_token": uuid.uuid4(), "leased_at": timezone.now()}
    Delivery.objects.filter(pk=delivery.pk).update(**lease)
    delivery.refresh_from_db()
    return delivery


def test_what_is_refused_for_good_is_written_down(organization, make_bot):
    bot = make_bot(organization).bot
    settling.settle(take(bot.sender), Outcome(Status.PERMANENT, code="bad_request", text="no chat"))
    line = IntegrationLog.objects.get()
    assert (line.organization, line.account_id, line.source) == (organization, bot.pk, "telegram")
    assert (line.event, line.level) == ("given_up", "error")
    assert line.text == "stage.say: bad_request no chat"


def test_the_last_of_many_attempts_is_written_down_once(organization, make_bot):
    bot = make_bot(organization).bot
    delivery = take(bot.sender)
    for attempt in (1, 2, 3):
        assert IntegrationLog.objects.count() == 0, attempt
        Delivery.objects.filter(pk=delivery.pk).update(
            state="sending", lease_token=delivery.lease_token, leased_at=timezone.now()
        )
        settling.settle(delivery, Outcome(Status.RETRY, code="refused", text="connection refused"))
        delivery.refresh_from_db()
        delivery.lease_token = delivery.lease_token or uuid.uuid4()
    assert delivery.state == "dead"
    assert IntegrationLog.objects.get().text == "stage.say: refused connection refused"


def test_what_nobody_owns_is_left_to_the_outbox(organization):
    for sender in ("stage:1", f"bot:{uuid.uuid4()}", "bot:unassigned"):
        delivery = take(sender)
        settling.settle(delivery, Outcome(Status.PERMANENT, code="bad_request"))
        Delivery.objects.filter(pk=delivery.pk).delete()
    assert not IntegrationLog.objects.exists()
