"""The routes of the API, by generation."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from . import blobs, bulk, counters, inbounds, links, records, tokens
from .calls import Call

Handler = Callable[[Call], Awaitable[Any]]

ALL = frozenset({"g2", "g3a", "g3b"})
OLD = frozenset({"g2", "g3a"})
NEW = frozenset({"g3b"})
G3A = frozenset({"g3a"})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """``path`` follows ``panel/api/``; ``:name`` in it stands for one segment."""

    name: str
    method: str
    path: str
    handler: Handler
    generations: frozenset[str]
    message: str = ""
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.compile(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", self.path))
        object.__setattr__(self, "pattern", pattern)


ADDED = "Inbound client(s) have been added."
UPDATED = "Inbound client has been updated."
DELETED = "Inbound client has been deleted."
RESET = "Traffic has been reset."

# name, method, path, handler, generations, message
_ROWS: tuple[tuple[str, str, str, Handler, frozenset[str], str], ...] = (
    ("listInbounds", "GET", "inbounds/list", inbounds.list_inbounds, ALL, ""),
    ("listSlim", "GET", "inbounds/list/slim", inbounds.list_slim, NEW, ""),
    ("listOptions", "GET", "inbounds/options", inbounds.list_options, NEW, ""),
    ("getInbound", "GET", "inbounds/get/:id", inbounds.get_inbound, ALL, ""),
    ("addInbound", "POST", "inbounds/add", inbounds.add_inbound, ALL, ""),
    ("updateInbound", "POST", "inbounds/update/:id", inbounds.update_inbound, ALL, ""),
    ("deleteInbound", "POST", "inbounds/del/:id", inbounds.delete_inbound, ALL, ""),
    ("deleteInbounds", "POST", "inbounds/bulkDel", inbounds.delete_inbounds, NEW, ""),
    ("setEnable", "POST", "inbounds/setEnable/:id", inbounds.set_enable, ALL, ""),
    ("addClient", "POST", "inbounds/addClient", blobs.add_clients, OLD, ADDED),
    ("updateClient", "POST", "inbounds/updateClient/:clientId", blobs.update_client, OLD, UPDATED),
    ("deleteClient", "POST", "inbounds/:id/delClient/:clientId", blobs.delete_client, OLD, DELETED),
    (
        "deleteClientByEmail",
        "POST",
        "inbounds/:id/delClientByEmail/:email",
        blobs.delete_client_by_email,
        OLD,
        DELETED,
    ),
    ("getTraffic", "GET", "inbounds/getClientTraffics/:email", counters.get_traffic, OLD, ""),
    (
        "getTrafficById",
        "GET",
        "inbounds/getClientTrafficsById/:uuid",
        counters.get_traffic_by_id,
        OLD,
        "",
    ),
    ("setTraffic", "POST", "inbounds/updateClientTraffic/:email", counters.set_traffic, OLD, ""),
    (
        "resetTraffic",
        "POST",
        "inbounds/:id/resetClientTraffic/:email",
        counters.reset_traffic,
        OLD,
        RESET,
    ),
    (
        "resetClientsOf",
        "POST",
        "inbounds/resetAllClientTraffics/:id",
        counters.reset_clients_of,
        OLD,
        RESET,
    ),
    ("resetInbounds", "POST", "inbounds/resetAllTraffics", counters.reset_inbounds, OLD, RESET),
    ("deleteDepleted", "POST", "inbounds/delDepletedClients/:id", blobs.delete_depleted, OLD, ""),
    ("onlines", "POST", "inbounds/onlines", counters.list_online, OLD, ""),
    ("lastOnline", "POST", "inbounds/lastOnline", counters.list_last_online, OLD, ""),
    ("clientIps", "POST", "inbounds/clientIps/:email", counters.list_ips, OLD, ""),
    ("clearIps", "POST", "inbounds/clearClientIps/:email", counters.clear_ips, OLD, ""),
    ("subLinks", "GET", "inbounds/getSubLinks/:subId", links.sub_links, G3A, ""),
    ("clientLinks", "GET", "inbounds/getClientLinks/:id/:email", links.client_links, G3A, ""),
    ("addClient", "POST", "clients/add", records.add_client, NEW, ADDED),
    ("updateClient", "POST", "clients/update/:email", records.update_client, NEW, UPDATED),
    ("deleteClient", "POST", "clients/del/:email", records.delete_client, NEW, DELETED),
    ("detachClient", "POST", "clients/:email/detach", records.detach, NEW, UPDATED),
    ("attachClient", "POST", "clients/:email/attach", records.attach, NEW, UPDATED),
    ("getClient", "GET", "clients/get/:email", records.get_client, NEW, ""),
    ("listClients", "GET", "clients/list", records.list_clients, NEW, ""),
    ("listPage", "GET", "clients/list/paged", records.list_page, NEW, ""),
    ("getByTelegram", "GET", "clients/get/tgId/:id", records.get_by_telegram, NEW, ""),
    ("getTraffic", "GET", "clients/traffic/:email", counters.get_traffic, NEW, ""),
    ("setTraffic", "POST", "clients/updateTraffic/:email", counters.set_traffic, NEW, ""),
    ("resetTraffic", "POST", "clients/resetTraffic/:email", counters.reset_traffic, NEW, RESET),
    ("resetMany", "POST", "clients/bulkResetTraffic", bulk.reset_traffic, NEW, RESET),
    ("resetClients", "POST", "clients/resetAllTraffics", counters.reset_clients, NEW, RESET),
    ("resetInbound", "POST", "inbounds/:id/resetTraffic", counters.reset_inbound, NEW, RESET),
    ("enableMany", "POST", "clients/bulkEnable", bulk.enable, NEW, UPDATED),
    ("disableMany", "POST", "clients/bulkDisable", bulk.disable, NEW, UPDATED),
    ("adjustMany", "POST", "clients/bulkAdjust", bulk.adjust, NEW, UPDATED),
    ("createMany", "POST", "clients/bulkCreate", bulk.create, NEW, ADDED),
    ("deleteMany", "POST", "clients/bulkDel", bulk.delete, NEW, DELETED),
    ("deleteDepleted", "POST", "clients/delDepleted", records.delete_depleted, NEW, ""),
    ("onlines", "POST", "clients/onlines", counters.list_online, NEW, ""),
    ("lastOnline", "POST", "clients/lastOnline", counters.list_last_online, NEW, ""),
    ("clientIps", "POST", "clients/ips/:email", counters.list_ips, NEW, ""),
    ("clearIps", "POST", "clients/clearIps/:email", counters.clear_ips, NEW, ""),
    ("subLinks", "GET", "clients/subLinks/:subId", links.sub_links, NEW, ""),
    ("clientLinks", "GET", "clients/links/:email", links.client_links, NEW, ""),
    ("listTokens", "GET", "setting/apiTokens", tokens.list_tokens, NEW, ""),
    ("createToken", "POST", "setting/apiTokens/create", tokens.create_token, NEW, ""),
    ("deleteToken", "POST", "setting/apiTokens/delete/:id", tokens.delete_token, NEW, ""),
    ("setTokenEnabled", "POST", "setting/apiTokens/setEnabled/:id", tokens.set_enabled, NEW, ""),
    ("status", "GET", "server/status", counters.get_status, ALL, ""),
    ("updateInfo", "GET", "server/getPanelUpdateInfo", counters.get_update_info, ALL, ""),
)

OPERATIONS = tuple(
    Operation(
        name=name,
        method=method,
        path=path,
        handler=handler,
        generations=generations,
        message=message,
    )
    for name, method, path, handler, generations, message in _ROWS
)


def find_operation(
    *, generation: str, method: str, path: str
) -> tuple[Operation, dict[str, str]] | None:
    """The operation behind a decoded path after ``panel/api/`` and the names in it.

    A slash in an e-mail or password ends its segment, encoded or not, as in the panel's router.
    """
    for operation in OPERATIONS:
        if operation.method == method and generation in operation.generations:
            found = operation.pattern.fullmatch(path)
            if found is not None:
                return operation, found.groupdict()
    return None
