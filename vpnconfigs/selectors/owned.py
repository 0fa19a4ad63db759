"""What a person's QR codes are made of: fetching is the permission check."""

from uuid import UUID

from accounts.models import User
from config.lib.errors import NotFoundError
from vpnconfigs.models import Config
from vpnconfigs.selectors.links import links_of


def get_link_for(actor: User, config_id: UUID) -> str:
    """Return the first link of a config.

    :raises NotFoundError: it is not there, is somebody else's (it is a secret, also to staff), or
        has no link.
    """
    found = Config.objects.filter(pk=config_id, user=actor, state__in=Config.PLACED)
    config = found.select_related("inbound__panel").first()
    links = links_of(config) if config is not None else []
    if not links:
        raise NotFoundError
    return links[0]
