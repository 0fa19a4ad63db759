import pytest

pytestmark = pytest.mark.urls("config.tests.urls")


@pytest.mark.parametrize("path", ["/api/probe/echo", "/api/probe/echo/", "/api/probe/echo//"])
def test_a_slash_at_the_end_makes_no_difference(client, path):
    answer = client.get(path)
    assert answer.status_code == 200


def test_a_post_keeps_its_body(client):
    assert client.post("/api/probe/echo/", {"a": "1"}).json()["body"] == {"a": "1"}


def test_the_admin_keeps_its_slashes(client, db):
    assert client.get("/admin/login/").status_code != 404


def test_the_root_stays(client, db):
    assert client.get("/").status_code in (200, 302, 404)
