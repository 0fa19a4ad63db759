"""What staff do to many configs at once: the rows are the queue, and keep what came of each."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Job
from vpnconfigs.models.configs import Config
from vpnconfigs.models.panels import Inbound


class MassAction(models.Model):
    """One deed for many configs. Its job says how far it is, and whether it shall stop."""

    class Action(models.TextChoices):
        EXTEND = "extend", _("give days")
        SUSPEND = "suspend", _("suspend")
        RESUME = "resume", _("resume")
        RESET_TRAFFIC = "reset_traffic", _("reset traffic")
        MOVE = "move", _("move")
        DELETE = "delete", _("delete")

    job = models.OneToOneField(
        Job, on_delete=models.CASCADE, verbose_name=_("job"), related_name="vpn_mass_action"
    )
    action = models.CharField(_("action"), max_length=13, choices=Action)
    days = models.PositiveIntegerField(_("days"), default=0)
    # Where to; none: wherever there is room.
    inbound = models.ForeignKey(
        Inbound,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("inbound"),
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("mass action")
        verbose_name_plural = _("mass actions")

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"


class MassActionRow(models.Model):
    """One config of a mass action, and what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    mass_action = models.ForeignKey(
        MassAction, on_delete=models.CASCADE, verbose_name=_("mass action"), related_name="rows"
    )
    config = models.ForeignKey(
        Config, on_delete=models.CASCADE, verbose_name=_("config"), related_name="+"
    )
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    error_code = models.CharField(_("error"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("row of a mass action")
        verbose_name_plural = _("rows of mass actions")
        constraints = [
            models.UniqueConstraint(fields=["mass_action", "config"], name="mass_row_once")
        ]
        indexes = [
            models.Index(
                fields=["mass_action", "id"],
                condition=Q(state="waiting"),
                name="mass_row_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.config_id} of {self.mass_action_id}"
