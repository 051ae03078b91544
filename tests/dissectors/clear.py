"""Captures to the exchanges of clear text in them, without a report; and what tshark says of the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analyzer.capture import Capture
from analyzer.dissectors.clear_message import SPARSE
from analyzer.dissectors.http1 import HttpMessage
from analyzer.model import Endpoint, Evidence
from analyzer.session.packet_reader import PacketReader
from tests import builders

CORPUS = Path(
    os.environ.get("PHONEHOME_CORPUS", Path(__file__).parent.parent.parent.parent / "shared" / "corpus")
)
PLACED: dict[str, Any] = {
    "flow": 0, "source": Endpoint("192.0.2.1", 1), "destination": Endpoint("192.0.2.2", 2),
    "time_ns": 0, "end_ns": 0, "evidence": Evidence((1,)),
}  # fmt: skip
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def of_corpus(name: str) -> Path:
    """A capture of the corpus; the test is skipped where it is not there."""
    path = CORPUS / "captures" / name
    if not path.exists():
        pytest.skip(f"the corpus is not at {CORPUS}")
    return path


class Seen(NamedTuple):
    """An exchange and whether its request arrived."""

    request: HttpMessage | None
    response: HttpMessage | None
    delivered: bool | None


class Read(NamedTuple):
    """What one capture gave: exchanges, the scan for all else, and messages of what no reader took."""

    exchanges: list[Seen]
    scan: PacketReader
    others: list[HttpMessage]

    def messages(self, protocol: str) -> Iterator[HttpMessage]:
        """All messages whose protocol begins so."""
        for seen in self.exchanges:
            for message in (seen.request, seen.response):
                if message is not None and message.protocol.startswith(protocol):
                    yield message
        yield from (message for message in self.others if message.protocol.startswith(protocol))

    def requests(self, protocol: str) -> list[HttpMessage]:
        return [message for message in self.messages(protocol) if message.role == "request"]


def read(path: Path) -> Read:
    """All exchanges of a capture."""
    scan = PacketReader()
    found = [
        Seen(exchange.request, exchange.response, delivered)
        for step in scan.steps(Capture(str(path)))
        for _, exchange, delivered in scan.exchanges(step)
    ]
    found += [
        Seen(exchange.request, exchange.response, delivered)
        for _, exchange, delivered in scan.observer.close(scan.tracker.flows)
    ]
    others = [seen.request for seen in found if seen.request and seen.request.protocol in SPARSE]
    return Read([seen for seen in found if seen.request not in others], scan, others)


def read_frames(frames: list[bytes], path: Path) -> Read:
    """All exchanges of these frames."""
    path.write_bytes(builders.pcap(frames))
    return read(path)


def tshark(path: Path, wanted: str, *fields: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    """One row a frame that fits the display filter, one column a field; several values stand apart by "|"."""
    command = ["tshark", "-r", str(path), "-Y", wanted, "-T", "fields", "-E", "aggregator=|", *options]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return [line.split("\t") for line in done.stdout.splitlines()]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
