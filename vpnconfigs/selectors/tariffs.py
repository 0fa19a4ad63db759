"""What is on offer."""

import uuid

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.lib.errors import BusinessRuleError, FieldError, InputError
from vpnconfigs.models import Config, Tariff, TrialUse


def offered_tariffs(user: User) -> QuerySet[Tariff]:
    """Return what a person may have: what is shown, the trial only to who had none."""
    rows = Tariff.objects.filter(is_visible=True)
    if TrialUse.objects.filter(user=user).exists():
        rows = rows.filter(is_trial=False)
    return rows


def find_offered(wanted: str, *, config: Config | None = None) -> Tariff:
    """Return a tariff by its code or id, as far as it is on offer.

    :param config: its own tariff may be had again even where it is not shown any more.
    :raises InputError: there is none that may be had.
    """
    tariff = find_tariff(wanted)
    is_own = config is not None and config.tariff_id == tariff.pk
    if not (tariff.is_visible or is_own):
        raise _unknown()
    return tariff


def find_tariff(wanted: str) -> Tariff:
    """Return a tariff by its code or id, whether it is on offer or not; for staff.

    :raises InputError: there is none.
    """
    tariff = Tariff.objects.filter(_is(wanted)).first()
    if tariff is None:
        raise _unknown()
    return tariff


def default_tariff(user: User) -> Tariff:
    """Return what a person gets who names no tariff: the first that costs nothing.

    :raises BusinessRuleError: ``tariff_required``: there is none.
    """
    free = offered_tariffs(user).filter(is_self_service=True, price_kopecks=0)
    tariff = free.first()
    if tariff is None:
        raise BusinessRuleError(_("Choose a tariff."), code="tariff_required")
    return tariff


def _is(wanted: str) -> Q:
    try:
        return Q(pk=uuid.UUID(wanted))
    except ValueError:
        return Q(code=wanted)


def _unknown() -> InputError:
    text = _("There is no such tariff.")
    return InputError(fields=[FieldError("tariff", "does_not_exist", text)])
