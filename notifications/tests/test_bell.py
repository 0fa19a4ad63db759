"""The bell over the API: what was told, what of it is unread, and whose it is."""

import pytest
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext_lazy

from config.lib import live
from config.lib.redis import get_redis
from notifications.models import Notification, Preference
from notifications.selectors.bell import count_unread, unread_of
from notifications.services import notify, register_notification
from notifications.services.bell import may_hear, show
from notifications.services.kinds import kinds
from notifications.services.preferences import set_wishes

pytestmark = pytest.mark.django_db

KIND, LOUD = "tests.bell", "tests.bell_mandatory"
URL = "/api/notifications"


@pytest.fixture(autouse=True)
def _kinds():
    if KIND not in kinds:
        for name, is_mandatory in ((KIND, False), (LOUD, True)):
            register_notification(
                name,
                subject=gettext_lazy("Sign in"),
                text='Order <b>%(name)s</b> <a href="https://e.org/">more</a>',
                path="/account",
                mandatory=is_mandatory,
            )


def tell(person, number=1, kind=KIND, **context):
    return notify(
        kind=kind,
        recipient=person,
        context={"name": f"<{number}>", **context},
        dedup_key=f"{kind}:{person.pk}:{number}",
    )


def unread(client):
    return client.get(f"{URL}/unread-count").json()["unread"]


def test_the_newest_come_first_page_by_page(api, owner, stranger):
    told = [tell(owner, number) for number in range(3)]
    tell(stranger)
    client = api(owner)
    first = client.get(f"{URL}?limit=2").json()
    assert [item["id"] for item in first["results"]] == [told[2].pk, told[1].pk]
    assert first["previous"] is None
    second = client.get(first["next"]).json()
    assert [item["id"] for item in second["results"]] == [told[0].pk]
    assert second["next"] is None
    item = first["results"][0]
    assert (item["kind"], item["subject"]) == (KIND, "Sign in")
    assert item["text"] == "Order <2> more (https://e.org/)"
    assert (item["path"], item["read_at"]) == ("/account", None)
    assert item["created_at"].endswith("Z")


@pytest.mark.parametrize(("lang_code", "subject"), [("ru", "Войти"), ("en", "Sign in")])
def test_the_words_are_the_reader_s(api, owner, lang_code, subject):
    owner.lang_code = lang_code
    owner.save()
    tell(owner)
    assert api(owner).get(URL).json()["results"][0]["subject"] == subject


def test_who_chose_no_language_reads_the_page_s(owner):
    owner.lang_code = ""
    owner.save()
    notice = tell(owner)
    with translation.override("en"):
        assert show(owner, [notice])[0].subject == "Sign in"
    assert owner.lang_code == ""


def test_a_path_of_the_context_goes_first_and_stays_on_the_site(owner):
    paths = ["/client", "//evil.example", "https://evil.example"]
    notices = [tell(owner, number, path=path) for number, path in enumerate(paths)]
    assert [shown.path for shown in show(owner, notices)] == ["/client", "", ""]


def test_a_list_costs_the_same_however_long(api, owner, django_assert_max_num_queries):
    client = api(owner)
    for number in range(20):
        tell(owner, number)
    client.get(URL)
    with django_assert_max_num_queries(2):
        assert len(client.get(URL).json()["results"]) == 20


def test_counting_is_one_query_along_the_unread(owner, django_assert_num_queries):
    Notification.objects.bulk_create(
        Notification(kind=KIND, recipient=owner, dedup_key=f"k{number}", correlation_id="")
        for number in range(150)
    )
    with django_assert_num_queries(1):
        assert count_unread(owner) == 100
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "notification_unread" in unread_of(owner).explain()


def test_one_is_read_then_all(api, owner):
    first, *_ = [tell(owner, number) for number in range(3)]
    client = api(owner)
    assert unread(client) == 3
    answer = client.post(f"{URL}/{first.pk}/read")
    assert (answer.status_code, answer.json()["id"]) == (200, first.pk)
    assert answer.json()["read_at"]
    # Again changes nothing, not even the moment.
    assert client.post(f"{URL}/{first.pk}/read").json() == answer.json()
    assert unread(client) == 2
    assert client.post(f"{URL}/read-all").json() == {"read": 2}
    assert client.post(f"{URL}/read-all").json() == {"read": 0}
    assert unread(client) == 0


def test_nobody_else_s_are_there(api, owner, stranger):
    notice = tell(owner)
    client = api(stranger)
    assert client.get(URL).json()["results"] == []
    assert unread(client) == 0
    for pk in (notice.pk, notice.pk + 1, 2**70):
        assert client.post(f"{URL}/{pk}/read").status_code == 404
    assert client.post(f"{URL}/read-all").json() == {"read": 0}
    notice.refresh_from_db()
    assert notice.read_at is None
    for path in (URL, f"{URL}/unread-count"):
        assert api().get(path).status_code == 401


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=101", "cursor=WzAsInh4Il0"])
def test_a_query_that_makes_no_sense_is_refused(api, owner, query):
    assert api(owner).get(f"{URL}?{query}").status_code == 400


def test_a_kind_that_is_muted_on_the_site_is_not_there(api, owner, stranger):
    notice, loud = tell(owner), tell(owner, kind=LOUD)
    tell(stranger)
    wish = f"site:{KIND}"
    set_wishes(owner, offered=[wish, f"site:{LOUD}"], wanted=[])
    # Mandatory kinds cannot be muted.
    assert Preference.objects.get(user=owner).muted == [wish]
    client = api(owner)
    assert [item["id"] for item in client.get(URL).json()["results"]] == [loud.pk]
    assert unread(client) == 1
    assert client.post(f"{URL}/{notice.pk}/read").status_code == 404
    assert unread(api(stranger)) == 1
    set_wishes(owner, offered=[wish], wanted=[wish])
    assert unread(client) == 2


def test_the_digest_is_not_listed_beside_what_it_tells_of(owner):
    Notification.objects.create(
        kind="notifications.digest", recipient=owner, dedup_key="d", correlation_id=""
    )
    assert count_unread(owner) == 0


@pytest.mark.parametrize("changes", [{"kind": "gone.kind"}, {"context": {}}])
def test_what_has_lost_its_words_is_shown_as_that(api, owner, changes):
    notice = tell(owner)
    Notification.objects.filter(pk=notice.pk).update(**changes)
    (item,) = api(owner).get(URL).json()["results"]
    assert (item["subject"], item["text"]) == ("This notice can no longer be shown.", "")


@pytest.mark.django_db(transaction=True)
def test_open_pages_are_told_after_the_commit(owner):
    room = f"user:{owner.pk}"

    def frames():
        entries = get_redis().xrange(f"live:{room}")
        return [live._frame(key, fields) for key, fields in entries]

    notice = tell(owner)
    tell(owner)
    (told,) = frames()
    assert (told.event, told.room) == ("notification", room)
    assert told.data == {"id": notice.pk, "kind": KIND}
    from notifications.services.bell import mark_all_read

    mark_all_read(owner)
    mark_all_read(owner)
    assert [frame.data for frame in frames()[1:]] == [{"unread": 0}]


def test_a_room_is_one_person_s(owner, stranger):
    assert live.may_join(owner, f"user:{owner.pk}")
    assert not live.may_join(stranger, f"user:{owner.pk}")
    assert not live.may_join(owner, "user")
    assert not may_hear(object(), "None")
