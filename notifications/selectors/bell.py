"""What the bell shows: everything that somebody was told, but for kinds muted on the site."""

from django.db.models import Exists, Func, JSONField, OuterRef, QuerySet, Value
from django.db.models.functions import Concat

from accounts.models import User
from config.lib.errors import NotFoundError
from notifications.models import Notification, Preference

# Nobody reads "1,204"; counting ends where it makes no difference any more.
MOST_COUNTED = 100
# It tells of notices that are listed themselves.
DIGEST = "notifications.digest"
_MUTED = Exists(
    Preference.objects.filter(
        user=OuterRef("recipient"),
        muted__contains=Func(
            Concat(Value("site:"), OuterRef("kind")),
            function="jsonb_build_array",
            output_field=JSONField(),
        ),
    )
)


def notices_of(user: User) -> QuerySet[Notification]:
    """Return what the bell of ``user`` lists, in no order."""
    return Notification.objects.filter(~_MUTED, recipient=user).exclude(kind=DIGEST)


def unread_of(user: User) -> QuerySet[Notification]:
    """Return what ``user`` has not seen yet."""
    return notices_of(user).filter(read_at=None)


def count_unread(user: User) -> int:
    """Return how many ``unread_of`` there are, 100 at most. One query along an index of those."""
    return unread_of(user)[:MOST_COUNTED].count()


def get_notice_for(user: User, notification_id: int) -> Notification:
    """Return one notice of ``user``.

    :raises NotFoundError: it is not there, muted, or somebody else's.
    """
    notice = notices_of(user).filter(pk=notification_id).first()
    if notice is None:
        raise NotFoundError
    return notice
