"""Who is told of a request, and of what becomes of it. Written in the caller's transaction."""

from accounts.models import User
from notifications.services import notify
from vpnconfigs.models import Request, RequestMessage
from vpnconfigs.selectors.people import staff

CREATED = "vpnconfigs.request_created"
MESSAGE_TO_STAFF = "vpnconfigs.request_message"
APPROVED = "vpnconfigs.request_approved"
REFUSED = "vpnconfigs.request_refused"
ANSWERED = "vpnconfigs.request_answered"
_DECIDED = {Request.State.APPROVED: APPROVED, Request.State.REFUSED: REFUSED}


def tell_of_new(request: Request) -> None:
    """Tell the staff that somebody asks."""
    for person in staff():
        _tell(CREATED, person, request, f"{CREATED}:{request.pk}:{person.pk}")


def tell_of_message(request: Request, message: RequestMessage) -> None:
    """Tell the other side of what was said."""
    if message.is_from_staff:
        _tell(ANSWERED, request.user, request, f"{ANSWERED}:{message.pk}", text=message.text)
        return
    for person in staff():
        _tell(MESSAGE_TO_STAFF, person, request, f"{MESSAGE_TO_STAFF}:{message.pk}:{person.pk}")


def tell_of_decision(request: Request) -> None:
    """Tell who asked what was decided."""
    kind = _DECIDED.get(Request.State(request.state))
    if kind is not None:
        _tell(kind, request.user, request, f"{kind}:{request.pk}")


def _tell(kind: str, recipient: User, request: Request, dedup_key: str, *, text: str = "") -> None:
    context = {
        "person": request.user.display_name,
        "name": request.config.name if request.config else "",
        "comment": request.comment,
        "text": text,
        "config": str(request.config_id or ""),
        "path": _page(kind, recipient, request),
    }
    notify(kind=kind, recipient=recipient, context=context, dedup_key=dedup_key)


def _page(kind: str, recipient: User, request: Request) -> str:
    """Return where to go on; whoever got what they asked for wants to use it."""
    if recipient.pk != request.user_id:
        return f"/admin/vpnconfigs/request/{request.pk}/change/"
    if kind == APPROVED and request.config_id:
        return f"/configs/{request.config_id}"
    return f"/requests/{request.pk}"
