"""The API of dialogs: shapes, pages, tenancy, and what a POST sets in motion."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from dialogs.api.serializers import DialogOut, MessageOut, MetricsOut
from dialogs.models import Contact, Dialog, Message
from dialogs.selectors.documents import dialog_document, message_document
from dialogs.selectors.figures import relay_figures
from dialogs.tests.media import bomb, picture, store_picture
from dialogs.tests.relay import deliveries
from integrations.models import AvitoAccount, Delivery, StoredFile

pytestmark = pytest.mark.django_db


def make_account(organization, number=1):
    return AvitoAccount.objects.create(
        organization=organization,
        name="Shop",
        api_client_id="id",
        sealed_client_secret="-",
        avito_user_id=number,
    )


def make_dialog(organization, account, *, minutes=0, **fields):
    contact = Contact.objects.create(
        organization=organization, external_id=str(uuid.uuid4()), source="avito", name="Boris"
    )
    return Dialog.objects.create(
        organization=organization,
        avito_account=account,
        external_id=str(uuid.uuid4()),
        contact=contact,
        title="Bicycle",
        item={"title": "Bicycle", "price": "5 ₽", "url": "https://a/1", "image": "https://a/i"},
        last_message_at=timezone.now() - timezone.timedelta(minutes=minutes),
        **fields,
    )


def make_message(dialog, text="Hello", **fields):
    given = {
        "direction": "avito",
        "is_incoming": True,
        "status": "delivered",
        "correlation_id": "c",
        "written_at": timezone.now(),
    }
    return Message.objects.create(dialog=dialog, text=text, **(given | fields))


def parts_for_avito():
    return Delivery.objects.filter(kind="dialogs.to_avito").order_by("pk")


@pytest.fixture
def account(organization):
    return make_account(organization)


@pytest.fixture
def dialog(organization, account):
    return make_dialog(organization, account)


def test_the_list_has_the_documented_shape(api, owner, colleague, dialog):
    dialog.assignee = colleague
    dialog.save()
    answer = api(owner).get("/api/dialogs")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"results", "next", "previous"}
    (row,) = body["results"]
    assert parse_datetime(row.pop("last_message_at")) == dialog.last_message_at
    assert row == {
        "id": str(dialog.pk),
        "source": "avito",
        "title": "Bicycle",
        "item": {"title": "Bicycle", "price": "5 ₽", "url": "https://a/1"},
        "contact": {"id": str(dialog.contact_id), "name": "Boris"},
        "status": "open",
        "assignee": {"id": colleague.pk, "name": "Kirill"},
        "tags": [],
        "unread": 0,
        "last_message": "",
        "telegram_chat_id": None,
        "telegram_topic_id": None,
    }


def test_the_list_goes_from_the_newest_to_the_oldest_page_by_page(
    api, owner, organization, account
):
    rows = [make_dialog(organization, account, minutes=number) for number in range(5)]
    client = api(owner)
    seen, address = [], "/api/dialogs?limit=2"
    while address:
        body = client.get(address).json()
        seen += [row["id"] for row in body["results"]]
        address = body["next"]
    assert seen == [str(row.pk) for row in rows]


def test_a_row_costs_no_query_of_its_own(
    api, owner, organization, account, django_assert_max_num_queries
):
    client = api(owner)
    client.get("/api/dialogs")
    for number in range(12):
        make_dialog(organization, account, minutes=number, assignee=owner)
    with django_assert_max_num_queries(3):
        assert len(client.get("/api/dialogs").json()["results"]) == 12


def test_messages_are_listed_newest_first(api, owner, dialog):
    make_message(dialog, "One")
    answer = make_message(
        dialog, "Two", direction="web", is_incoming=False, author=owner, author_name="Olga"
    )
    body = api(owner).get(f"/api/dialogs/{dialog.pk}/messages").json()
    assert [row["text"] for row in body["results"]] == ["Two", "One"]
    assert body["results"][1]["author"] == "Boris"
    newest = body["results"][0]
    assert newest.pop("created_at").endswith("Z")
    assert newest == {
        "id": answer.pk,
        "direction": "web",
        "is_incoming": False,
        "author": "Olga",
        "kind": "text",
        "text": "Two",
        "attachments": [],
        "reply_to": None,
        "status": "delivered",
        "is_auto_reply": False,
        "edited_at": None,
        "deleted_at": None,
    }


def test_the_described_fields_are_the_ones_that_are_sent(dialog):
    message = make_message(dialog)
    assert set(DialogOut().fields) == set(dialog_document(dialog))
    assert set(MessageOut().fields) == set(message_document(message, contact=None))
    assert set(MetricsOut().fields) == set(relay_figures())


def test_a_message_tells_of_its_quote_its_edit_and_its_end(api, owner, dialog):
    quoted = make_message(dialog, "One")
    now = timezone.now()
    make_message(dialog, "Two", reply_to=quoted, edited_at=now, deleted_at=now)
    newest = api(owner).get(f"/api/dialogs/{dialog.pk}/messages").json()["results"][0]
    assert newest["reply_to"] == quoted.pk
    assert parse_datetime(newest["edited_at"]) == parse_datetime(newest["deleted_at"]) == now


def test_messages_with_pictures_cost_as_many_queries_as_without(
    api, owner, dialog, django_assert_max_num_queries
):
    client = api(owner)
    path = f"/api/dialogs/{dialog.pk}/messages"
    for number in range(8):
        message = make_message(dialog, f"text {number}")
        stored = store_picture(dialog.organization, color=number)
        for place in (1, 2):
            message.attachments.create(kind="photo", number=place, state="stored", file=stored)
    with django_assert_max_num_queries(5):
        rows = client.get(path).json()["results"]
    assert [len(row["attachments"]) for row in rows] == [2] * 8


def test_what_is_lost_or_not_here_yet_has_no_address(api, owner, dialog):
    message = make_message(dialog, "", kind="image")
    waiting = message.attachments.create(kind="photo", number=1)
    message.attachments.create(kind="voice", number=2, state="failed")
    (row,) = api(owner).get(f"/api/dialogs/{dialog.pk}/messages").json()["results"]
    assert row["attachments"][0] == {
        "id": waiting.pk,
        "kind": "photo",
        "state": "waiting",
        "url": None,
        "content_type": None,
        "size": None,
        "width": None,
        "height": None,
        "duration_seconds": None,
    }
    assert (row["attachments"][1]["state"], row["attachments"][1]["url"]) == ("failed", None)


def test_a_text_is_queued_for_avito_and_for_the_topic(api, owner, dialog):
    answer = api(owner).post(f"/api/dialogs/{dialog.pk}/messages", {"text": " Good day "})
    message = Message.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"id": message.pk, "status": "queued"})
    assert (message.text, message.direction, message.author) == ("Good day", "web", owner)
    assert Delivery.objects.get(kind="dialogs.to_avito").payload["text"] == "Good day"
    assert deliveries("to_telegram") == ["queued"]


@pytest.mark.parametrize("body", [{}, {"text": "  "}, {"text": "x" * 4001}])
def test_an_empty_or_endless_text_is_refused(api, owner, dialog, body):
    answer = api(owner).post(f"/api/dialogs/{dialog.pk}/messages", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "text"
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_key_sends_once(api, owner, dialog):
    client = api(owner)
    path = f"/api/dialogs/{dialog.pk}/messages"
    first = client.post(path, {"text": "Once"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    again = client.post(path, {"text": "Once"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    other = client.post(path, {"text": "Other"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert other.status_code == 422
    assert Message.objects.count() == 1


def test_a_dialog_without_its_account_cannot_be_answered(api, owner, dialog):
    Dialog.objects.update(avito_account=None)
    answer = api(owner).post(f"/api/dialogs/{dialog.pk}/messages", {"text": "Hello"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_account")
    assert not Message.objects.exists()


def test_a_picture_is_drawn_anew_and_queued_with_its_words(api, owner, dialog):
    path = f"/api/dialogs/{dialog.pk}/messages"
    upload = SimpleUploadedFile("../evil.html", picture(40, 30, "PNG"), "text/html")
    answer = api(owner).post(path, {"text": "Like this?", "image": upload}, format="multipart")
    message = Message.objects.get()
    assert (answer.status_code, answer.json()) == (202, {"id": message.pk, "status": "queued"})
    assert (message.kind, message.text) == ("image", "Like this?")
    (shown,) = api(owner).get(path).json()["results"][0]["attachments"]
    assert (shown["content_type"], shown["width"], shown["height"]) == ("image/jpeg", 40, 30)
    assert (shown["kind"], shown["state"]) == ("photo", "stored")
    content = api(owner).get(shown["url"])
    assert content.status_code == 200
    assert len(content.content) == shown["size"]
    assert [row.payload["kind"] for row in parts_for_avito()] == ["image", "text"]


def test_a_picture_needs_no_words(api, owner, dialog):
    path = f"/api/dialogs/{dialog.pk}/messages"
    upload = SimpleUploadedFile("a.jpg", picture(4, 4), "image/jpeg")
    assert api(owner).post(path, {"image": upload}, format="multipart").status_code == 202
    assert [row.payload["kind"] for row in parts_for_avito()] == ["image"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bad_image"),
        (b"", "empty"),
        (bomb(), "bad_image"),
        (b"\xff" * (24 * 1024 * 1024 + 1), "too_large"),
    ],
    ids=["no picture", "empty", "bomb", "too large"],
)
def test_what_is_no_picture_is_refused_at_its_field(api, owner, dialog, content, code):
    upload = SimpleUploadedFile("a.png", content, "image/png")
    body = {"text": "Look", "image": upload}
    answer = api(owner).post(f"/api/dialogs/{dialog.pk}/messages", body, format="multipart")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, "image", code)
    assert not Message.objects.exists()
    assert not StoredFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_key_sends_a_picture_once(api, owner, dialog):
    client = api(owner)
    path = f"/api/dialogs/{dialog.pk}/messages"

    def send(color):
        upload = SimpleUploadedFile("a.png", picture(8, 8, "PNG", color=color), "image/png")
        body = {"text": "Look", "image": upload}
        return client.post(path, body, format="multipart", HTTP_IDEMPOTENCY_KEY="k1")

    first, again, other = send(1), send(1), send(9)
    assert (again.status_code, again.json()) == (202, first.json())
    assert other.status_code == 422
    assert Message.objects.count() == StoredFile.objects.count() == 1


def test_status_and_assignee_change_each_for_itself(api, owner, colleague, dialog):
    client = api(owner)
    path = f"/api/dialogs/{dialog.pk}"
    body = client.patch(path, {"assignee": colleague.pk}, format="json").json()
    assert (body["assignee"]["id"], body["status"]) == (colleague.pk, "open")
    body = client.patch(path, {"status": "closed"}, format="json").json()
    assert (body["assignee"]["id"], body["status"]) == (colleague.pk, "closed")
    body = client.patch(path, {"assignee": None}, format="json").json()
    assert (body["assignee"], body["status"]) == (None, "closed")


def test_tags_are_put_and_taken_away(api, owner, dialog):
    client = api(owner)
    path = f"/api/dialogs/{dialog.pk}"
    body = client.patch(path, {"tags": [" VIP ", "vip", "to  call"]}, format="json").json()
    assert (body["tags"], body["status"]) == (["VIP", "to call"], "open")
    assert client.patch(path, {"status": "held"}, format="json").json()["tags"] == body["tags"]
    assert client.patch(path, {"tags": []}, format="json").json()["tags"] == []


@pytest.mark.parametrize(
    "tags", [["x" * 33], [f"tag {number}" for number in range(11)], ["a\x00"], "VIP", None]
)
def test_too_many_or_too_long_tags_are_refused(api, owner, dialog, tags):
    answer = api(owner).patch(f"/api/dialogs/{dialog.pk}", {"tags": tags}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("tags")
    dialog.refresh_from_db()
    assert dialog.tags == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=closed", ["Clara"]),
        ("assignee=none", ["Boris"]),
        ("assignee=me", ["Anna"]),
        ("assignee={colleague}", ["Clara"]),
        ("tag=VIP", ["Anna", "Clara"]),
        ("unread=true", ["Boris"]),
        ("unread=false", ["Anna", "Boris", "Clara"]),
        ("q=bicycle", ["Anna", "Boris", "Clara"]),
        ("q=lar+icyc", ["Clara"]),
        ("q=tomorrow", ["Boris"]),
        ("q=50%25", []),
        ("tag=VIP&status=open", ["Anna"]),
        ("limit=50", ["Anna", "Boris", "Clara"]),
    ],
)
def test_the_list_is_narrowed_down(api, owner, colleague, organization, account, query, found):
    anna = make_dialog(organization, account, assignee=owner, tags=["VIP"])
    boris = make_dialog(organization, account, unread_count=1, last_message_text="See you Tomorrow")
    clara = make_dialog(
        organization, account, assignee=colleague, status="closed", tags=["VIP", "late"]
    )
    for row, name in ((anna, "Anna"), (boris, "Boris"), (clara, "Clara")):
        Contact.objects.filter(pk=row.contact_id).update(name=name)
    query = query.format(colleague=colleague.pk)
    rows = api(owner).get(f"/api/dialogs?{query}").json()["results"]
    assert sorted(row["contact"]["name"] for row in rows) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=lost", "status"),
        ("assignee=you", "assignee"),
        ("assignee=99999999999999999999", "assignee"),
        ("unread=perhaps", "unread"),
        ("tag=%00", "tag"),
        ("q=" + "x" * 101, "q"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(api, owner, organization, query, field):
    answer = api(owner).get(f"/api/dialogs?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_a_filter_stays_in_the_address_of_the_next_page(api, owner, organization, account):
    for number in range(3):
        make_dialog(organization, account, minutes=number, tags=["VIP"])
        make_dialog(organization, account, minutes=number)
    client = api(owner)
    following = client.get("/api/dialogs?tag=VIP&limit=2").json()["next"]
    assert [row["tags"] for row in client.get(following).json()["results"]] == [["VIP"]]


def test_nobody_from_elsewhere_is_assigned(api, owner, stranger, dialog):
    body = {"assignee": stranger.pk, "status": "closed"}
    answer = api(owner).patch(f"/api/dialogs/{dialog.pk}", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "not_a_member"
    dialog.refresh_from_db()
    assert (dialog.assignee, dialog.status) == (None, "open")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/dialogs/{id}"),
        ("patch", "/api/dialogs/{id}"),
        ("get", "/api/dialogs/{id}/messages"),
        ("post", "/api/dialogs/{id}/messages"),
    ],
)
def test_a_strangers_dialog_is_like_none(api, stranger, other_organization, dialog, method, path):
    client = api(stranger)
    body = {"text": "Hello", "status": "closed"}
    there = getattr(client, method)(path.format(id=dialog.pk), body, format="json")
    nowhere = getattr(client, method)(path.format(id=uuid.uuid4()), body, format="json")
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["code"] == nowhere.json()["code"] == "not_found"
    dialog.refresh_from_db()
    assert dialog.status == "open"
    assert not Message.objects.exists()
    assert client.get("/api/dialogs").json()["results"] == []


def test_nobody_sees_anything_without_signing_in(api, dialog):
    for path in ("/api/dialogs", f"/api/dialogs/{dialog.pk}", "/api/admin/metrics"):
        assert api().get(path).status_code == 401


def test_figures_are_for_the_staff(api, owner, staff, dialog):
    make_message(dialog)
    make_message(dialog, is_incoming=False, status="failed")
    refused = api(owner).get("/api/admin/metrics")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    body = api(staff).get("/api/admin/metrics").json()
    assert body["dialogs"] == {"open": 1}
    assert body["messages_24h"] == {"incoming": 1, "outgoing": 1, "failed": 1, "uncertain": 0}
    assert body["outbox"] == {"waiting": 0, "oldest_seconds": 0}
