"""What is taken away, and what stays of it in numbers."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import Delivery, DeliveryAttempt
from notifications import tasks
from notifications.models import Notification, NotificationDay
from notifications.services import cleaning, notify, planning, register_notification
from notifications.services.kinds import kinds

pytestmark = pytest.mark.django_db
KIND = "tests.old"


@pytest.fixture(autouse=True)
def _kind():
    if KIND not in kinds:
        register_notification(KIND, subject="Old", text="Old")


def tell(person, key, *, days=0) -> Notification:
    notice = notify(kind=KIND, recipient=person, context={}, dedup_key=key)
    planning.plan_due()
    then = timezone.now() - timedelta(days=days)
    Notification.objects.filter(pk=notice.pk).update(created_at=then)
    Delivery.objects.filter(payload__notification_id=notice.pk).update(created_at=then)
    return notice


def counts() -> set[tuple]:
    return set(NotificationDay.objects.values_list("day", "kind", "channel", "state", "count"))


def test_old_notices_go_in_batches_and_what_waits_stays(owner, monkeypatch):
    monkeypatch.setattr("integrations.services.cleaning.BATCH", 2)
    for number in range(5):
        tell(owner, f"old{number}", days=cleaning.NOTICE_DAYS + 1)
    young = tell(owner, "young", days=cleaning.NOTICE_DAYS - 1)
    waiting = tell(owner, "waiting", days=cleaning.NOTICE_DAYS + 1)
    Notification.objects.filter(pk=waiting.pk).update(state="waiting")
    digest = Notification.objects.get(dedup_key="old0")
    Notification.objects.filter(pk=young.pk).update(digest=digest)
    assert cleaning.delete_old_rows() == 5
    assert set(Notification.objects.all()) == {young, waiting}


def test_full_days_are_counted_once_however_often(owner):
    tell(owner, "a", days=1)
    tell(owner, "b", days=1)
    tell(owner, "today")
    tell(owner, "long ago", days=cleaning.COUNTED_DAYS + 2)
    yesterday = (timezone.now() - timedelta(days=1)).date()
    NotificationDay.objects.create(
        day=yesterday - timedelta(days=30), kind=KIND, state="sent", count=7
    )
    expected = {
        (yesterday, KIND, "", "handed_on", 2),
        (yesterday, KIND, "email", "queued", 2),
        (yesterday - timedelta(days=30), KIND, "", "sent", 7),
    }
    for _ in range(2):
        tasks.delete_old_rows()
        assert counts() == expected
    Delivery.objects.update(state="sent")
    tasks.delete_old_rows()
    assert (yesterday, KIND, "email", "sent", 2) in counts()
    assert len(counts()) == 3


def test_the_admin_shows_what_became_of_a_notice(page, staff, owner):
    notice = tell(owner, "a")
    delivery = Delivery.objects.get()
    DeliveryAttempt.objects.create(
        delivery=delivery, at=timezone.now(), outcome="retry", error_code="smtp_451", error="<b>"
    )
    address = reverse("admin:notifications_notification_change", args=[notice.pk])
    shown = page(staff).get(address).content.decode()
    assert f"notifications.email #{delivery.pk}" in shown
    assert "smtp_451" in shown
    assert "&lt;b&gt;" in shown
