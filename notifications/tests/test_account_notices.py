"""What people hear of their own sign-ins, as the sandbox's Telegram shows it to them."""

import base64
import json
from datetime import timedelta

import pytest
from django.db.models import F
from rest_framework.test import APIClient

from accounts.models import RefreshToken, Session
from accounts.services.sessions import open_session
from config.lib.redis import get_redis
from conftest import PASSWORD
from integrations.services import pump
from notifications import tasks
from notifications.models import Notification
from notifications.services import planning, sign_in_notices
from notifications.services.rendering import render
from notifications.services.sign_in_notices import TELL
from notifications.tests.conftest import PERSON

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in(user, agent=DESK) -> dict:
    body = {"login": user.username, "password": PASSWORD}
    answer = APIClient().post(
        "/api/auth/v1/login", body, format="json", HTTP_USER_AGENT=agent, REMOTE_ADDR="192.0.2.7"
    )
    assert answer.status_code == 200
    return answer.json()


def refresh(token: str) -> int:
    body = {"refresh_token": token}
    return APIClient().post("/api/auth/v1/refresh", body, format="json").status_code


def run_tasks() -> int:
    """Do as a worker does with what the request has left in the broker; return how many."""
    done = 0
    while message := get_redis().lpop("default"):
        envelope = json.loads(message)
        if envelope["headers"]["task"] == TELL:
            _args, kwargs, _embed = json.loads(base64.b64decode(envelope["body"]))
            tasks.tell_of_sign_in(**kwargs)
            done += 1
    return done


def told(sandbox, bot_token) -> list[str]:
    planning.plan_due()
    pump.drain("telegram")
    messages = sandbox.control(f"telegram/chats/{PERSON}?bot={bot_token}")["messages"]
    return [message["text"] for message in messages if message["from"]["is_bot"]]


@pytest.mark.parametrize(
    ("language", "word"), [("en", "was ended"), ("ru", "завершён")], ids=["en", "ru"]
)
def test_a_copied_refresh_token_is_told_in_the_persons_chat(
    reader, sandbox, bot_token, language, word
):
    reader.lang_code = language
    reader.save()
    stolen = sign_in(reader)["refresh_token"]
    assert refresh(stolen) == 200
    assert refresh(stolen) == 200  # a parallel tab, within the grace
    assert not Notification.objects.exists()
    RefreshToken.objects.update(used_at=F("used_at") - timedelta(seconds=11))

    assert refresh(stolen) == 401
    assert refresh(stolen) == 401

    (text,) = told(sandbox, bot_token)
    assert word in text
    assert "Firefox" in text
    assert "192.0.2.7" in text
    assert Session.objects.get().revoke_reason == "token_reused"


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_from_a_new_device_is_told_by_a_worker(owner):
    sign_in(owner)
    sign_in(owner)
    assert run_tasks() == 2
    assert not Notification.objects.exists()

    sign_in(owner, PHONE)
    assert not Notification.objects.exists()  # nothing of it in the request
    assert run_tasks() == 1

    notice = Notification.objects.get()
    assert (notice.kind, notice.recipient) == ("accounts.signed_in", owner)
    assert "192.0.2.7" in render(notice).plain


@pytest.mark.django_db
def test_a_task_that_runs_twice_or_too_late_tells_once_or_nothing(owner):
    open_session(user=owner, user_agent=DESK)
    session = open_session(user=owner, user_agent=PHONE)
    for _ in range(2):
        tasks.tell_of_sign_in(user_id=owner.pk, session_id=str(session.pk))
    assert Notification.objects.count() == 1

    Notification.objects.all().delete()
    Session.objects.all().delete()
    tasks.tell_of_sign_in(user_id=owner.pk, session_id=str(session.pk))
    assert not Notification.objects.exists()


def test_a_sign_in_whose_task_was_lost_is_told_by_the_sweep_once(owner, django_assert_num_queries):
    sign_in(owner)
    sign_in(owner, agent=PHONE)
    sign_in(owner, agent=PHONE)
    get_redis().flushdb()
    assert sign_in_notices.tell_of_missed_sign_ins() == 0  # Their tasks may still come.
    Session.objects.update(created_at=F("created_at") - timedelta(minutes=1))
    assert sign_in_notices.tell_of_missed_sign_ins() == 1
    told = Notification.objects.get(kind=sign_in_notices.SIGNED_IN)
    assert told.context["device"] == "Safari, iPhone"
    with django_assert_num_queries(1):
        assert sign_in_notices.tell_of_missed_sign_ins() == 0


def test_the_sweep_leaves_old_sign_ins_alone(owner):
    sign_in(owner)
    sign_in(owner, agent=PHONE)
    Session.objects.update(created_at=F("created_at") - sign_in_notices.LOOK_BACK)
    assert sign_in_notices.tell_of_missed_sign_ins() == 0
