"""What tshark sees in a capture's HTTP/2 and WebSocket connections: the witness for differential tests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CORPUS = Path(os.environ.get("PHONEHOME_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here; set PHONEHOME_CORPUS")


class Half(NamedTuple):
    """A request or response of an HTTP/2 stream."""

    port: int  # of its sender
    stream: int
    method: str | None
    path: str | None
    authority: str | None
    status: str | None
    body: str  # SHA-256 of the DATA frames' content


class Said(NamedTuple):
    """A WebSocket message with a payload, its frames put together."""

    port: int  # of its sender
    opcode: int
    payload: str  # SHA-256, without mask, compressed as it was sent


def layers(path: Path, protocol: str, ports: Iterable[int]) -> Iterator[tuple[str, int, ElementTree.Element]]:
    """(connection, port of the sender, layer) of each dissection of that protocol; also on these ports."""
    command = ["tshark", "-r", str(path), "-Y", protocol, "-T", "pdml", "-J", f"tcp {protocol}"]
    for port in ports:
        command += ["-d", f"tcp.port=={port},{protocol}"]
    found = subprocess.run(command, capture_output=True, check=False).stdout
    for packet in ElementTree.fromstring(found).iter("packet"):
        connection, port = "", 0
        for layer in packet.iter("proto"):
            if layer.get("name") == "tcp":
                connection, port = _show(layer, "tcp.stream") or "", int(_show(layer, "tcp.srcport") or 0)
            elif layer.get("name") == protocol:
                yield connection, port, layer


def http2_halves(path: Path, ports: Iterable[int] = ()) -> list[Half]:
    """Requests and responses with their bodies, a stream each; interim responses and pushes left out."""
    fields: dict[tuple[str, int, int], dict[str, str]] = defaultdict(dict)
    bodies: dict[tuple[str, int, int], bytes] = defaultdict(bytes)
    for connection, port, layer in layers(path, "http2", ports):
        for frame in layer.findall("field"):
            key = (connection, port, int(_show(frame, "http2.streamid") or 0))
            for header in frame.iter("field"):
                if header.get("name") == "http2.header":
                    name, value = _show(header, "http2.header.name"), _show(header, "http2.header.value")
                    if name and name.startswith(":"):
                        fields[key].setdefault(name, value or "")
            # Where a stream ends, the whole body is shown once more.
            length = int(_show(frame, "http2.length") or 0)
            shown = [f for f in frame.iter("field") if f.get("name") == "http2.data.data"]
            own = [f for f in shown if int(f.get("size", "0")) <= length]
            bodies[key] += bytes.fromhex(own[0].get("value", "")) if own else b""
    return [
        Half(
            port, number, given.get(":method"), given.get(":path"), given.get(":authority"),
            given.get(":status"), digest(bodies[connection, port, number]),
        )
        for (connection, port, number), given in fields.items()
    ]  # fmt: skip


def websocket_messages(path: Path) -> list[Said]:
    """Messages with a payload, in the order in which they end."""
    command = ["tshark", "-r", str(path), "-Y", "websocket", "-T", "json", "-x", "-J", "tcp websocket"]
    text = subprocess.run(command, capture_output=True, check=False).stdout
    found: list[Said] = []
    open_messages: dict[tuple[str, int], tuple[int, bytes]] = {}
    for packet in json.loads(text, object_pairs_hook=list):
        layers_of = dict(dict(packet)["_source"])["layers"]
        tcp = dict(next(value for name, value in layers_of if name == "tcp"))
        port = int(tcp["tcp.srcport"])
        for name, layer in layers_of:
            if name != "websocket":
                continue
            given = dict(layer)
            opcode, payload = int(given["websocket.opcode"]), _raw(given)
            side = (str(tcp["tcp.stream"]), port)
            if opcode < 8:
                first, before = open_messages.pop(side, (opcode, b""))
                opcode, payload = first, before + payload
                if given["websocket.fin"] not in ("1", True):
                    open_messages[side] = (opcode, payload)
                    continue
            if payload:
                found.append(Said(port, opcode, digest(payload)))
    return found


def _raw(layer: dict[str, Any]) -> bytes:
    payload = layer.get("websocket.payload_raw")
    return bytes.fromhex(payload[0]) if payload else b""


def _show(element: ElementTree.Element, name: str) -> str | None:
    return next((f.get("show") for f in element.iter("field") if f.get("name") == name), None)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal, "" of nothing."""
    return hashlib.sha256(data).hexdigest() if data else ""
