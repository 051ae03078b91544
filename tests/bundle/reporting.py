"""A message → the report of a capture that held it alone."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from analyzer.identifiers import KnownValues, findings_in
from analyzer.inspection.decode import decode
from analyzer.model import CaptureInfo, Device, Message, Report, Scope, Table
from tests.codecs.messages import request

CAPTURE = CaptureInfo("/home/kari/phone.pcap", 1000, "ab" * 32, "pcap", {"Ethernet": 9}, 9, 0, 1)
EMPTY = Table({})


def report_of(*messages: Message, devices: tuple[Device, ...] = ()) -> Report:
    """Findings included."""
    findings = [found for each in messages for found in findings_in(decode(each).fields, KnownValues.none())]
    return Report(
        version="0",
        created_ns=0,
        captures=(CAPTURE,),
        scope=Scope(),
        devices=devices,
        destinations=(),
        flows=EMPTY,
        messages=messages,
        findings=tuple(findings),
        pings=(),
        region_packets=EMPTY,
    )


def sent(body: bytes, content_type: str = "application/octet-stream", **more: object) -> Message:
    """A request with this body, its hash as a scan gives it."""
    made = request(body, headers=[("Content-Type", content_type)], **more)  # type: ignore[arg-type]
    return replace(made, body=replace(made.body, sha256=sha256(body).hexdigest()))
