"""A capture of any bytes, all the way: refused in one sentence, or a report that every writer writes."""

from __future__ import annotations

import os
import tempfile

from analyzer import analyze
from analyzer.model import CaptureError
from analyzer.report import html, json, terminal
from tests import builders
from tests.capture.blocks import enhanced, interface, section
from tests.hostile.captures import FORMULAS, HTML, attacks
from tests.live.running import ping

CONTROLS = {chr(code) for code in (*range(32), *range(127, 160))} - {"\n"}


def whole(data: bytes) -> None:
    """Scan, then write: nothing raises but CaptureError, and nothing is printed unescaped."""
    number, path = tempfile.mkstemp()
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        report = analyze(path)
    except CaptureError:
        return
    finally:
        os.unlink(path)
    text = json.write(report)
    assert text.isascii()
    assert json.read(text) == report
    assert CONTROLS.isdisjoint(terminal.render(report))
    assert HTML not in html.write(report)


SEEDS = (
    builders.pcap(ping()),
    section() + interface() + b"".join(map(enhanced, ping())),
    attacks()[:12_000],
    builders.pcap(
        builders.conversation(
            (True, builders.http_request("POST", f"/{FORMULAS[0]}", HTML, b"imei=490154203237518")),
            (False, builders.http_response(200, b"ok")),
        )
    ),
)
