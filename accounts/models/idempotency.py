from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class IdempotencyRecord(models.Model):
    """The first answer to a request with an ``Idempotency-Key``, given again to its repeats.

    Reserved before the work (``status`` empty: in flight) and filled in the work's transaction,
    so an answer is stored if and only if its effect is.
    """

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="+"
    )
    key = models.CharField(_("key"), max_length=255)
    route = models.CharField(_("route"), max_length=200)
    body_hash = models.BinaryField(_("SHA-256 of the body"), max_length=32)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    body = models.JSONField(_("answer"), null=True)
    reserved_until = models.DateTimeField(_("in flight until"))
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [
            models.UniqueConstraint(fields=["user", "route", "key"], name="idempotency_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
