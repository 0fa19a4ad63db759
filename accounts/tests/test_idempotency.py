"""``Idempotency-Key``: same body, other body, in flight, failed, taken over."""

import contextlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models.functions import Now
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.api.idempotency import idempotent, idempotent_outside
from accounts.models import AuditEvent, IdempotencyRecord, Organization
from accounts.services.audit import record_audit
from accounts.services.idempotency import Reservation, StoredAnswer, complete, release, reserve
from accounts.tests.races import at_once
from config.lib.errors import BusinessRuleError, ConflictError

URL = "/api/clients"


def post(client, body: object, key: str | None = "key-1", **headers):
    if key is not None:
        headers["HTTP_IDEMPOTENCY_KEY"] = key
    return client.post(URL, body, format="json", **headers)


@pytest.mark.django_db
def test_same_body_gets_the_first_answer(owner, api):
    client = api(owner)

    first = post(client, {"name": "Kites"})
    again = post(client, {"name": "Kites"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Organization.objects.count() == 1


@pytest.mark.django_db
def test_order_and_spaces_of_the_body_do_not_matter(owner, api):
    client = api(owner)
    post(client, {"name": "Kites", "more": 1})

    again = client.generic(
        "POST",
        URL,
        '{"more":   1,\n "name": "Kites"}',
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="key-1",
    )

    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
def test_other_body_is_refused(owner, api):
    client = api(owner)
    post(client, {"name": "Kites"})

    refused = post(client, {"name": "Sails"})

    assert refused.status_code == 422
    assert refused.json()["code"] == "idempotency_key_reused"
    assert Organization.objects.count() == 1


@pytest.mark.django_db
def test_keys_are_a_persons_own(owner, stranger, api):
    post(api(owner), {"name": "Kites"})
    answer = post(api(stranger), {"name": "Kites"})

    assert "Idempotent-Replayed" not in answer
    assert Organization.objects.count() == 2


@pytest.mark.django_db
def test_without_a_key_every_post_works(owner, api):
    client = api(owner)
    for _ in range(2):
        post(client, {"name": "Kites"}, key=None)

    assert Organization.objects.count() == 2
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "with space", "ключ", "x" * 256, "tab\t"])
def test_malformed_key_is_400(owner, api, key):
    answer = post(api(owner), {"name": "Kites"}, key=key)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_refusal_gives_the_key_back(owner, api):
    client = api(owner)

    assert post(client, {"name": ""}).status_code == 400
    assert not IdempotencyRecord.objects.exists()
    assert post(client, {"name": "Kites"}).status_code == 201


@pytest.mark.django_db
def test_in_flight_is_409(owner, api):
    reserve(user=owner, route=f"POST {URL}", key="key-1", body=b'{"name": "Kites"}')

    refused = post(api(owner), {"name": "Kites"})

    assert refused.status_code == 409
    assert refused.json()["code"] == "idempotency_in_flight"
    assert not Organization.objects.exists()


@pytest.mark.django_db
def test_key_of_a_killed_worker_is_free_again(owner, api):
    reserve(user=owner, route=f"POST {URL}", key="key-1", body=b"other")
    IdempotencyRecord.objects.update(reserved_until=Now() - timedelta(seconds=1))

    assert post(api(owner), {"name": "Kites"}).status_code == 201


@pytest.mark.django_db
def test_who_was_taken_over_cannot_store(owner):
    slow = reserve(user=owner, route="POST /x", key="k", body=b"")
    IdempotencyRecord.objects.update(reserved_until=Now() - timedelta(seconds=1))
    quick = reserve(user=owner, route="POST /x", key="k", body=b"")
    assert isinstance(quick, Reservation)

    with pytest.raises(ConflictError):
        complete(slow, status=201, body={"by": "slow"})
    release(slow)
    complete(quick, status=201, body={"by": "quick"})

    again = reserve(user=owner, route="POST /x", key="k", body=b"")
    assert again == StoredAnswer(201, {"by": "quick"})


@pytest.mark.django_db
def test_answer_without_body_is_kept(owner):
    first = reserve(user=owner, route="POST /x", key="k", body=b"")
    complete(first, status=204, body=None)

    assert reserve(user=owner, route="POST /x", key="k", body=b"") == StoredAnswer(204, None)
    with pytest.raises(BusinessRuleError):
        reserve(user=owner, route="POST /x", key="k", body=b"other")


class DeedView(APIView):
    """Leaves a trace, then ends as the test wishes."""

    authentication_classes = ()
    permission_classes = ()
    outcome: object = Response({"done": True}, status=201)

    @idempotent
    def post(self, request) -> Response:
        record_audit(actor=request.user, action="deed")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def perform(user, outcome: object, body=None, format="json"):
    request = APIRequestFactory().post("/deed", body or {}, format=format, HTTP_IDEMPOTENCY_KEY="k")
    force_authenticate(request, user)
    return DeedView.as_view(outcome=outcome)(request)


@pytest.mark.django_db
def test_fault_answer_is_rolled_back_and_gives_the_key_back(owner):
    assert perform(owner, Response(status=503)).status_code == 503
    assert not AuditEvent.objects.exists()

    assert perform(owner, Response({"done": True}, status=201)).status_code == 201
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db
def test_exception_is_rolled_back_and_gives_the_key_back(owner):
    with pytest.raises(ZeroDivisionError):
        perform(owner, ZeroDivisionError())
    assert not AuditEvent.objects.exists()
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_answer_that_cannot_be_stored_takes_its_effect_with_it(owner):
    with pytest.raises(TypeError):
        perform(owner, Response({"what": {1: object()}}, status=201))

    assert not AuditEvent.objects.exists()
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db
def test_files_count_by_content_not_by_boundary(owner):
    def upload(content: bytes):
        file = SimpleUploadedFile("photo.png", content)
        done = Response({"done": True}, status=201)
        return perform(owner, done, {"file": file}, format="multipart")

    assert upload(b"one").status_code == 201
    assert upload(b"one")["Idempotent-Replayed"] == "true"
    assert upload(b"two").data["code"] == "idempotency_key_reused"


@pytest.mark.django_db(transaction=True)
def test_rivals_with_one_key_work_once(owner):
    def ask(number: int):
        return perform(owner, Response({"by": number}, status=201))

    results = at_once(8, ask)

    done = [item for item in results if item.status_code == 201]
    others = [item for item in results if item.status_code == 409]
    assert len(done) + len(others) == 8
    assert AuditEvent.objects.count() == 1
    assert len({item.data["by"] for item in done}) == 1


class OutsideDeedView(DeedView):
    """Calls the outside world, so it must not run in a transaction."""

    was_in_transaction: list[bool] = []

    @idempotent_outside
    def post(self, request) -> Response:
        self.was_in_transaction.append(connection.in_atomic_block)
        record_audit(actor=request.user, action="deed")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def perform_outside(user, outcome: object):
    request = APIRequestFactory().post("/deed", {}, format="json", HTTP_IDEMPOTENCY_KEY="k")
    force_authenticate(request, user)
    OutsideDeedView.was_in_transaction.clear()
    return OutsideDeedView.as_view(outcome=outcome)(request)


@pytest.mark.django_db(transaction=True)
def test_work_that_calls_the_outside_runs_in_no_transaction(owner):
    first = perform_outside(owner, Response({"by": 1}, status=201))
    assert OutsideDeedView.was_in_transaction == [False]
    again = perform_outside(owner, Response({"by": 2}, status=201))
    assert OutsideDeedView.was_in_transaction == []
    assert (first.data, again.data) == ({"by": 1}, {"by": 1})
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("outcome", [Response(status=503), ZeroDivisionError()])
def test_failed_work_outside_gives_the_key_back(owner, outcome):
    with contextlib.suppress(ZeroDivisionError):
        perform_outside(owner, outcome)
    assert not IdempotencyRecord.objects.exists()
    assert perform_outside(owner, Response({"by": 2}, status=201)).data == {"by": 2}
