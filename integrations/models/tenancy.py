"""Where every queryset of an organization's rows starts."""

from typing import Any, Self, TypeVar

from django.db import models

from accounts.models import Organization

M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows with an ``organization``."""

    def for_organization(self, organization: Organization | Any) -> Self:
        """Keep the rows of one organization (the object or its id)."""
        return self.filter(organization=organization)
