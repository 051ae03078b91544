"""Files of one recording are read as one; what is found keeps the file and the frame it stands in."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import dpkt
import pytest

from analyzer import analyze
from analyzer.model import Clue, Evidence, Name, Report
from analyzer.report import json
from analyzer.report.terminal import render
from tests import builders
from tests.builders import START_NS, conversation, http_request, http_response, udp
from tests.pipeline.captures import CHINA, web

SECOND = 1_000_000_000
BODY = "imei=490154203237518&mac=00:00:5e:00:53:a7&x=" + "y" * 4000
POST = http_request(
    "POST", "/register", "a.example", BODY.encode(), Content_Type="application/x-www-form-urlencoded"
)


def traffic() -> list[bytes]:
    """Two HTTP connections, the second after an answer of the name server."""
    name = dpkt.dns.DNS(
        qr=dpkt.dns.DNS_R, id=7, qd=[dpkt.dns.DNS.Q(name="a.example")],
        an=[dpkt.dns.DNS.RR(name="a.example", type=1, ttl=60, rdata=bytes(map(int, CHINA.split("."))))],
    )  # fmt: skip
    answer = udp(bytes(name), up=False, ports=(40000, 53))
    moved = http_response(302, b"", Location="http://b.example/")
    return [
        answer, *web(CHINA, POST, http_response(200, b"ok" * 3000)),
        *web(CHINA, http_request("GET", "/", "a.example"), moved, port=40001),
        *conversation((True, http_request("GET", "/late", "b.example")), (False, http_response(body=b"x"))),
    ]  # fmt: skip


def split(frames: Sequence[bytes], sizes: Sequence[int], folder: Path) -> list[Path]:
    """The frames in files of these sizes, a millisecond apart throughout."""
    paths, at = [], 0
    for number, size in enumerate(sizes):
        times = [START_NS + n * 1_000_000 for n in range(at, at + size)]
        path = folder / f"cap-{number:04}.pcap"
        path.write_bytes(builders.pcap(frames[at : at + size], times_ns=times))
        paths.append(path)
        at += size
    return paths


class Whole:
    """Frame numbers of a session as they were before the split."""

    def __init__(self, report: Report) -> None:
        self.starts = [0, *accumulate(info.frames for info in report.captures)]

    def frames(self, evidence: Evidence) -> tuple[int, ...]:
        pieces = ((evidence.capture, evidence.frames), *evidence.continued)
        return tuple(self.starts[capture] + frame for capture, frames in pieces for frame in frames)

    def of(self, report: Report) -> dict[str, Any]:
        """What has to be the same whether a recording was split or not."""
        columns = report.region_packets.columns
        placed = zip(columns["capture"], columns["frame"], strict=True)
        return {
            "messages": [
                replace(m, evidence=Evidence(self.frames(m.evidence)), spans=(), span_captures=())
                for m in report.messages
            ],
            "findings": [
                replace(f, evidence=Evidence(self.frames(f.evidence), path=f.evidence.path))
                for f in report.findings
            ],
            "pings": [(p.dossier, p.status, self.frames(p.evidence)) for p in report.pings],
            "destinations": [replace(d, names=self.names(d.names)) for d in report.destinations],
            "devices": [
                replace(d, names=self.names(d.names), clues=self.clues(d.clues)) for d in report.devices
            ],
            "identifiers": report.identifiers,
            "flows": {name: v for name, v in report.flows.columns.items() if name != "capture"},
            "region": [self.starts[capture] + frame for capture, frame in placed],
        }

    def names(self, names: Sequence[Name]) -> tuple[Name, ...]:
        return tuple(replace(n, frame=self.starts[n.capture] + n.frame, capture=0, via="") for n in names)

    def clues(self, clues: Sequence[Clue]) -> tuple[Clue, ...]:
        return tuple(
            c if c.frame is None else replace(c, frame=self.starts[c.capture] + c.frame, capture=0)
            for c in clues
        )


def assert_same(whole: Report, parts: Report) -> None:
    """Each group by itself, so that a difference is shown and not everything."""
    one, other = Whole(whole).of(whole), Whole(parts).of(parts)
    for name in one:
        assert other[name] == one[name], name


@pytest.mark.parametrize("sizes", [[1, 5, 30], [8, 1, 1, 1, 25], [20, 16]])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_recording_that_was_split_gives_what_the_whole_gives(
    sizes: list[int], seed: int, tmp_path: Path
) -> None:
    frames = traffic()
    sizes = [*sizes[:-1], len(frames) - sum(sizes[:-1])]
    paths = split(frames, sizes, tmp_path)
    (whole,) = split(frames, [len(frames)], tmp_path_of(tmp_path))
    random.Random(seed).shuffle(paths)
    parts = analyze(*paths)
    assert [info.frames for info in parts.captures] == sizes
    assert_same(analyze(whole), parts)


def tmp_path_of(folder: Path) -> Path:
    (folder / "whole").mkdir()
    return folder / "whole"


def test_each_frame_number_is_that_of_the_file_it_names(tmp_path: Path) -> None:
    frames = traffic()
    report = analyze(*split(frames, [6, 3, 4, len(frames) - 13], tmp_path))
    request = next(m for m in report.messages if m.target == "/register")
    carried = b""
    for capture, numbers in (
        (request.evidence.capture, request.evidence.frames),
        *request.evidence.continued,
    ):
        with Path(report.captures[capture].path).open("rb") as file:
            records = list(dpkt.pcap.Reader(file))
        for number in numbers:
            carried += bytes(dpkt.ethernet.Ethernet(records[number - 1][1]).data.data.data)
    assert carried == POST
    assert len(request.evidence.continued) > 0


def test_names_and_sentences_tell_the_file_of_their_frame(tmp_path: Path) -> None:
    frames = traffic()
    report = analyze(*split(frames, [10, len(frames) - 10], tmp_path))
    row = next(d for d in report.destinations if d.address == builders.SERVER)
    (host,) = row.names
    assert (host.how, host.capture) == ("host", 1)
    assert host.via.endswith(f"of {report.captures[1].path})")
    assert str(1 << 40)[:8] not in json.write(report)


def test_the_report_says_that_files_were_read_as_one(tmp_path: Path) -> None:
    frames = traffic()
    paths = split(frames, [10, len(frames) - 10], tmp_path)
    later = [START_NS + 5 * SECOND + n * 1_000_000 for n in range(len(frames) - 10)]
    paths[1].write_bytes(builders.pcap(frames[10:], times_ns=later))
    report = analyze(*paths)
    (session,) = report.sessions
    assert session.captures == (0, 1)
    assert session.gaps_us == (5_000_000 - 9_000,)
    text = " ".join(render(report, width=100, sections=("all",)).split())
    assert "Captures 1 to 2 were read as one session" in text
    assert "is 5.0 s, from the end of" in text
    assert json.read(json.write(report)).sessions == report.sessions


def test_files_that_ran_at_the_same_time_stay_apart(tmp_path: Path) -> None:
    frames = traffic()
    paths = split(frames, [10, len(frames) - 10], tmp_path)
    paths[1].write_bytes(
        builders.pcap(
            frames[10:], times_ns=[START_NS - 5 * SECOND + n * SECOND for n in range(len(frames) - 10)]
        )
    )
    report = analyze(*paths)
    assert report.sessions == ()
    assert len(report.captures) == 2


def test_captures_of_no_session_give_each_name_and_clue_its_capture(tmp_path: Path) -> None:
    frames = traffic()
    one, other = tmp_path / "one.pcap", tmp_path / "two.pcap"
    for path in (one, other):
        path.write_bytes(builders.pcap(frames))
    report = analyze(one, other)
    row = next(d for d in report.destinations if d.address == builders.SERVER)
    assert sorted(name.capture for name in row.names) == [0, 1]
    framed = [clue for device in report.devices for clue in device.clues if clue.frame is not None]
    assert {clue.capture for clue in framed} <= {0, 1}
    captures = report.flows.columns["capture"]
    assert {(m.evidence.capture, captures[m.flow]) for m in report.messages} == {(0, 0), (1, 1)}


def test_a_finding_of_no_message_stays_of_none_when_captures_are_merged(tmp_path: Path) -> None:
    from analyzer.identifiers.owner_values import KnownValues

    # What a server of DNS answers makes no message.
    answer = b"\0\1\x81\x80" + bytes(8) + b" 490154203237518 "
    frames = [*traffic(), udp(answer, up=False, ports=(40000, 53))]
    one, other = tmp_path / "one.pcap", tmp_path / "two.pcap"
    for path in (one, other):
        path.write_bytes(builders.pcap(frames))
    report = analyze(one, other, known=KnownValues.parse("imei=490154203237518"))
    loose = [f for f in report.findings if f.name == "payload"]
    assert [(f.message, f.evidence.capture) for f in loose] == [(0, 0), (0, 1)]


CORPUS = (
    ("zeek__zeek/testing/btest/Traces/http/bro.org.pcap", 40),
    ("ntop__nDPI/tests/cfgs/default/pcap/netflix.pcap", 150),
    ("ntop__nDPI/tests/cfgs/default/pcap/ocsp.pcapng", 50),
    ("zeek__zeek/testing/btest/Traces/tunnels/gre-aruba.pcap", 300),
    ("wireshark__wireshark/test/captures/challenge01_ooo_stream.pcapng.gz", 200),
)


@pytest.mark.skipif(shutil.which("editcap") is None, reason="editcap is not installed")
@pytest.mark.parametrize(("capture", "most"), CORPUS)
def test_a_capture_split_by_editcap_gives_what_the_whole_gives(
    capture: str, most: int, corpus: Path, tmp_path: Path
) -> None:
    source = corpus / "captures" / capture
    whole = tmp_path / "whole.capture"
    subprocess.run(["editcap", source, whole], check=True, capture_output=True)
    subprocess.run(
        ["editcap", "-c", str(most), source, tmp_path / "cap.pcapng"], check=True, capture_output=True
    )
    paths = sorted(tmp_path.glob("cap_*"))
    random.Random(most).shuffle(paths)
    parts = analyze(*paths)
    assert len(parts.sessions) == 1
    assert len(parts.captures) == len(paths) > 2
    assert_same(analyze(whole), parts)
