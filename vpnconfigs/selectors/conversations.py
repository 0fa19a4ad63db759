"""What a person and the staff are talking about."""

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from vpnconfigs.models import Request, RequestMessage


def find_conversation(user: User) -> Request | None:
    """Return the open request in which words of a person belong: the newest conversation.

    A call for help is one, anything else only once the staff have written about it.
    """
    answers = RequestMessage.objects.filter(request=OuterRef("pk"), is_from_staff=True)
    rows = Request.objects.filter(user=user, state=Request.State.OPEN)
    rows = rows.filter(Q(kind=Request.Kind.SUPPORT) | Exists(answers))
    return rows.select_related("user").order_by("-last_message_at").first()
