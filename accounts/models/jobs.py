import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Organization, User


class Job(models.Model):
    """Long work with progress that survives a reload. Advanced by ``accounts.services.jobs``."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, verbose_name=_("owner"), related_name="jobs"
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("organization"),
        related_name="jobs",
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RUNNING)
    total = models.PositiveIntegerField(_("of"), default=0)
    ok_count = models.PositiveIntegerField(_("succeeded"), default=0)
    failed_count = models.PositiveIntegerField(_("failed"), default=0)
    log = models.TextField(_("log"), blank=True)
    cancel_requested = models.BooleanField(_("asked to stop"), default=False)
    correlation_id = models.CharField(_("correlation id"), max_length=64)
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last step"), auto_now=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["owner", "-created_at"], name="job_by_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def percent(self) -> int:
        """Progress from 0 to 100; a job of unknown size stays at 0 until it is done."""
        if self.state == self.State.DONE:
            return 100
        done = self.ok_count + self.failed_count
        return min(100, done * 100 // self.total) if self.total else 0
