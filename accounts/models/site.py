from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SiteSettings(models.Model):
    """What the staff may switch without a restart: one row, read through a cache."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    site_name = models.CharField(_("name of the site"), max_length=64, default="Depesha")
    is_registration_open = models.BooleanField(_("anybody may register"), default=True)
    support_contact = models.CharField(_("support contact"), max_length=128, blank=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("site settings")
        verbose_name_plural = _("site settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="site_settings_one_row")]

    def __str__(self) -> str:
        return self.site_name
