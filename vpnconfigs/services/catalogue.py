"""Tariffs and promo codes, as staff keep them."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.audit import record_audit
from config.lib.errors import ConflictError, FieldError, InputError, NotFoundError
from vpnconfigs.models import PromoCode, Tariff
from vpnconfigs.services.promo_codes import clean_code


def save_tariff(
    *, actor: User, fields: Mapping[str, Any], tariff_id: uuid.UUID | None = None
) -> Tariff:
    """Make a tariff, or change one; who has its configs keeps what they have.

    :param fields: of ``Tariff``; ``inbounds`` are instances.
    :raises NotFoundError: there is no such tariff.
    :raises ConflictError: ``code_taken``.
    """
    given = dict(fields)
    inbounds = given.pop("inbounds", None)
    with transaction.atomic():
        tariff = Tariff()
        if tariff_id is not None:
            found = Tariff.objects.select_for_update(no_key=True).filter(pk=tariff_id).first()
            if found is None:
                raise NotFoundError
            tariff = found
        _store(tariff, given)
        if inbounds is not None:
            tariff.inbounds.set(inbounds)
        details = {name: str(value) for name, value in given.items()}
        target = f"vpn_tariff:{tariff.pk}"
        record_audit(actor=actor, action="vpn_tariff.saved", target=target, details=details)
    return tariff


def save_promo_code(
    *, actor: User, fields: Mapping[str, Any], promo_id: uuid.UUID | None = None
) -> PromoCode:
    """Make a promo code, or change one; uses that were counted stay.

    :param fields: of ``PromoCode``; ``tariffs`` are instances.
    :raises NotFoundError: there is no such code.
    :raises ConflictError: ``code_taken``.
    :raises InputError: more than a hundred percent, or fewer uses than there were.
    """
    given = dict(fields)
    tariffs = given.pop("tariffs", None)
    if "code" in given:
        given["code"] = clean_code(given["code"])
    with transaction.atomic():
        promo = PromoCode()
        if promo_id is not None:
            found = PromoCode.objects.select_for_update(no_key=True).filter(pk=promo_id).first()
            if found is None:
                raise NotFoundError
            promo = found
        _refuse_nonsense(promo, given)
        _store(promo, given)
        if tariffs is not None:
            promo.tariffs.set(tariffs)
        details = {name: str(value) for name, value in given.items()}
        target = f"vpn_promo_code:{promo.pk}"
        record_audit(actor=actor, action="vpn_promo_code.saved", target=target, details=details)
    return promo


def _store(row: Tariff | PromoCode, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise ConflictError(_("This code is taken."), code="code_taken") from None


def _refuse_nonsense(promo: PromoCode, given: Mapping[str, Any]) -> None:
    effect = given.get("effect", promo.effect)
    if effect == PromoCode.Effect.PERCENT and given.get("value", promo.value or 0) > 100:
        text = _("At most a hundred percent.")
        raise InputError(fields=[FieldError("value", "max_value", text)])
    most = given.get("most_uses", promo.most_uses)
    if most is not None and most < promo.used_count:
        text = _("It has been used more often.")
        raise InputError(fields=[FieldError("most_uses", "min_value", text)])
