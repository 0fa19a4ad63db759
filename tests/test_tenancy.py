"""Two organizations see nothing of each other, by any route, with any method.

For a stranger another's object and nothing look exactly the same. The walk is over all routes of
the resolver: a new route with a new sort of object fails here until ``world`` has one of it.
"""

import re
import uuid

import pytest
from django.apps import apps
from django.db import connection, transaction

from conftest import make_organization, make_user
from tests.routes import all_routes
from tests.world import MARKERS, build_world

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
WITH_OBJECT = [route for route in all_routes() if route.parameters]
WITHOUT_OBJECT = [route for route in all_routes() if not route.parameters]
# A stranger's own traces: signing in and being seen are not changes of another's things.
OWN_TRACES = {
    "accounts.session",
    "accounts.refreshtoken",
    "accounts.auditevent",
    "accounts.linktoken",
    "otp_totp.totpdevice",
    "notifications.notification",
    "integrations.delivery",
}


@pytest.fixture(scope="module")
def stage(module_rows):
    """Two organizations, of which the first has one of everything; made once."""
    owner, stranger = make_user("olga", lang_code="en"), make_user("stas", lang_code="en")
    organization = make_organization("Bicycles", owner=owner)
    make_organization("Kettles", owner=stranger)
    return owner, stranger, build_world(organization, owner)


@pytest.fixture
def owner(stage):
    return stage[0]


@pytest.fixture
def stranger(stage):
    return stage[1]


@pytest.fixture
def world(stage):
    return stage[2]


def absent(route, world) -> dict[str, object]:
    """Return objects of the same sort that nobody has."""
    known = owned(route, world)
    return {
        name: 2**40 if isinstance(known[name], int) else uuid.uuid4() for name in route.parameters
    }


def owned(route, world) -> dict[str, object]:
    missing = set(route.parameters) - set(world.owned)
    assert not missing, f"tests/world.py has no {missing} for the route {route}"
    return world.owned


def look(response, path: str) -> tuple[int, str]:
    """Return what can be told apart from outside: the status, and the text without its own id."""
    text = read(response).replace(path, "PATH")
    text = re.sub(r'"request_id": ?"[^"]*"', "", text)
    text = re.sub(r"csrf[^\s>]*|nonce[^\s>]*|[0-9a-f]{32}|[A-Za-z0-9]{64}", "", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    return response.status_code, text


def read(response) -> str:
    content = response.getvalue() if response.streaming else response.content
    return content.decode(errors="replace")


def ask(client, method: str, path: str):
    body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
    return getattr(client, method)(path, **body)


def undone(client, method: str, path: str) -> tuple[int, str]:
    """Return what an answer looks like, and undo what was done: asked twice, it may differ."""
    with transaction.atomic():
        answer = getattr(client, method)(path, {}, format="json")
        transaction.set_rollback(True)
    return look(answer, path)


def stored(stranger) -> dict[str, str]:
    """Return a digest of each table, but for rows that the stranger may well have made: their own.

    One statement: the walk asks before and after each of its thousands of requests' turns.
    """
    looks = []
    for model in apps.get_models():
        if model._meta.label_lower in OWN_TRACES or model._meta.proxy or not model._meta.managed:
            continue
        whose = [field for field in model._meta.fields if field.name == "user"]
        others = f"WHERE {whose[0].column} IS DISTINCT FROM {stranger.pk}" if whose else ""
        table = model._meta.db_table
        rows = "md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), ''))"
        looks.append(f"SELECT '{table}', {rows} FROM \"{table}\" row {others}")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(looks))
        return dict(cursor.fetchall())


@pytest.mark.parametrize("who", ["anonymous", "stranger by token", "stranger by cookie"])
@pytest.mark.parametrize("route", WITH_OBJECT, ids=str)
def test_anothers_object_looks_like_nothing(route, who, world, stranger, api, page):
    clients = {
        "anonymous": api,
        "stranger by token": lambda: api(stranger),
        "stranger by cookie": lambda: page(stranger),
    }
    client = clients[who]()
    before = stored(stranger)
    for method in METHODS:
        theirs, nothing = route.path(owned(route, world)), route.path(absent(route, world))
        found = look(ask(client, method, theirs), theirs)
        expected = look(ask(client, method, nothing), nothing)
        assert found == expected, method
        assert found[0] in (302, 401, 403, 404, 405), (method, found[0])
        assert not any(marker in found[1] for marker in MARKERS), method
    assert stored(stranger) == before


@pytest.mark.parametrize("route", WITHOUT_OBJECT, ids=str)
def test_lists_show_nothing_of_another_organization(route, world, stranger, api, page):
    for client in (api(), api(stranger), page(stranger)):
        text = read(client.get(route.path({})))
        shown = [word for word in (*MARKERS, *world.ids) if word in text]
        assert shown == []


@pytest.mark.parametrize("route", WITHOUT_OBJECT, ids=str)
def test_naming_a_foreign_organization_is_naming_none(route, world, stranger, api):
    foreign = api(stranger, organization=world.organization)
    nowhere = api(stranger)
    nowhere.credentials(**{**nowhere._credentials, "HTTP_X_ORGANIZATION": str(uuid.uuid4())})
    before = stored(stranger)
    for method in ("get", "post"):
        path = route.path({})
        found, expected = (undone(client, method, path) for client in (foreign, nowhere))
        assert found[0] == expected[0], method
        assert not any(word in found[1] for word in MARKERS)
    assert stored(stranger) == before


def test_the_walk_would_see_a_leak(world, owner, api, page):
    """The control: the owner does see these things by the same routes."""
    seen = set()
    for route in all_routes():
        for client in (api(owner), page(owner)):
            if set(route.parameters) <= set(world.owned):
                text = read(client.get(route.path(world.owned)))
                seen |= {word for word in MARKERS if word in text}
    assert {"marker-bot", "marker-avito", "marker-item", "marker-words"} <= seen
    assert {"marker-config", "marker-device", "marker-request", "marker-notice"} <= seen
