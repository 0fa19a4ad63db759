"""The VPN shop in the admin. What has rules goes through the services; nothing secret shows."""

from vpnconfigs.admin import configs, panels, records, shop, talk

__all__ = ["configs", "panels", "records", "shop", "talk"]
