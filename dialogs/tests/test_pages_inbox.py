import re

import pytest

from dialogs.models import Dialog, Message
from dialogs.tests.inbox import add_message, make_account, make_dialog
from dialogs.tests.media import store_picture

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def account(organization):
    return make_account(organization)


@pytest.fixture
def dialog(account):
    return make_dialog(account)


@pytest.fixture
def foreign_dialog(other_organization):
    return make_dialog(make_account(other_organization, avito_user_id=502), "Zina")


def live_address(answer):
    """Return what the page's thread will ask next, as the browser would."""
    address = re.search(r'hx-get="([^"]*/live\?from=[^"]*)"', answer.content.decode())[1]
    return address.replace("&amp;", "&")


def test_a_visitor_signs_in_and_comes_back(client, db):
    answer = client.get("/client/dialogs?status=open")
    assert answer.status_code == 302
    assert answer["Location"] == "/login?next=/client/dialogs%3Fstatus%3Dopen"


def test_a_fragment_for_a_visitor_is_no_sign_in_page(client, db):
    answer = client.get("/client/dialogs/live", **HTMX)
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_person_without_organization_is_sent_to_open_one(page, stranger):
    answer = page(stranger).get("/client/dialogs")
    assert (answer.status_code, answer["Location"]) == (302, "/account")


def test_the_list_shows_own_dialogs_only(page, owner, dialog, foreign_dialog):
    text = page(owner).get("/client/dialogs").content.decode()
    assert "Boris" in text
    assert "Bicycle Stels" in text
    assert "Zina" not in text


def test_pages_are_not_kept_by_the_browser(page, owner, dialog):
    assert page(owner).get("/client/dialogs")["Cache-Control"] == "private, no-store"


def test_the_list_is_filtered_by_the_address(page, owner, account):
    make_dialog(account, "Boris")
    make_dialog(account, "Clara", status="closed")
    client = page(owner)
    closed = client.get("/client/dialogs?status=closed").content.decode()
    assert "Clara" in closed
    assert "Boris" not in closed
    assert "No dialog matches" in client.get("/client/dialogs?status=banned").content.decode()


def test_an_unknown_filter_shows_all(page, owner, dialog):
    assert "Boris" in page(owner).get("/client/dialogs?status=nonsense").content.decode()


def test_an_empty_inbox_says_what_is_missing(page, owner, organization):
    client = page(owner)
    assert "Connect Avito" in client.get("/client/dialogs").content.decode()
    make_account(organization)
    assert "Everything is connected" in client.get("/client/dialogs").content.decode()


def test_older_dialogs_are_on_the_next_page(page, owner, account):
    for number in range(31):
        make_dialog(account, f"Buyer {number:02}", age=number)
    client = page(owner)
    first = client.get("/client/dialogs")
    assert "Buyer 29" in first.content.decode()
    assert "Buyer 30" not in first.content.decode()
    second = client.get(re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1])
    assert "Buyer 30" in second.content.decode()
    assert "Buyer 29" not in second.content.decode()
    # Only the first page is live: what arrives belongs there.
    assert "hx-trigger" in first.content.decode().split('id="dialog-list"')[1][:400]
    assert "hx-trigger" not in second.content.decode().split('id="dialog-list"')[1][:400]


def test_a_bad_cursor_is_refused(page, owner, dialog):
    assert page(owner).get("/client/dialogs?cursor=nonsense").status_code == 400


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    page, owner, account, django_assert_max_num_queries
):
    client = page(owner)
    for number in range(25):
        make_dialog(account, f"Buyer {number}", age=number)
    with django_assert_max_num_queries(8):
        client.get("/client/dialogs")


def test_the_list_is_sent_again_only_when_it_changed(page, owner, dialog):
    client = page(owner)
    text = client.get("/client/dialogs").content.decode()
    address = re.search(r'hx-get="(/client/dialogs/live[^"]*)"', text)[1].replace("&amp;", "&")
    assert client.get(address, **HTMX).status_code == 204
    Dialog.objects.filter(pk=dialog.pk).update(unread_count=7)
    again = client.get(address, **HTMX)
    assert again.status_code == 200
    assert ">7<" in again.content.decode()
    assert "<html" not in again.content.decode()


def test_a_thread_shows_its_messages_and_is_then_seen(page, owner, dialog):
    answer = page(owner).get(f"/client/dialogs/{dialog.pk}")
    assert "Is it still there?" in answer.content.decode()
    dialog.refresh_from_db()
    assert dialog.unread_count == 0


def test_what_a_buyer_writes_is_text_and_nothing_else(page, owner, account):
    dialog = make_dialog(account, "<b>Eve</b>", texts=["<script>alert(1)</script>"])
    text = page(owner).get(f"/client/dialogs/{dialog.pk}").content.decode()
    assert "<script>alert" not in text
    assert "<b>Eve" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("path", ["", "/live", "/earlier"])
def test_a_strangers_dialog_is_nothing(page, owner, organization, foreign_dialog, path):
    answer = page(owner).get(f"/client/dialogs/{foreign_dialog.pk}{path}")
    assert answer.status_code == 404
    assert "Zina" not in answer.content.decode()
    foreign_dialog.refresh_from_db()
    assert foreign_dialog.unread_count == 1


def test_the_live_end_is_sent_again_only_when_it_changed(page, owner, dialog):
    client = page(owner)
    address = live_address(client.get(f"/client/dialogs/{dialog.pk}"))
    assert client.get(address, **HTMX).status_code == 204
    Message.objects.create(
        dialog=dialog,
        direction="avito",
        is_incoming=True,
        text="Hello?",
        correlation_id="test",
        written_at=dialog.last_message_at,
    )
    again = client.get(address, **HTMX)
    assert "Hello?" in again.content.decode()
    assert "Is it still there?" in again.content.decode()
    assert "New message: Hello?" in again.content.decode()
    assert client.get(live_address(again), **HTMX).status_code == 204


def test_a_changed_delivery_status_is_news(page, owner, dialog):
    client = page(owner)
    address = live_address(client.get(f"/client/dialogs/{dialog.pk}"))
    dialog.messages.update(is_incoming=False, status="failed")
    assert "Not delivered" in client.get(address, **HTMX).content.decode()


@pytest.mark.parametrize("start", ["-1", "x", "9" * 30])
def test_a_window_begins_at_a_message(page, owner, dialog, start):
    assert page(owner).get(f"/client/dialogs/{dialog.pk}/live?from={start}").status_code == 400


def test_history_comes_in_pages_above(page, owner, account):
    dialog = make_dialog(account, texts=[f"text {number:02}" for number in range(40)])
    client = page(owner)
    first = client.get(f"/client/dialogs/{dialog.pk}").content.decode()
    assert "text 10" in first
    assert "text 09" not in first
    earlier = re.search(r'hx-get="([^"]*/earlier\?[^"]*)"', first)[1]
    history = client.get(earlier, **HTMX).content.decode()
    assert "text 09" in history
    assert "text 10" not in history
    assert "Earlier messages" not in history
    without_script = re.search(r'data-earlier href="([^"]+)"', first)[1]
    assert "text 09" in client.get(without_script).content.decode()


def test_a_member_of_two_organizations_follows_the_dialog(
    page, owner, dialog, foreign_dialog, other_organization
):
    other_organization.memberships.create(user=owner, role="manager")
    client = page(owner)
    assert "Zina" in client.get(f"/client/dialogs/{foreign_dialog.pk}").content.decode()
    assert "Boris" not in client.get("/client/dialogs").content.decode()
    assert "Boris" in client.get(f"/client/dialogs?org={dialog.organization_id}").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=clara", "Clara"),
        ("assignee=me", "Boris"),
        ("assignee=none", "Anna Clara"),
        ("tag=VIP", "Anna"),
        ("unread=1", "Clara"),
        ("q=%00&assignee=nobody&status=lost", "Anna Boris Clara"),
        ("tag=VIP&q=boris", ""),
    ],
)
def test_the_list_is_narrowed_down_by_the_address(page, owner, account, query, shown):
    make_dialog(account, "Anna", tags=["VIP"], unread_count=0)
    make_dialog(account, "Boris", assignee=owner, unread_count=0)
    make_dialog(account, "Clara")
    answer = page(owner).get(f"/client/dialogs?{query}")
    found = sorted(str(row.contact) for row in answer.context["page"].rows)
    assert found == shown.split()


def test_what_was_chosen_stays_chosen(page, owner, account):
    dialog = make_dialog(account, "Anna", tags=["VIP & more"])
    text = page(owner).get("/client/dialogs?tag=VIP+%26+more&q=an").content.decode()
    assert "<option selected>VIP &amp; more</option>" in text
    assert 'name="q" maxlength="100" value="an"' in text
    kept = "tag=VIP+%26+more&amp;q=an"
    assert f'href="/client/dialogs/{dialog.pk}?{kept}"' in text
    assert f'href="/client/dialogs?status=closed&amp;{kept}"' in text
    assert f'hx-get="/client/dialogs/live?{kept}&amp;selected=' in text


def test_another_organizations_tags_and_people_are_no_choice(
    page, owner, dialog, foreign_dialog, stranger
):
    foreign_dialog.tags = ["secret tag"]
    foreign_dialog.save()
    text = page(owner).get("/client/dialogs").content.decode()
    assert "secret tag" not in text
    assert f'<option value="{stranger.pk}"' not in text


def test_a_thread_costs_as_many_queries_with_pictures_as_without(
    page, owner, dialog, django_assert_max_num_queries
):
    client = page(owner)
    for number in range(10):
        message = add_message(dialog, f"text {number}", reply_to=dialog.messages.first())
        for place in (1, 2):
            stored = store_picture(dialog.organization, color=number)
            message.attachments.create(kind="photo", number=place, state="stored", file=stored)
    client.get(f"/client/dialogs/{dialog.pk}")
    with django_assert_max_num_queries(14):
        client.get(f"/client/dialogs/{dialog.pk}")
