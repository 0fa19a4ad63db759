"""How we sign in to a panel: sealed on its row, opened for its client and for nothing else."""

import json
from dataclasses import asdict

from config.lib.http import AmbiguousError, OutsideError, PermanentError
from integrations.services import secrets
from integrations.services.secrets import SecretRef
from integrations.xui.client import XuiClient, panel_client
from integrations.xui.errors import BusyError, NotSignedInError, SignInRefusedError
from integrations.xui.types import Credentials
from vpnconfigs.models import Panel

_HINT_TAIL = 4


def credentials_ref(panel: Panel) -> SecretRef:
    """Return the one place where a panel's credentials may be opened."""
    return SecretRef(
        purpose="xui.credentials",
        model="vpnconfigs.Panel",
        pk=str(panel.pk),
        owner="installation",
    )


def seal_credentials(panel: Panel, credentials: Credentials) -> None:
    """Put credentials on a panel's row, which is not saved, with what may be shown of them."""
    panel.sealed_credentials = secrets.seal(credentials_ref(panel), json.dumps(asdict(credentials)))
    panel.username = credentials.username
    tail = credentials.token[-_HINT_TAIL:] if len(credentials.token) > 4 * _HINT_TAIL else ""
    panel.token_hint = f"…{tail}" if credentials.token else ""


def open_credentials(panel: Panel) -> Credentials:
    """Return how we sign in.

    :raises SecretsUnavailableError: the store of secrets is down, or the secret is damaged.
    """
    opened = secrets.open(credentials_ref(panel), panel.sealed_credentials)
    return Credentials(**json.loads(opened))


def open_client(panel: Panel) -> XuiClient:
    """Return this process's client of a panel; makes no call.

    :raises SecretsUnavailableError: as ``open_credentials``.
    :raises AddressError: the address is not one that a panel can have.
    """
    return panel_client(panel.url, open_credentials(panel))


def code_of(error: OutsideError) -> str:
    """Return a stable name for what went wrong with a panel."""
    match error:
        case PermanentError():
            return error.code
        case AmbiguousError():
            return "unclear"
        case BusyError():
            return "busy"
        case SignInRefusedError():
            return "sign_in_refused"
        case NotSignedInError():
            return "not_signed_in"
    return "down"
