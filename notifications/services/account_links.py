"""``?start=link-<token>``: who opens it in the platform's bot signs in by Telegram from now on."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.services.telegram_linking import link_by_bot
from accounts.telegram.person import build_person
from config.lib.errors import AppError
from notifications.selectors.people import language_for
from notifications.services.start_payloads import Start, StartAnswer

PREFIX = "link"


def link_account(start: Start) -> StartAnswer:
    """Link the account that made the link with who has opened it, or say why it was not.

    Only the platform's bot is asked; a refusal changes nothing.
    """
    # They have written to the bot, which may answer ever since.
    person = build_person({**start.person, "allows_write_to_pm": True})
    try:
        user = link_by_bot(token=start.rest, person=person)
    except AppError as error:
        return StartAnswer(str(error.detail))
    with translation.override(language_for(start.person, user)):
        text = _("Done: Telegram now signs you in to the account %(name)s.")
        return StartAnswer(
            text % {"name": user.display_name},
            button=_("Open the account"),
            url=f"{settings.SITE_URL}/account",
        )
