"""What is told at once, later, together with others, elsewhere, or not at all."""

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from integrations.models import Delivery
from integrations.services.calls import Ambiguity
from notifications.models import ChannelAddress, Notification, Preference
from notifications.services import notify, notify_many, planning, register_notification
from notifications.services.digests import DIGEST
from notifications.services.kinds import Frequency, InQuiet, kinds
from notifications.services.quiet_hours import zone_of
from notifications.services.rendering import render

PLAIN, FIRM, LATE, SCARCE, DAILY, ONCE = (
    f"tests.plan_{name}" for name in ("plain", "firm", "late", "scarce", "daily", "once")
)
OPTIONS = {
    PLAIN: {},
    FIRM: {"mandatory": True},
    LATE: {"in_quiet": InQuiet.SEND},
    SCARCE: {"hourly_limit": 2},
    DAILY: {"frequency": Frequency.DIGEST},
    ONCE: {"on_ambiguous": Ambiguity.AT_MOST_ONCE, "validity": timedelta(hours=3)},
}
State = Notification.State


@pytest.fixture(autouse=True)
def _kinds():
    for kind, options in OPTIONS.items():
        if kind not in kinds:
            words = {"subject": "About %(name)s", "label": "About", "text": "<b>%(name)s</b>"}
            register_notification(kind, **words, **options)


@pytest.fixture
def person(owner, platform):
    owner.telegram_id = 6_000_001
    owner.save()
    return owner


def tell(person, kind=PLAIN, key="k", **more) -> Notification:
    return notify(kind=kind, recipient=person, context={"name": key}, dedup_key=key, **more)


def wish_for(person, **wishes) -> None:
    Preference.objects.update_or_create(user=person, defaults=wishes)


def quiet_now(person) -> None:
    """Let it be quiet from an hour ago until in an hour."""
    local = timezone.now().astimezone(zone_of(person.timezone))
    hour = timedelta(hours=1)
    wish_for(person, quiet_from=(local - hour).time(), quiet_to=(local + hour).time())


def kinds_sent() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("kind", flat=True))


def let_all_be_due() -> None:
    Notification.objects.filter(planned_at=None).update(due_at=timezone.now())


pytestmark = pytest.mark.django_db

IN_HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("kind", "life", "state"),
    [
        (PLAIN, None, State.WAITING),
        (PLAIN, timedelta(hours=2), State.WAITING),
        (PLAIN, IN_HALF_AN_HOUR, State.TOO_LATE),
        (LATE, IN_HALF_AN_HOUR, State.HANDED_ON),
        (LATE, None, State.WAITING),
        (FIRM, None, State.HANDED_ON),
    ],
)
def test_quiet_hours_put_off_what_is_still_worth_it_then(person, kind, life, state):
    quiet_now(person)
    notice = tell(person, kind, expires_at=life and timezone.now() + life)
    planning.plan_due()
    notice.refresh_from_db()
    assert notice.state == state
    assert Delivery.objects.exists() is (state == State.HANDED_ON)
    assert (notice.planned_at is None) is (state == State.WAITING)
    if state == State.WAITING:
        pause = notice.due_at - timezone.now()
        assert timedelta(minutes=58) < pause <= timedelta(hours=1)
        wish_for(person, quiet_from=None, quiet_to=None)
        let_all_be_due()
        planning.plan_due()
        assert len(kinds_sent()) == 2


def test_what_is_off_is_on_the_site_only_and_what_is_mandatory_is_told(person):
    wish_for(person, frequencies={PLAIN: "off", FIRM: "off"}, muted=["email", "telegram"])
    silent, firm = tell(person), tell(person, FIRM, "f")
    planning.plan_due()
    for notice, state in ((silent, State.ON_SITE), (firm, State.HANDED_ON)):
        notice.refresh_from_db()
        assert notice.state == state
    assert sorted(kinds_sent()) == ["notifications.email", "notifications.telegram"]


def test_a_digest_tells_of_all_that_waited_and_of_nothing_twice(person, colleague):
    wish_for(person, frequencies={PLAIN: "digest", DAILY: "nonsense"})
    for number in range(3):
        tell(person, PLAIN, f"<p{number}>")
    daily, other = tell(person, DAILY, "d"), tell(colleague, DAILY, "of another")
    planning.plan_due()
    assert kinds_sent() == []
    assert Notification.objects.filter(state=State.GATHERED).count() == 5
    daily.refresh_from_db()
    local = daily.due_at.astimezone(zone_of(person.timezone))
    assert (local.hour, local.minute) == (9, 0)
    assert timezone.now() < daily.due_at <= timezone.now() + timedelta(days=1)

    let_all_be_due()
    for _ in range(2):
        planning.plan_due()
    digests = Notification.objects.filter(kind=DIGEST)
    assert {each.recipient for each in digests} == {person, colleague}
    assert len(kinds_sent()) == 3  # over both channels to one, by mail to the other
    digest = digests.get(recipient=person)
    assert digest.read_at is not None  # the site shows what it tells of, not itself
    Notification.objects.filter(pk=daily.pk).update(read_at=timezone.now())
    rendered = render(digest)
    assert rendered.html.split("\n") == [f"• About &lt;p{number}&gt;" for number in range(3)]
    assert "of another" in render(other.__class__.objects.get(pk=other.pk).digest).plain


def test_a_long_digest_says_how_many_more_there_are(person):
    notify_many(kind=DAILY, rows=[(person.pk, {"name": "n"}, f"k{n}") for n in range(40)])
    notify_many(kind=DAILY, rows=[(person.pk, {}, "k0-poisoned")])
    planning.plan_due()
    let_all_be_due()
    planning.plan_due()
    lines = render(Notification.objects.get(kind=DIGEST)).plain.split("\n")
    assert len(lines) == 31
    assert lines[-1] == "and 11 more"


def test_more_than_so_many_an_hour_wait_for_the_digest(person, colleague):
    for number in range(4):
        tell(person, SCARCE, f"k{number}")
    tell(colleague, SCARCE, "other")
    planning.plan_due()
    tell(person, SCARCE, "k9")
    planning.plan_due()
    states = Notification.objects.filter(recipient=person).order_by("pk")
    assert list(states.values_list("state", flat=True)) == ["handed_on"] * 2 + ["gathered"] * 3
    assert Notification.objects.get(recipient=colleague).state == State.HANDED_ON
    Notification.objects.filter(state=State.HANDED_ON).update(
        planned_at=timezone.now() - planning.THROTTLE_SPAN
    )
    tell(person, SCARCE, "later")
    planning.plan_due()
    assert Notification.objects.get(dedup_key="later").state == State.HANDED_ON


def test_the_first_channel_in_the_persons_order_is_tried_alone(person):
    wish_for(person, reach="first", channel_order=["email"])
    tell(person)
    tell(person, FIRM, "firm")
    planning.plan_due()
    first, *others = Delivery.objects.order_by("pk")
    assert (first.kind, first.payload["then"]) == ("notifications.email", ["telegram"])
    assert [each.payload.get("then") for each in others] == [None, None]


def test_what_must_never_come_twice_goes_as_such_and_ends(person):
    notice = tell(person, ONCE)
    planning.plan_due()
    assert kinds_sent() == ["notifications.telegram_once", "notifications.email_once"]
    assert timedelta(hours=2.9) < notice.expires_at - timezone.now() <= timedelta(hours=3)


def test_a_kind_that_nobody_knows_here_is_left_for_a_newer_worker(person):
    Notification.objects.create(kind="no.such", recipient=person, dedup_key="k", correlation_id="c")
    tell(person, key="after it")
    assert planning.plan_due() == 2
    assert planning.plan_due() == 0
    assert Notification.objects.get(kind="no.such").state == State.WAITING
    assert len(kinds_sent()) == 2


def test_a_new_address_forgets_what_was_learnt_of_the_old_one(person):
    ChannelAddress.objects.create(user=person, channel="email", address="old@e.org", state="broken")
    ChannelAddress.objects.create(
        user=person, channel="telegram", address="6000001", state="blocked"
    )
    tell(person)
    planning.plan_due()
    assert kinds_sent() == ["notifications.email"]
    assert Delivery.objects.get().payload == {"notification_id": Notification.objects.get().pk}


def test_the_number_of_statements_does_not_grow_with_the_batch(person):
    counts = []
    for size in (2, 60):
        people = [_make_person(f"p{size}x{number}") for number in range(size)]
        wishes = [Preference(user=each, reach="first") for each in people]
        Preference.objects.bulk_create(wishes)
        for kind in (PLAIN, SCARCE, DAILY):
            rows = [(each.pk, {"name": "n"}, f"{kind}:{each.pk}") for each in people]
            notify_many(kind=kind, rows=rows)
        with CaptureQueriesContext(connection) as asked:
            assert planning.plan_due() == 3 * size
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert Delivery.objects.count() == 2 * 62


def _make_person(name: str):
    return User.objects.create(username=name, email=f"{name}@e.org", telegram_id=hash(name) % 10**9)


@pytest.mark.django_db(transaction=True)
def test_planners_at_once_plan_each_notice_once(person, colleague, monkeypatch):
    monkeypatch.setattr(planning, "BATCH", 7)
    for each in (person, colleague):
        rows = [(each.pk, {"name": "n"}, f"{each.pk}:{number}") for number in range(60)]
        notify_many(kind=SCARCE, rows=rows)
        notify_many(kind=PLAIN, rows=[(u, c, f"p{k}") for u, c, k in rows])
    notify_many(kind=DAILY, rows=[(person.pk, {"name": "n"}, f"d{n}") for n in range(20)])
    _run_at_once(planning.plan_due, 4)
    # Two each of the throttled kind: over two channels to one, one to the other.
    assert Delivery.objects.count() == 60 * 3 + 2 * 3
    let_all_be_due()
    _run_at_once(planning.plan_due, 4)
    assert Notification.objects.filter(kind=DIGEST).count() == 2
    assert not Notification.objects.filter(planned_at=None).exists()


def _run_at_once(work, count: int) -> None:
    errors: list[Exception] = []
    gate = threading.Barrier(count)

    def run() -> None:
        try:
            gate.wait(10)
            work()
        except Exception as error:  # noqa: BLE001  shown below
            errors.append(error)
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
