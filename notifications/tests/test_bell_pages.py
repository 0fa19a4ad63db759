"""The bell in the header, its panel and the page behind it."""

import re

import pytest

from notifications.models import Notification
from notifications.tests.test_bell import KIND, _kinds, tell  # noqa: F401
from notifications.tests.test_pages import send

pytestmark = pytest.mark.django_db


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def badge(text):
    found = re.search(r'data-unread-total="(\d+)"', text)
    return int(found[1]) if found else None


def test_the_header_counts_and_asks_only_for_who_is_signed_in(page, owner):
    tell(owner)
    assert badge(text_of(page(owner).get("/account"))) == 1
    assert badge(text_of(page().get("/login"))) is None
    assert page().get("/notifications").status_code == 302


def test_the_look_is_silent_while_nothing_changed(page, owner):
    client = page(owner)
    assert client.get("/notifications/bell?known=0").status_code == 204
    tell(owner)
    text = text_of(client.get("/notifications/bell?known=0"))
    assert badge(text) == 1
    assert "1 unread" in text


def test_more_than_a_hundred_is_said_as_that(page, owner):
    Notification.objects.bulk_create(
        Notification(kind=KIND, recipient=owner, dedup_key=f"k{number}", correlation_id="")
        for number in range(101)
    )
    assert "99+" in text_of(page(owner).get("/notifications/bell"))


def test_the_page_lists_by_pages_and_the_panel_the_latest(page, owner):
    client = page(owner)
    assert "Nothing to tell yet" in text_of(client.get("/notifications"))
    assert "Nothing yet." in text_of(client.get("/notifications/latest"))
    for number in range(21):
        tell(owner, number)
    first = text_of(client.get("/notifications"))
    assert first.count('class="notice notice-unread"') == 20
    assert "Order &lt;20&gt; more" in first
    older = re.search(r'rel="next" href="([^"]+)"', first)[1]
    assert "Order &lt;0&gt;" in text_of(client.get(older))
    assert text_of(client.get("/notifications/latest")).count('class="notice notice-unread"') == 5
    assert client.get("/notifications?cursor=x").status_code == 400


def test_opening_one_marks_it_and_leads_to_its_page(page, owner, stranger):
    notice, bare = tell(owner), tell(owner, 2, path="//evil.example")
    assert page(stranger).post(f"/notifications/{notice.pk}/open").status_code == 404
    client = page(owner)
    assert client.get(f"/notifications/{notice.pk}/open").status_code == 405
    assert client.post(f"/notifications/{notice.pk}/open")["Location"] == "/account"
    assert client.post(f"/notifications/{bare.pk}/open")["Location"] == "/notifications"
    assert not Notification.objects.filter(read_at=None).exists()


def test_all_are_marked_from_the_page_and_from_the_panel(page, owner):
    client = page(owner)
    tell(owner)
    answer = client.post("/notifications/read-all", follow=True)
    assert "All are marked as read." in text_of(answer)
    tell(owner, 2)
    answer = client.post("/notifications/read-all", HTTP_HX_REQUEST="true")
    assert answer["HX-Trigger"] == "notices-changed"
    assert "Mark all read" not in text_of(answer)
    assert not Notification.objects.filter(read_at=None).exists()


def test_a_kind_can_be_muted_on_the_site(page, owner):
    client = page(owner)
    tell(owner)
    text = text_of(client.get("/account/notifications"))
    assert f'value="site:{KIND}" checked' in text
    assert send(client, wanted=["email", f"email:{KIND}"]).status_code == 302
    assert badge(text_of(client.get("/account"))) == 0
