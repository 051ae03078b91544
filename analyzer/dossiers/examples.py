"""Example messages of a dossier: as its file gives them, or made of its grammar, and look-alikes of others.

Identifiers in them are synthetic. A look-alike has the same shape and the same values, and belongs to no
sender: a dossier that recognises it would accuse a stranger.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from analyzer.dossiers.schema import Dossier
from analyzer.model import Body, Endpoint, Evidence, Message

PHONE, SERVER = "192.0.2.10", "198.51.100.20"  # addresses for documentation (RFC 5737)
STRANGER = "look-alike.example"
# What a field of a kind holds: numbers of specifications, and made up ones with right check digits.
SAMPLES = {
    "imei": "490154203237518", "imeisv": "4901542032375101", "meid": "A000004F1C2D3E",
    "imsi": "242010123456789",
    "iccid": "8947010000123456784", "msisdn": "+4791234567", "mac": "00:00:5e:00:53:a7",
    "bssid": "00:00:5e:00:53:3e", "ssid": "Hytta", "android_id": "8d0d866b16519537",
    "device_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "serial_number": "SN0123456789",
    "email": "kari@example.org", "oaid": "0b4f4c7e-9a3d-4f0e-8f5e-3c1b2a4d5e6f",
    "gaid": "38400000-8cf0-11bd-b23e-10b96e40000d", "idfa": "EA7583CD-A667-48BC-B806-42ECB2B48606",
    "latitude": "59.913900", "longitude": "10.752200",
}  # fmt: skip
STEPS: Mapping[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zlib": zlib.compress,
    "hexadecimal": lambda data: data.hex().encode(),
}
CAN_BE_MADE = frozenset((
    "host", "path", "port", "method", "content-type", "header", "grammar", "keys", "encoding", "identifiers",
    "no-body", "no-identifiers",
))  # fmt: skip
FORM = "application/x-www-form-urlencoded"


class ExampleMessage(NamedTuple):
    """A message as it is sent. `data` is that of a layout's message; HTTP has the other parts instead."""

    protocol: str
    transport: str = "tcp"
    host: str = ""
    port: int = 80
    method: str = ""
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    data: bytes = b""
    expects: Mapping[str, str] = {}  # values that have to be read in it, by the names of their fields

    def wire(self) -> bytes:
        """Return the bytes that the sender puts on the wire."""
        if self.data:
            return self.data
        fields = [("Host", self.host), *self.headers]
        if self.body:
            fields.append(("Content-Length", str(len(self.body))))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return f"{self.method} {self.target} HTTP/1.1\r\n{head}\r\n".encode() + self.body


def example_of(dossier: Dossier) -> ExampleMessage | None:
    """Return the message that the file gives, or one made of the grammar; None where neither is possible."""
    given = dossier.example
    if dossier.name_only:
        return None
    if dossier.layout:
        return _of_layout(dossier, given) if given else None
    is_http = not dossier.protocols or any(p.startswith("http") for p in dossier.protocols)
    if not is_http or (not given and not _can_be_made(dossier)):
        return None
    made = _made(dossier)
    changes = {name: given[name] for name in ("host", "target", "method", "port") if name in given}
    if "headers" in given:
        changes["headers"] = tuple((str(k), str(v)) for k, v in given["headers"].items())
    if body := _body_of(given):
        changes["body"] = body
    return made._replace(**changes, expects=dict(given.get("values", made.expects)))


def look_alike_of(example: ExampleMessage, dossier: Dossier) -> ExampleMessage:
    """Return a message of the same shape of no sender: another host, path, names; a failing check."""
    if example.data:
        return example._replace(data=_spoiled(example.data, dossier), expects={})
    names = sorted({*dossier.fields, *dossier.grammar.keys}, key=len, reverse=True)
    content = {f"k{at}": value for at, value in enumerate(_values(dossier).values())} if names else {}
    target = "/other" + ("?" + urlencode(content) if example.method == "GET" else "")
    body = json.dumps(content).encode() if example.body else b""
    headers = (("Content-Type", "application/json"),) if body else ()
    return example._replace(host=STRANGER, target=target, body=body, headers=headers, port=80, expects={})


def message_of(example: ExampleMessage) -> Message:
    """Return the message as it is read; a layout's one is empty until it is read (`layouts`)."""
    size = len(example.wire())
    return Message(
        number=1, protocol=example.protocol, role="request", flow=0, source=Endpoint(PHONE, 49152),
        destination=Endpoint(SERVER, example.port), time_ns=0, end_ns=0,
        evidence=Evidence((1,), 0, 0, size), method=example.method or None, target=example.target or None,
        host=example.host or None, headers=example.headers,
        body=Body(length=len(example.body), content=example.body), delivered=True,
    )  # fmt: skip


# ── parts ───────────────────────────────────────────────────────────────────


def _of_layout(dossier: Dossier, given: Mapping[str, Any]) -> ExampleMessage:
    layout = dossier.layout
    transports = layout.get("transports", ["tcp"])
    data = bytes.fromhex(given["hex"]) if "hex" in given else str(given["text"]).encode()
    port = dossier.ports[0] if dossier.ports else 5023
    return ExampleMessage(
        layout["protocol"], transports[0], port=port, data=data, expects=dict(given.get("values", {}))
    )


def _can_be_made(dossier: Dossier) -> bool:
    """Whether rules are content with host, path, keys and such, and the steps can be gone backwards."""
    return all(step in {*STEPS, "json", "form", "query"} for step in dossier.steps) and any(
        set(rule.needs) <= CAN_BE_MADE for rule in dossier.recognise
    )


def _made(dossier: Dossier) -> ExampleMessage:
    values = _values(dossier)
    method = dossier.methods[0].upper() if dossier.methods else ("POST" if values else "GET")
    host = dossier.hosts[0].replace("*", "www") if dossier.hosts else "example.org"
    target = dossier.paths[0].replace("*", "x") if dossier.paths else "/"
    kind = dossier.content_types[0] if dossier.content_types else ""
    expects = {
        k: v for k, v in values.items() if dossier.holds.get(k.lower()) in ("imei", "mac", "iccid", "imsi")
    }
    if method == "GET":
        target += "?" + urlencode(values) if values else ""
        return ExampleMessage("http/1.1", host=host, method=method, target=target, expects=expects)
    is_form = kind == FORM or "form" in dossier.steps or ("form" in dossier.encoding and not dossier.steps)
    body = urlencode(values).encode() if is_form else json.dumps(values).encode()
    for step in reversed([step for step in dossier.steps if step in STEPS]):
        body = STEPS[step](body)
    headers: tuple[tuple[str, str], ...] = ()
    if values or kind:
        headers = (("Content-Type", kind or (FORM if is_form else "application/json")),)
    headers += tuple((name.replace("*", "x"), "1") for name in dossier.headers)
    port = dossier.ports[0] if dossier.ports else 80
    return ExampleMessage("http/1.1", "tcp", host, port, method, target, headers, body if values else b"x=1",
                          expects=expects)  # fmt: skip


def _values(dossier: Dossier) -> dict[str, str]:
    names = {*dossier.grammar.keys, *dossier.holds} or set(dossier.fields)
    needed = {each for rule in dossier.recognise for each in rule.needs}
    if "no-body" in needed or "no-identifiers" in needed:
        return {}
    if "identifiers" in needed and not dossier.holds:
        return dict.fromkeys(sorted(names), "1") | {"imei": SAMPLES["imei"]}
    return {name: SAMPLES.get(dossier.holds.get(name, ""), "1") for name in sorted(names)}


def _body_of(given: Mapping[str, Any]) -> bytes:
    if "body_hex" in given:
        return bytes.fromhex(given["body_hex"])
    if "body_base64" in given:
        return base64.b64decode(given["body_base64"])
    return str(given.get("body", "")).encode()


def _spoiled(data: bytes, dossier: Dossier) -> bytes:
    """The message with a byte changed where a checksum has to see it; else cut, or with another beginning."""
    kinds = {check["kind"] for check in dossier.layout.get("checks", ())}
    if kinds and kinds <= {"length", "is"}:
        return data[:-1]
    if kinds:
        at = len(data) // 2
        return data[:at] + bytes((data[at] ^ 0x15,)) + data[at + 1 :]
    return bytes((data[0] ^ 0x02,)) + data[1:]
