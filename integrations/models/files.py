import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from integrations.models.tenancy import OwnedQuerySet


def storage_path(stored: "StoredFile", filename: str) -> str:
    """Return where a content lies: below its organization, by its hash."""
    return f"files/{stored.organization_id}/{stored.sha256[:2]}/{filename}"


class StoredFile(models.Model):
    """A content that came from outside or shall go there, kept once for each organization.

    Has no address of its own: whoever shows it has to ask first who may see it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, verbose_name=_("organization"), related_name="files"
    )
    sha256 = models.CharField(max_length=64)
    content = models.FileField(_("content"), upload_to=storage_path, max_length=200)
    content_type = models.CharField(_("content type"), max_length=64)
    size = models.PositiveIntegerField(_("size, bytes"))
    width = models.PositiveIntegerField(_("width, pixels"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height, pixels"), null=True, blank=True)
    duration_seconds = models.FloatField(_("duration, seconds"), null=True, blank=True)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [models.UniqueConstraint(fields=["organization", "sha256"], name="file_once")]

    def __str__(self) -> str:
        return f"{self.content_type} {self.sha256[:8]}"
