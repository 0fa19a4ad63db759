"""What a person has not read of the shop's: shown beside its sections on every page."""

from dataclasses import dataclass

from django.db.models import Exists

from accounts.models import User
from vpnconfigs.models import Request
from vpnconfigs.selectors.news import unread_news


@dataclass(frozen=True, slots=True)
class Marks:
    has_news: bool = False
    has_answers: bool = False

    @property
    def has_any(self) -> bool:
        return self.has_news or self.has_answers


def marks_of(user: User) -> Marks:
    """Return what is unread, in one query."""
    answers = Request.objects.filter(user=user, is_unread_by_user=True)
    found = User.objects.filter(pk=user.pk).values_list(Exists(unread_news(user)), Exists(answers))
    has_news, has_answers = found.first() or (False, False)
    return Marks(has_news=has_news, has_answers=has_answers)
