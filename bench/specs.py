"""What we said on the wires, held against what others wrote: the published descriptions.

They lie beside the project, in `../shared/contracts`; a test that needs them is skipped, visibly,
where they are absent.
"""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from launcher.layout import ROOT

CONTRACTS = ROOT.parent / "shared" / "contracts"
TELEGRAM = CONTRACTS / "telegram-bot-api.json"
AVITO = CONTRACTS / "avito-messenger.openapi.json"
AVITO_HOST = "https://api.avito.ru"
OK = 200

Json = dict[str, Any]

_BASIC: Mapping[str, Callable[[object], bool]] = {
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
}


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. A status of 0: the connection broke before the answer."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes


def require(*contracts: Path) -> None:
    """Skip the running test, saying why, unless these descriptions are at hand."""
    for contract in contracts:
        if not contract.exists():
            pytest.skip(f"{contract.name} is not at hand")


def find_telegram_breaches(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """Get what calls of a sandbox's journal say that the Bot API does not know.

    Each method must exist, each parameter be one of its own and of a type that it takes (objects
    are not looked into), and the required ones be there. Calls of other stand-ins are passed over.
    """
    return [
        f"{call['on']} (seq {call['seq']}): {breach}"
        for call in calls
        if call["on"].startswith("telegram.")
        for breach in _breaches(call["on"].partition(".")[2], call["params"])
    ]


def find_avito_breaches(exchanges: Iterable[Exchange]) -> list[str]:
    """Get the exchanges that are not as Avito's OpenAPI document describes them.

    Requests always; of the answers only the good ones, since failures made on purpose follow no
    document.
    """
    found = []
    for exchange in exchanges:
        request = _request(exchange)
        try:
            with warnings.catch_warnings():
                # Of its kinds of sign-in openapi-core knows no OAuth; a bearer is a header to it.
                warnings.filterwarnings("ignore", "Unsupported scheme type")
                _avito().validate_request(request)
                if exchange.status == OK:
                    _avito().validate_response(request, _response(exchange))
        except OpenAPIError as error:
            reason = error.__cause__ or error
            found.append(f"{exchange.method} {exchange.path}: {type(error).__name__}: {reason}")
    return found


def find_breaches_in_journal(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """Get what a journal of the sandbox holds that neither description knows.

    Of a form only the names of its fields are known; each stands for some content. Fetching a
    file is no method of the Bot API.
    """
    kept = [call for call in calls if call["on"] != "telegram.file"]
    exchanges = [
        _exchange(call) for call in kept if call["on"].startswith("avito.") and call.get("wire")
    ]
    return find_telegram_breaches(kept) + find_avito_breaches(exchanges)


def _exchange(call: Mapping[str, Any]) -> Exchange:
    wire = call["wire"]
    content_type, body = wire["content_type"], (wire["body"] or "").encode()
    if content_type.startswith("multipart/"):
        names = call["params"].keys() - {"user_id", *wire["query"]}
        content_type, body = _form(names)
    return Exchange(
        method=wire["method"],
        path=wire["path"],
        query=wire["query"],
        headers={"Authorization": "Bearer x", "Content-Type": content_type or "application/json"},
        body=body,
        # Answers are held against the document by the tests of the stand-in.
        status=0,
        answer_headers={},
        answer=b"",
    )


def _form(names: Iterable[str]) -> tuple[str, bytes]:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\nx\r\n'
        for name in sorted(names)
    ]
    return "multipart/form-data; boundary=edge", ("".join(parts) + "--edge--\r\n").encode()


def _breaches(method: str, params: Mapping[str, Any]) -> list[str]:
    fields = _methods().get(method)
    if fields is None:
        return ["no such method"]
    required = {name for name, field in fields.items() if field["required"]}
    return [
        *(f"{name} is missing" for name in sorted(required - set(params))),
        *(f"{name} is unknown" for name in sorted(set(params) - set(fields))),
        *(
            f"{name} is no {' or '.join(fields[name]['types'])}: {value!r}"
            for name, value in params.items()
            if name in fields and not any(_is(kind, value) for kind in fields[name]["types"])
        ),
    ]


def _is(kind: str, value: object) -> bool:
    if kind.startswith("Array of "):
        inner = kind.removeprefix("Array of ")
        return isinstance(value, list) and all(_is(inner, item) for item in value)
    check = _BASIC.get(kind)
    return check(value) if check else isinstance(value, dict)


@cache
def _methods() -> dict[str, dict[str, Json]]:
    document = json.loads(TELEGRAM.read_text())
    return {
        name: {field["name"]: field for field in method.get("fields", [])}
        for name, method in document["methods"].items()
    }


@cache
def _avito() -> OpenAPI:
    # The document itself is Avito's: one of its defaults is not of its type.
    config = Config(spec_validator_cls=None)
    return OpenAPI.from_dict(json.loads(AVITO.read_text()), config=config)


def _request(exchange: Exchange) -> MockRequest:
    return MockRequest(
        AVITO_HOST,
        exchange.method.lower(),
        exchange.path,
        args={name: values[0] for name, values in exchange.query.items()},
        headers=dict(exchange.headers),
        data=exchange.body,
        content_type=exchange.headers.get("Content-Type", "application/json"),
    )


def _response(exchange: Exchange) -> MockResponse:
    return MockResponse(
        data=exchange.answer,
        status_code=exchange.status,
        headers=dict(exchange.answer_headers),
        content_type=exchange.answer_headers.get("Content-Type", "application/json"),
    )
