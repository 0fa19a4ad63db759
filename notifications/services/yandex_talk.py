"""What people say to the site's bot in Yandex Messenger. Each answer is a delivery."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.redis import RedisError, get_redis
from integrations.models import Delivery, InboundEvent
from integrations.services.calls import Again, Ambiguity, Outcome, Policy, Prepared
from integrations.services.outbox import deliver
from integrations.yandex.sender import SENDER
from notifications.models import ChannelAddress
from notifications.services.addresses import set_state
from notifications.services.rendering import language_of
from notifications.services.sending import key_of
from notifications.services.yandex_channel import NAME, budget_of, send_text
from notifications.services.yandex_linking import link_by_code, read_code, unlink_login

logger = logging.getLogger(__name__)

REPLY = "notifications.yandex_reply"
REPLY_LIFE = timedelta(hours=1)
# A repeat with the same payload_id is the same message.
POLICY = Policy(on_ambiguous=Ambiguity.REPEATABLE, max_attempts=8)
WRONG_CODES = 10
WRONG_SECONDS = 3600


def on_message(event: InboundEvent) -> bool:
    """Answer a person who writes in private; other bots and groups are left alone."""
    message = event.payload
    sender = message["from"]
    chat = message.get("chat")
    if sender.get("robot") or not isinstance(chat, dict) or chat.get("type") != "private":
        return False
    login = str(sender["login"])
    person = _person_of(login)
    with translation.override(language_of(person) if person else settings.LANGUAGE_CODE):
        text = _answer(login, person, str(message.get("text") or "").strip())
    deliver(
        kind=REPLY,
        sender=SENDER,
        lane=f"replies:{NAME}:{login}",
        budget_key=budget_of(SENDER, login),
        payload={"login": login, "text": text},
        idempotency_key=f"{REPLY}:{event.pk}",
        expires_at=timezone.now() + REPLY_LIFE,
    )
    return True


def prepare_reply(delivery: Delivery) -> Prepared:
    payload: Mapping[str, Any] = delivery.payload
    return send_text(payload["login"], payload["text"], key=key_of(delivery))


def settle_reply(delivery: Delivery, outcome: Outcome) -> Again | None:
    """Leave it at that: who does not get an answer asks again."""
    return None


def _answer(login: str, person: User | None, text: str) -> str:
    if person is not None:
        # Who writes to us can be written to.
        set_state(person, NAME, ChannelAddress.State.ACTIVE)
    if text.lower() == "/stop":
        return _stop(login)
    code = read_code(text)
    if code is not None:
        return _try_code(login, code)
    if person is not None:
        words = _("You get the notifications of %(name)s here. /stop ends that.")
        return words % {"name": person.display_name}
    words = _("To get notifications here, open %(url)s, take a code there and send it to me.")
    return words % {"url": f"{settings.SITE_URL}/account/notifications/yandex"}


def _stop(login: str) -> str:
    if unlink_login(login):
        return _("Done: I will not write to you any more.")
    return _("You get no notifications here.")


def _try_code(login: str, code: str) -> str:
    """Use a code, unless so many were wrong that somebody seems to be guessing."""
    if _wrong_codes(login) >= WRONG_CODES:
        return _("Too many wrong codes. Try again in an hour.")
    user = link_by_code(code=code, login=login)
    if user is None:
        _count_wrong(login)
        return _("This code does not fit, or it is older than ten minutes. Take a new one.")
    with translation.override(language_of(user)):
        words = _("Done: the notifications of %(name)s come here now. /stop ends that.")
        return words % {"name": user.display_name}


def _person_of(login: str) -> User | None:
    rows = ChannelAddress.objects.filter(channel=NAME, address=login, user__is_active=True)
    row = rows.select_related("user").order_by("pk").first()
    return row.user if row is not None else None


def _wrong_codes(login: str) -> int:
    """Return how many were wrong lately. Without Redis none: a code is long enough for an hour."""
    try:
        return int(get_redis().get(_wrong_key(login)) or 0)
    except RedisError as error:
        logger.warning("wrong codes not counted", extra={"error": str(error)})
        return 0


def _count_wrong(login: str) -> None:
    try:
        with get_redis().pipeline() as pipeline:
            pipeline.incr(_wrong_key(login))
            pipeline.expire(_wrong_key(login), WRONG_SECONDS)
            pipeline.execute()
    except RedisError as error:
        logger.warning("wrong codes not counted", extra={"error": str(error)})


def _wrong_key(login: str) -> str:
    return f"yandex-wrong-code:{login}"
