from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class InboundEvent(models.Model):
    """Something that came in from outside, stored before the outside was told "ok".

    One lane is one chat: its events are handled one after another, in the order of ``id``.
    """

    class State(models.TextChoices):
        NEW = "new", _("waiting")
        DONE = "done", _("handled")
        SET_ASIDE = "set_aside", _("set aside")

    source = models.CharField(_("source"), max_length=16)
    account_id = models.UUIDField(_("account"))
    external_id = models.CharField(_("outer id"), max_length=128)
    lane = models.CharField(_("lane"), max_length=200)
    payload = models.JSONField(_("content"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.NEW)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"))
    last_error = models.TextField(_("last error"), blank=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    received_at = models.DateTimeField(_("received"))
    processed_at = models.DateTimeField(_("handled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("inbound event")
        verbose_name_plural = _("inbox")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "account_id", "external_id"], name="inbound_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["lane", "id"], condition=Q(state="new"), name="inbound_waiting_by_lane"
            ),
            # Rows come in the order of their time, so a few bytes for each block are enough.
            BrinIndex(fields=["received_at"], name="inbound_by_age", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"
