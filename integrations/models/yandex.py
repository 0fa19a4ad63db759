from django.db import models
from django.utils.translation import gettext_lazy as _


class YandexBot(models.Model):
    """The site's bot in Yandex Messenger, as it told of itself; the token is in the settings.

    ``id`` is Yandex's own. A new token of the same bot keeps the row, another bot makes another.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    login = models.CharField(_("login"), max_length=254)
    display_name = models.CharField(_("name"), max_length=254, blank=True)
    token_hash = models.BinaryField(max_length=32)
    # Of the address that updates are sent to; empty while they are fetched.
    webhook_hash = models.BinaryField(max_length=32, blank=True, default=b"")
    told_at = models.DateTimeField(_("introduced"))
    next_update_id = models.BigIntegerField(_("next update"), default=0)

    class Meta:
        verbose_name = _("bot in Yandex Messenger")
        verbose_name_plural = _("bots in Yandex Messenger")

    def __str__(self) -> str:
        return self.login
