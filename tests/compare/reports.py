"""Reports to compare: those of the sample captures, one of a part of them, and any that hypothesis makes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from analyzer import analyze
from analyzer.model import Name, Report, Scope
from tests.report.builders import (
    MINUTE,
    START,
    attempt,
    destination,
    imei,
    maybe_mac,
    ping,
    request,
    sample_report,
)

ROOT = Path(__file__).parent.parent.parent
ANSWERED = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
UNANSWERED = ROOT / "captures" / "nokia7plus-reconstruction-unanswered.pcap"
PHONE, CONTROL = "00:00:5e:00:53:a7", "00:00:5e:00:53:b2"
HEADER = 24  # bytes of a pcap file header


@cache
def answered() -> Report:
    return analyze(str(ANSWERED))


@cache
def unanswered() -> Report:
    return analyze(str(UNANSWERED))


@cache
def between_two_sends() -> Report:
    """Frames 301 to 550: both phones, five minutes, and no registration, of which 268 and 564 are two."""
    data, ends = ANSWERED.read_bytes(), [HEADER]
    while ends[-1] < len(data):
        length = int.from_bytes(data[ends[-1] + 8 : ends[-1] + 12], "little")
        ends.append(ends[-1] + 16 + length)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "short.pcap"
        path.write_bytes(data[:HEADER] + data[ends[300] : ends[550]])
        return analyze(str(path))


# ── any reports ─────────────────────────────────────────────────────────────

TEXTS = st.sampled_from(
    (
        "register.example",
        "REGISTER.example.",
        "other.example",
        "\x1b[2Jescape",
        "‮rtl",
        "[bold]x",
        "",
        "é" * 90,
    )
)
MINUTES = st.lists(st.integers(0, 59), unique=True, max_size=4)
VALUES = st.sampled_from(("490154203237518", "356938035643809", "*" * 15, "\x1b]0;x\x07"))
CODES = st.sampled_from(("CN", "HK", "NO", "SG"))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Sends at drawn minutes to drawn hosts with drawn values, and a drawn ledger."""
    base = sample_report()
    sends = [(2 * n + 1, minute, draw(TEXTS)) for n, minute in enumerate(draw(MINUTES))]
    kinds = st.sampled_from(("imei", "model", "\x1b[31m"))
    messages = tuple(replace(request(number, minute), host=host) for number, minute, host in sends)
    findings = tuple(
        replace(imei(number, minute), kind=draw(kinds), value=draw(VALUES), known=draw(st.booleans()))
        for number, minute, _ in sends
    )
    rows = tuple(
        replace(
            destination(f"192.0.2.{n}", draw(CODES), draw(CODES), size=draw(st.integers(0, 3))),
            names=tuple(Name(name, "dns", 1) for name in draw(st.lists(TEXTS, max_size=2))),
        )
        for n in sorted(draw(st.sets(st.integers(1, 6))))
    )
    pings = tuple(replace(ping(n, minute), host=host) for n, minute, host in sends if draw(st.booleans()))
    length = draw(st.sampled_from((None, 0, 3, 60)))
    last = None if length is None else START + length * MINUTE
    return replace(
        base,
        version=draw(st.sampled_from(("0.1.0", "0.2.0"))),
        captures=(replace(base.captures[0], path=draw(TEXTS), last_ns=last, complete=draw(st.booleans())),),
        scope=Scope(draw(st.sampled_from((("CN",), ("CN", "HK"))))),
        devices=base.devices[: draw(st.integers(0, 1))],
        destinations=rows,
        messages=messages,
        findings=(*findings, *((maybe_mac(),) if draw(st.booleans()) else ())),
        pings=(*pings, *((attempt(),) if draw(st.booleans()) else ())),
        blind_spots=tuple(draw(st.lists(TEXTS, max_size=2, unique=True))),
        reconstruction=draw(st.sampled_from((None, "made by a program\x1b[2J"))),
    )
