"""The wire shapes of what customers see."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from vpnconfigs.markup import render_markdown
from vpnconfigs.models import Config, Device, Gift, News, Request, RequestMessage, Tariff
from vpnconfigs.selectors.links import links_of
from vpnconfigs.selectors.states import shown_state
from vpnconfigs.services.promo_codes import Terms
from vpnconfigs.services.subscriptions import subscription_url

Document = dict[str, Any]


def config_document(config: Config, *, now: datetime | None = None) -> Document:
    """Return a config; what it hangs on is at hand (``selectors.configs.configs_of``)."""
    inbound = config.inbound
    return {
        "id": config.pk,
        "protocol": config.protocol,
        "name": config.name,
        "status": shown_state(config, now or timezone.now()),
        "valid_from_dttm": config.valid_from,
        "valid_to_dttm": config.valid_to,
        "traffic_limit_bytes": config.traffic_limit_bytes,
        "traffic_used_bytes": config.used_bytes,
        "links": links_of(config),
        "subscription_url": subscription_url(config.subscription),
        "tariff": config.tariff.code if config.tariff else None,
        "country": inbound.panel.country if inbound else "",
        "is_trial": config.is_trial,
        "device_limit": config.device_limit,
        "is_synced": config.is_synced,
        "is_online": config.is_online,
        "last_online_at": config.last_online_at,
        "created_at": config.created_at,
    }


def config_documents(configs: Iterable[Config]) -> list[Document]:
    now = timezone.now()
    return [config_document(config, now=now) for config in configs]


def tariff_document(tariff: Tariff) -> Document:
    return {
        "id": tariff.pk,
        "code": tariff.code,
        "name": tariff.name,
        "description": tariff.description,
        "days": tariff.days,
        "traffic_limit_bytes": tariff.traffic_limit_bytes,
        "device_limit": tariff.device_limit,
        "price_kopecks": tariff.price_kopecks,
        "is_self_service": tariff.is_self_service,
        "is_trial": tariff.is_trial,
    }


def terms_document(terms: Terms) -> Document:
    return {
        "tariff": terms.tariff.code,
        "price_kopecks": terms.price_kopecks,
        "discount_kopecks": terms.discount_kopecks,
        "days": terms.days,
    }


def gift_document(gift: Gift) -> Document:
    return {
        "id": gift.pk,
        "code": gift.code,
        "tariff": gift.tariff.code,
        "is_taken": gift.taken_at is not None,
        "expires_at": gift.expires_at,
        "created_at": gift.created_at,
    }


def device_document(device: Device) -> Document:
    return {
        "id": device.pk,
        "model": device.model,
        "platform": device.platform,
        "os_version": device.os_version,
        "app": device.app,
        "created_at": device.created_at,
        "last_seen_at": device.last_seen_at,
    }


def news_document(piece: News, *, is_read: bool) -> Document:
    """Return a piece of news in the reader's language."""
    return {
        "id": piece.pk,
        "title": piece.title,
        "text": piece.text,
        "html": render_markdown(piece.text),
        "is_pinned": piece.is_pinned,
        "is_read": is_read,
        "published_at": piece.published_at,
    }


def request_document(request: Request, *, is_unread: bool) -> Document:
    return {
        "id": request.pk,
        "kind": request.kind,
        "state": request.state,
        "tariff": request.tariff.code if request.tariff else None,
        "protocol": request.protocol,
        "country": request.country,
        "config": request.config_id,
        "comment": request.comment,
        "is_unread": is_unread,
        "decided_at": request.decided_at,
        "last_message_at": request.last_message_at,
        "created_at": request.created_at,
    }


def message_document(message: RequestMessage) -> Document:
    return {
        "id": message.pk,
        "is_from_staff": message.is_from_staff,
        "author": message.author.display_name if message.author else "",
        "text": message.text,
        "created_at": message.created_at,
    }
