"""Why a sign-in by Telegram was refused. The codes are part of the API."""

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from config.lib.errors import NotSignedInError, Text


class TelegramRefusedError(NotSignedInError):
    """Data that proves nobody's identity. One of ``texts`` says why."""

    texts: ClassVar[dict[str, Text]] = {
        "telegram_data_malformed": _("This is not what Telegram sends."),
        "telegram_data_expired": _("This sign-in has become too old. Please open the app again."),
        "telegram_data_early": _("This sign-in is dated ahead of our clock."),
        "telegram_data_forged": _("Telegram did not sign this for us."),
        "telegram_person_invalid": _("Telegram named no person who could sign in."),
        "telegram_bot_unknown": _("There is no such bot here."),
        "telegram_bot_untrusted": _("Please sign in through the bot of this site."),
        "telegram_login_failed": _("Telegram did not confirm the sign-in. Please try again."),
    }

    def __init__(self, code: str) -> None:
        super().__init__(self.texts[code], code=code)
