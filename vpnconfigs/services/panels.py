"""Panels as staff keep them: added, changed, tried, taken away."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.errors import ConflictError, FieldError, InputError, NotFoundError
from config.lib.queue import ring_on_commit
from integrations.services.secrets import SecretsUnavailableError
from integrations.xui.addresses import clean_url
from integrations.xui.errors import AddressError
from integrations.xui.types import Credentials
from vpnconfigs.models import Config, Inbound, Panel, Removal
from vpnconfigs.selectors.locks import lock_inbound, lock_panel
from vpnconfigs.services import panel_health
from vpnconfigs.services.desired import SYNC
from vpnconfigs.services.panel_clients import open_client, open_credentials, seal_credentials
from vpnconfigs.services.panel_health import LOOK, Look

_LONGEST = {"name": 64, "url": 300, "username": 64, "public_host": 253}
_CREDENTIALS = ("username", "password", "token", "totp_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelChanges:
    """What may be changed of a panel; ``None`` leaves a field as it is.

    :param token: an empty one goes back to signing in by password, and the other way round.
    :param is_enabled: whether the panel is looked after and written to.
    :param is_open: whether new configs are placed on it.
    """

    name: str | None = None
    url: str | None = None
    username: str | None = None
    password: str | None = None
    token: str | None = None
    totp_key: str | None = None
    public_host: str | None = None
    country: str | None = None
    is_enabled: bool | None = None
    is_open: bool | None = None

    @property
    def credentials(self) -> dict[str, str]:
        given = {name: getattr(self, name) for name in _CREDENTIALS}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundChanges:
    """What may be changed of an inbound; ``None`` leaves a field as it is.

    :param capacity: the most configs on it, 0 for as many as come.
    """

    is_sold: bool | None = None
    title: str | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelTest:
    """What the test button shows.

    :param text: what was found, for the reader; ``raw`` in the panel's own words.
    """

    is_good: bool
    state: str
    latency_ms: int
    generation: str
    version: str
    text: str
    raw: str


def add_panel(
    *,
    actor: User | None,
    name: str,
    url: str,
    username: str = "",
    password: str = "",
    token: str = "",
    totp_key: str = "",
    public_host: str = "",
    country: str = "",
) -> Panel:
    """Add a panel and have it looked at; nothing is sold from it before staff say what.

    :raises InputError: the address is none, or there is nothing to sign in with.
    :raises ConflictError: ``panel_taken``: a panel of this name or address is already here.
    :raises SecretsUnavailableError: the credentials cannot be sealed; nothing is stored.
    """
    panel = Panel(pk=uuid.uuid4())
    given = PanelChanges(name=name, url=url, public_host=public_host, country=country)
    _apply(panel, given)
    _seal(panel, Credentials(username, password, token, totp_key))
    with transaction.atomic():
        _save(panel, force_insert=True)
        _record(panel, actor=actor, action="panel.added", url=panel.url)
        ring_on_commit(LOOK)
    return panel


@transaction.atomic
def change_panel(*, actor: User | None, panel_id: uuid.UUID, changes: PanelChanges) -> Panel:
    """Change what is given, and have the panel looked at.

    Another host gets credentials only from whoever knows them: they are given anew.

    :raises NotFoundError: there is no such panel.
    :raises InputError: as ``add_panel``, or ``credentials_required``.
    :raises ConflictError: ``panel_taken``.
    """
    panel = lock_panel(panel_id)
    old_host = urlsplit(panel.url).netloc
    _apply(panel, changes)
    has_moved = urlsplit(panel.url).netloc != old_host
    if has_moved and not (changes.password or changes.token):
        message = _("Enter the password or the token again: the address is another one.")
        raise _bad("password", "credentials_required", message)
    if changes.credentials:
        _seal(panel, _changed_credentials(panel, changes, is_new=has_moved))
    _save(panel)
    shown = {
        name: getattr(changes, name)
        for name in ("name", "public_host", "country", "is_enabled", "is_open")
        if getattr(changes, name) is not None
    }
    secret = sorted(changes.credentials)
    _record(panel, actor=actor, action="panel.changed", url=panel.url, credentials=secret, **shown)
    ring_on_commit(LOOK)
    if changes.is_enabled:
        ring_on_commit(SYNC)
    return panel


@transaction.atomic
def delete_panel(*, actor: User | None, panel_id: uuid.UUID) -> None:
    """Forget a panel and its inbounds. The panel itself hears nothing of it.

    :raises NotFoundError: there is no such panel.
    :raises ConflictError: ``panel_in_use``: configs that are not deleted stand there.
    """
    panel = lock_panel(panel_id)
    configs = Config.objects.filter(inbound__panel=panel)
    if configs.exclude(state=Config.State.DELETED).exists():
        text = _("Configs stand on this panel. Move or delete them first.")
        raise ConflictError(text, code="panel_in_use")
    left = Removal.objects.filter(inbound__panel=panel, done_at=None).count()
    _unlink(configs)
    _record(panel, actor=actor, action="panel.deleted", name=panel.name, clients_left=left)
    panel.delete()


def test_panel(*, actor: User | None, panel_id: uuid.UUID) -> PanelTest:
    """Sign in to a panel now and say what came of it; refused credentials are tried once more.

    What is found counts as a look, and brings the inbounds up to date.

    :raises NotFoundError: there is no such panel.
    """
    panel = Panel.objects.filter(pk=panel_id).first()
    if panel is None:
        raise NotFoundError
    # What stands in the way of a client is what the look then says.
    with suppress(AddressError, SecretsUnavailableError):
        open_client(panel).try_again()
    look = panel_health.ask(panel, with_inbounds=True)
    panel_health.record_look(panel, look)
    _record(panel, actor=actor, action="panel.tested", state=look.state)
    return _result(look)


@transaction.atomic
def change_inbound(*, actor: User | None, inbound_id: int, changes: InboundChanges) -> Inbound:
    """Say what may be sold from an inbound, and how customers read its name.

    :raises NotFoundError: there is no such inbound.
    :raises InputError: the protocol is not one that is sold.
    """
    inbound = lock_inbound(inbound_id)
    if changes.is_sold and inbound.protocol not in Config.Protocol.values:
        message = _("Only VLESS and TROJAN are sold.")
        raise _bad("is_sold", "protocol_not_sold", message)
    if changes.is_sold is not None:
        inbound.is_sold = changes.is_sold
    if changes.title is not None:
        inbound.title = _short("title", changes.title, most=64)
    if changes.capacity is not None:
        inbound.capacity = changes.capacity or None
    inbound.save(update_fields=["is_sold", "title", "capacity"])
    record_audit(
        actor=actor,
        action="inbound.changed",
        target=f"inbound:{inbound.pk}",
        details={
            "is_sold": inbound.is_sold,
            "title": inbound.title,
            "capacity": inbound.capacity,
        },
    )
    return inbound


def _apply(panel: Panel, changes: PanelChanges) -> None:
    if changes.name is not None:
        panel.name = _short("name", changes.name, most=_LONGEST["name"])
        if not panel.name:
            raise _bad("name", "required", _("Give the panel a name."))
    if changes.url is not None:
        panel.url = _clean_url(changes.url)
    if changes.public_host is not None:
        panel.public_host = _short("public_host", changes.public_host, most=_LONGEST["public_host"])
    if changes.country is not None:
        panel.country = _clean_country(changes.country)
    if changes.is_enabled is not None:
        panel.is_enabled = changes.is_enabled
    if changes.is_open is not None:
        panel.is_open = changes.is_open


def _clean_url(url: str) -> str:
    try:
        return clean_url(_short("url", url, most=_LONGEST["url"]))
    except AddressError:
        text = _("This is not the address of a panel: https://host:port/path.")
        raise _bad("url", "bad_address", text) from None


def _clean_country(country: str) -> str:
    code = country.strip().upper()
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise _bad("country", "bad_country", _("A country is written in two letters, such as NL."))
    return code


def _short(field: str, text: str, *, most: int) -> str:
    text = text.strip()
    if len(text) > most or not text.isprintable():
        message = _("At most %(most)s characters, without control characters.") % {"most": most}
        raise _bad(field, "bad_text", message)
    return text


def _changed_credentials(panel: Panel, changes: PanelChanges, *, is_new: bool) -> Credentials:
    known = Credentials(username=panel.username) if is_new else open_credentials(panel)
    return replace(known, **changes.credentials)


def _seal(panel: Panel, credentials: Credentials) -> None:
    _short("username", credentials.username, most=_LONGEST["username"])
    if not credentials.token and not (credentials.username and credentials.password):
        message = _("Enter a user name and a password, or a token.")
        raise _bad("password", "credentials_required", message)
    seal_credentials(panel, credentials)


def _save(panel: Panel, *, force_insert: bool = False) -> None:
    try:
        with transaction.atomic():
            panel.save(force_insert=force_insert)
    except IntegrityError:
        text = _("A panel with this name or address is already here.")
        raise ConflictError(text, code="panel_taken") from None


def _unlink(configs: QuerySet[Config]) -> None:
    """Deleted configs are kept, and keep no inbound."""
    ids = configs.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
    Config.objects.filter(pk__in=list(ids)).update(inbound=None)


def _result(look: Look) -> PanelTest:
    status = look.status
    return PanelTest(
        is_good=look.state == Panel.State.UP,
        state=look.state,
        latency_ms=look.latency_ms,
        generation=status.generation if status else "",
        version=(status.version or status.generation) if status else "",
        text=str(_TEXTS.get(look.state, look.error)),
        raw=look.error,
    )


_TEXTS: dict[str, Any] = {
    Panel.State.UP: gettext_lazy("The panel works."),
    Panel.State.XRAY_DOWN: gettext_lazy("The panel answers, but its Xray does not run."),
    Panel.State.DOWN: gettext_lazy("The panel does not answer."),
    Panel.State.REFUSED: gettext_lazy("The panel does not let us in."),
}


def _bad(field: str, code: str, message: str) -> InputError:
    return InputError(message, code=code, fields=[FieldError(field, code, message)])


def _record(panel: Panel, *, actor: User | None, action: str, **details: Any) -> None:
    record_audit(actor=actor, action=action, target=f"panel:{panel.pk}", details=details)
