"""The wire shapes of what staff see. No links and no secrets are in them."""

from accounts.models import User
from vpnconfigs.api.documents import Document, request_document, tariff_document
from vpnconfigs.models import (
    Inbound,
    MassAction,
    MassActionRow,
    News,
    Panel,
    PanelReport,
    PromoCode,
    Request,
    ShopSettings,
    Tariff,
)
from vpnconfigs.selectors.staff_configs import StaffRow

SHOP_SETTINGS = (
    "title",
    "update_hours",
    "configs_per_person",
    "inbound_rule",
    "has_country_choice",
    "has_device_limits",
    "has_promo_codes",
    "has_gifts",
    "has_referrals",
    "referral_days",
    "support_contact",
)


def config_row(row: StaffRow) -> Document:
    return {
        "id": row.id,
        "name": row.name,
        "protocol": row.protocol,
        "status": row.state,
        "email": row.email,
        "tariff": row.tariff_code,
        "user": _person(row),
        "panel": _panel(row),
        "inbound": row.inbound_id,
        "is_trial": row.is_trial,
        "is_adopted": row.is_adopted,
        "valid_from_dttm": row.valid_from,
        "valid_to_dttm": row.valid_to,
        "traffic_limit_bytes": row.traffic_limit_bytes,
        "traffic_used_bytes": row.used_bytes,
        "is_online": row.is_online,
        "last_online_at": row.last_online_at,
        "suspended_reason": row.suspended_reason,
        "is_synced": row.is_synced,
        "sync_error": row.sync_error_code,
        "created_at": row.created_at,
    }


def staff_request_document(request: Request) -> Document:
    return {
        **request_document(request, is_unread=request.is_unread_by_staff),
        "user": person_document(request.user),
        "decided_by": person_document(request.decided_by) if request.decided_by else None,
    }


def person_document(user: User) -> Document:
    return {"id": user.pk, "name": user.display_name, "email": user.email}


def staff_news_document(piece: News) -> Document:
    names = (
        "title_ru",
        "title_en",
        "text_ru",
        "text_en",
        "state",
        "is_pinned",
        "is_announced",
        "publish_at",
        "published_at",
        "announced_at",
        "created_at",
        "updated_at",
    )
    return {"id": piece.pk, **{name: getattr(piece, name) for name in names}}


def staff_tariff_document(tariff: Tariff) -> Document:
    names = (
        "name_ru",
        "name_en",
        "description_ru",
        "description_en",
        "ip_limit",
        "is_visible",
        "position",
    )
    inbounds = sorted(inbound.pk for inbound in tariff.inbounds.all())
    document = tariff_document(tariff) | {name: getattr(tariff, name) for name in names}
    return document | {"inbounds": inbounds}


def promo_code_document(promo: PromoCode) -> Document:
    names = (
        "code",
        "effect",
        "value",
        "starts_at",
        "ends_at",
        "most_uses",
        "uses_per_person",
        "used_count",
        "is_active",
        "created_at",
    )
    tariffs = sorted(tariff.code for tariff in promo.tariffs.all())
    return {"id": promo.pk, **{name: getattr(promo, name) for name in names}, "tariffs": tariffs}


def shop_settings_document(row: ShopSettings) -> Document:
    return {name: getattr(row, name) for name in SHOP_SETTINGS}


def panel_document(panel: Panel) -> Document:
    """Return a panel; ``configs`` and ``unsynced`` are annotated."""
    names = (
        "name",
        "url",
        "country",
        "public_host",
        "username",
        "token_hint",
        "state",
        "generation",
        "version",
        "xray_version",
        "is_enabled",
        "is_open",
        "state_since",
        "last_seen_at",
        "last_latency_ms",
        "last_error_code",
        "last_error",
        "reconciled_at",
        "configs",
        "unsynced",
    )
    return {"id": panel.pk, **{name: getattr(panel, name) for name in names}}


def report_document(report: PanelReport) -> Document:
    names = (
        "is_dry_run",
        "findings",
        "drift_count",
        "repaired_count",
        "strangers_count",
        "created_at",
    )
    return {"id": report.pk, **{name: getattr(report, name) for name in names}}


def inbound_document(inbound: Inbound) -> Document:
    """Return an inbound; ``load`` is annotated."""
    names = (
        "external_id",
        "protocol",
        "network",
        "security",
        "port",
        "remark",
        "title",
        "is_enabled",
        "is_gone",
        "is_sold",
        "capacity",
        "strangers_count",
    )
    document = {name: getattr(inbound, name) for name in names}
    return {"id": inbound.pk, "configs": vars(inbound)["load"], **document}


def mass_action_document(mass: MassAction) -> Document:
    job = mass.job
    return {
        "job_id": job.pk,
        "action": mass.action,
        "state": job.state,
        "total": job.total,
        "ok_count": job.ok_count,
        "failed_count": job.failed_count,
        "percent": job.percent,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }


def mass_row_document(row: MassActionRow) -> Document:
    return {"config": row.config_id, "state": row.state, "error_code": row.error_code}


def _person(row: StaffRow) -> Document | None:
    if row.user_id is None:
        return None
    full = f"{row.first_name} {row.last_name}".strip()
    names = (full, row.username, row.user_email, row.telegram_username)
    name = next(filter(None, names), f"#{row.user_id}")
    return {"id": row.user_id, "name": name, "email": row.user_email}


def _panel(row: StaffRow) -> Document | None:
    if row.inbound_id is None:
        return None
    return {"id": row.panel_id, "name": row.panel_name, "country": row.panel_country}
