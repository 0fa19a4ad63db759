"""Requests: what customers ask of the staff, what is said about it, and what is decided.

Locks the request, then the person's subscription link, then the config, then wallets.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from accounts.services.retries import retry_lock_conflicts
from config.lib.errors import (
    BusinessRuleError,
    ConflictError,
    FieldError,
    InputError,
    NotFoundError,
)
from vpnconfigs.models import Config, Request, RequestMessage, Tariff, TrialUse
from vpnconfigs.selectors.locks import lock_existing_config, lock_request, lock_subscription
from vpnconfigs.services import purchases, request_notices
from vpnconfigs.services.placing import build_config
from vpnconfigs.services.promo_codes import free_terms, plain_terms
from vpnconfigs.services.subscriptions import subscription_of

Kind = Request.Kind
State = Request.State

TEXT_LENGTH = 4000
COMMENT_LENGTH = 1000


@retry_lock_conflicts
@transaction.atomic
def ask(
    *,
    user: User,
    kind: str,
    tariff: Tariff | None = None,
    protocol: str = Config.Protocol.VLESS,
    country: str = "",
    config: Config | None = None,
    name: str = "",
    text: str = "",
) -> Request:
    """Ask the staff for a new config, a renewal or help; they are told.

    A new config stands in the list as ``requested`` until it is decided.

    :param config: what shall be renewed, or what help is wanted with.
    :param name: of the new config.
    :param text: the first message of the conversation.
    :raises ConflictError: ``request_open``: the same has been asked for and is not decided yet.
    :raises BusinessRuleError: ``configs_limit`` or ``trial_used``.
    :raises NotFoundError: the config is deleted, or not the person's.
    :raises InputError: a renewal of nothing, or a call for help without a word.
    """
    _refuse_nonsense(kind, config, text)
    link = subscription_of(user)
    lock_subscription(link.pk)
    about = _own(user, config) if config else None
    _refuse_repeat(user, kind, about)
    if kind == Kind.ACCESS:
        _refuse_in_vain(user, tariff)
        about = build_config(user=user, link=link, protocol=protocol, name=name, tariff=tariff)
        about.save(force_insert=True)
    request = Request.objects.create(
        user=user,
        kind=kind,
        tariff=tariff,
        protocol=protocol if kind == Kind.ACCESS else "",
        country=country,
        config=about,
        last_message_at=timezone.now(),
    )
    if words := _clean(text, TEXT_LENGTH):
        RequestMessage.objects.create(request=request, author=user, text=words)
    request_notices.tell_of_new(request)
    return request


def ask_for_config(
    *, user: User, protocol: str, tariff: Tariff, name: str = "", country: str = ""
) -> Config:
    """Ask for a new config and return it as it waits. Refusals as of ``ask``."""
    request = ask(
        user=user, kind=Kind.ACCESS, tariff=tariff, protocol=protocol, country=country, name=name
    )
    if request.config is None:
        raise NotFoundError
    return request.config


@retry_lock_conflicts
@transaction.atomic
def approve(
    *,
    actor: User,
    request: Request,
    tariff: Tariff | None = None,
    comment: str = "",
    is_free: bool = False,
) -> Request:
    """Give what was asked for, at the price of the tariff; who asked is told.

    :param actor: staff, which the caller has checked; audited.
    :param tariff: instead of the one that was asked for.
    :param is_free: take no money.
    :raises ConflictError: ``request_decided``; ``no_room``; ``config_state``; ``without_end``.
    :raises BusinessRuleError: ``tariff_required``, ``trial_used``, or ``insufficient_balance``:
        the person cannot pay. Nothing is decided then.
    """
    locked = _lock_open(request)
    wanted = tariff or locked.tariff or (locked.config.tariff if locked.config else None)
    if locked.kind == Kind.SUPPORT or locked.config is None:
        raise ConflictError(_("There is nothing here to approve."), code="nothing_to_approve")
    if wanted is None:
        raise BusinessRuleError(_("Choose a tariff."), code="tariff_required")
    _grant(locked, locked.config, wanted, is_free=is_free)
    return _decide(actor, locked, State.APPROVED, comment)


@retry_lock_conflicts
@transaction.atomic
def refuse(*, actor: User, request: Request, comment: str = "") -> Request:
    """Refuse what was asked for; who asked is told.

    :param actor: staff, which the caller has checked; audited.
    :raises ConflictError: ``request_decided``.
    """
    locked = _lock_open(request)
    _drop_waiting(locked)
    return _decide(actor, locked, State.REFUSED, comment)


@retry_lock_conflicts
@transaction.atomic
def close(*, actor: User, request: Request) -> Request:
    """End a conversation that asked for nothing but help.

    :raises ConflictError: ``request_decided``; ``not_support``: it wants a decision.
    """
    locked = _lock_open(request)
    if locked.kind != Kind.SUPPORT:
        raise ConflictError(_("This request wants a decision."), code="not_support")
    return _decide(actor, locked, State.CLOSED, "")


@retry_lock_conflicts
@transaction.atomic
def withdraw(*, user: User, request: Request) -> Request:
    """Take back what one has asked for.

    :raises NotFoundError: somebody else has asked.
    :raises ConflictError: ``request_decided``.
    """
    if request.user_id != user.pk:
        raise NotFoundError
    locked = _lock_open(request)
    _drop_waiting(locked)
    locked.state = State.WITHDRAWN
    locked.is_unread_by_staff = False
    locked.save(update_fields=["state", "is_unread_by_staff"])
    return locked


@retry_lock_conflicts
@transaction.atomic
def say(*, author: User, request: Request, text: str) -> RequestMessage:
    """Add a message to the conversation; the other side is told.

    :param author: who asked, else staff.
    :raises NotFoundError: it is not theirs, and they are no staff.
    :raises InputError: there are no words.
    """
    is_from_staff = request.user_id != author.pk
    if is_from_staff and not author.is_staff:
        raise NotFoundError
    words = _clean(text, TEXT_LENGTH)
    if not words:
        raise _no_words()
    locked = lock_request(request.pk)
    message = RequestMessage.objects.create(
        request=locked, author=author, is_from_staff=is_from_staff, text=words
    )
    locked.last_message_at = message.created_at
    locked.is_unread_by_user = is_from_staff
    locked.is_unread_by_staff = not is_from_staff
    locked.save(update_fields=["last_message_at", "is_unread_by_user", "is_unread_by_staff"])
    request_notices.tell_of_message(locked, message)
    return message


def mark_read(*, reader: User, request: Request) -> None:
    """Note that a side has read the conversation."""
    mine = Request.objects.filter(pk=request.pk)
    if request.user_id == reader.pk:
        mine.filter(is_unread_by_user=True).update(is_unread_by_user=False)
    else:
        mine.filter(is_unread_by_staff=True).update(is_unread_by_staff=False)


def withdraw_all(user_id: int) -> None:
    """Withdraw all that a person has asked for, because they are gone."""
    for request in Request.objects.filter(user_id=user_id, state=State.OPEN).select_related("user"):
        withdraw(user=request.user, request=request)


def _refuse_nonsense(kind: str, config: Config | None, text: str) -> None:
    if kind == Kind.RENEWAL and config is None:
        required = FieldError("config", "required", _("Say which config shall be renewed."))
        raise InputError(fields=[required])
    if kind == Kind.SUPPORT and not text.strip():
        raise _no_words()


def _own(user: User, config: Config) -> Config:
    locked = lock_existing_config(config.pk)
    if locked.user_id != user.pk:
        raise NotFoundError
    return locked


def _refuse_repeat(user: User, kind: str, config: Config | None) -> None:
    """The person's link is locked, so no rival asks at the same moment."""
    same = Request.objects.filter(user=user, kind=kind, state=State.OPEN)
    if kind == Kind.RENEWAL:
        same = same.filter(config=config)
    if kind != Kind.SUPPORT and same.exists():
        text = _("You have asked for this already. Wait for the answer or withdraw the request.")
        raise ConflictError(text, code="request_open")


def _refuse_in_vain(user: User, tariff: Tariff | None) -> None:
    purchases.require_room_for_one(user)
    if tariff is not None and tariff.is_trial and TrialUse.objects.filter(user=user).exists():
        raise purchases.trial_used()


def _lock_open(request: Request) -> Request:
    locked = lock_request(request.pk)
    if locked.state != State.OPEN:
        raise ConflictError(_("This request is decided already."), code="request_decided")
    return locked


def _grant(request: Request, config: Config, tariff: Tariff, *, is_free: bool) -> None:
    terms = free_terms(tariff) if is_free else plain_terms(tariff)
    key = f"request:{request.pk}"
    is_paid = terms.price_kopecks > 0
    if request.kind == Kind.RENEWAL:
        kind = purchases.Kind.RENEWAL if is_paid else purchases.Kind.GRANT
        purchases.renew(lock_existing_config(config.pk), terms=terms, kind=kind, key=key)
        return
    inbound = purchases.choose_place(
        protocol=config.protocol, tariff=tariff, country=request.country
    )
    kind = purchases.Kind.NEW if is_paid else purchases.Kind.GRANT
    waiting = lock_existing_config(config.pk)
    purchases.provision(waiting, inbound=inbound, terms=terms, kind=kind, key=key)


def _drop_waiting(request: Request) -> None:
    """Delete the config that waited for this decision."""
    if request.config is None:
        return
    waiting = Config.objects.filter(pk=request.config.pk, state=Config.State.REQUESTED)
    waiting.update(state=Config.State.DELETED, deleted_at=timezone.now())


def _decide(actor: User, request: Request, state: State, comment: str) -> Request:
    request.state = state
    request.comment = _clean(comment, COMMENT_LENGTH)
    request.decided_by, request.decided_at = actor, timezone.now()
    request.is_unread_by_staff, request.is_unread_by_user = False, True
    request.save()
    record_audit(actor=actor, action=f"vpn_request.{state}", target=f"vpn_request:{request.pk}")
    request_notices.tell_of_decision(request)
    return request


def _clean(text: str, length: int) -> str:
    return text.replace("\x00", "").strip()[:length]


def _no_words() -> InputError:
    return InputError(fields=[FieldError("text", "required", _("Write something."))])
