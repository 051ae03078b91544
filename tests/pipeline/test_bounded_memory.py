"""What is kept of a capture has bounds; what gives way is counted, and the sums stay exact."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.dissectors import dispatcher
from analyzer.flows import eviction
from analyzer.model import Destination, Report
from analyzer.report import json
from analyzer.session import exchange_budget, flow_eviction, report_builder
from tests import builders
from tests.builders import ACK, FIN, RST, START_NS, SYN, conversation, http_request, http_response, tcp, udp
from tests.capture.reading import buffers_of
from tests.pipeline.captures import CHINA, NORWAY

SECOND = 1_000_000_000
SERVERS = [CHINA, NORWAY, "198.51.100.20", "2001:db8::7"]
POST = http_request("POST", "/a", "a.example", b"imei=490154203237518&n=1", Content_Type="text/plain")


@pytest.fixture
def small_batches() -> Iterator[None]:
    """Batches of some frames, so that limits are met in the middle of a small capture."""
    with buffers_of(3000):
        yield


def report_of(frames: Sequence[bytes], path: Path) -> Report:
    """The report of these frames; of a nanosecond capture, since others are looked far into at first."""
    path.write_bytes(builders.pcap(frames, unit="ns"))
    return analyze(path)


def limit(patch: pytest.MonkeyPatch, flows: int, recent: int, together: int, left: int) -> None:
    """How many flows there may be, how many stay, and how many rows may stand for several."""
    patch.setattr(flow_eviction, "MOST_FLOWS", flows)
    patch.setattr(eviction, "MOST_RECENT", recent)
    patch.setattr(eviction, "MOST_REFERRED", recent)
    patch.setattr(eviction, "MOST_TOGETHER", together)
    patch.setattr(eviction, "LEFT_TOGETHER", left)


def flow(choice: random.Random, number: int) -> list[bytes]:
    """One of many kinds of flow."""
    server, port = choice.choice(SERVERS), 20000 + number
    here: dict[str, Any] = {"server": server, "ports": (port, choice.choice((80, 443, 5000)))}
    if ":" in server:
        here["phone"] = "2001:db8:5::a"
    kind = choice.randrange(7)
    if kind == 0:
        return [tcp(flags=SYN, seq=7, **here)] * choice.randint(1, 2)
    if kind == 1:
        return [tcp(flags=SYN, seq=7, **here), tcp(flags=RST | ACK, ack=8, up=False, **here)]
    if kind == 2:
        return [
            udp(b"?" * choice.randint(1, 40), ports=(port, 53)),
            udp(b"!" * 30, up=False, ports=(port, 53)),
        ]
    if kind == 3:
        return [tcp(bytes(choice.randint(1, 600)), ACK, 9, 9, **here)]
    if kind == 4:
        return [tcp(b"x" * 30, ACK, 9, 9, up=False, **here), tcp(flags=FIN | ACK, seq=9, **here)]
    exchange = (
        (True, POST if kind == 5 else http_request(host="a.example")),
        (False, http_response(body=b"ok")),
    )
    phone = here.pop("phone", None)
    return conversation(*exchange, **{**here, "server": "198.51.100.20"} if phone else here)


def traffic(seed: int, flows: int = 120) -> list[bytes]:
    """Flows of all kinds, some of them at once, each in its own order."""
    choice = random.Random(seed)
    waiting = [flow(choice, number) for number in range(flows)]
    frames, under_way = [], list[Iterator[bytes]]()
    while waiting or under_way:
        while waiting and len(under_way) < 6:
            under_way.append(iter(waiting.pop(0)))
        at = choice.randrange(len(under_way))
        frame = next(under_way[at], None)
        if frame is None:
            del under_way[at]
        else:
            frames.append(frame)
    return frames


def rows_of(report: Report) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The ledger by row, names without their frames."""
    found = {}
    for row in report.destinations:
        said = {f.name: getattr(row, f.name) for f in fields(Destination)}
        said["names"] = sorted((name.name, name.how) for name in row.names)
        found[row.device, row.address, row.protocol, row.port] = said
    return found


# ── flows ───────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_is_the_same_when_flows_are_put_together(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = traffic(seed)
    whole = report_of(frames, tmp_path / "capture")
    limit(monkeypatch, 20, 8, 1000, 1000)
    bounded = report_of(frames, tmp_path / "capture")
    assert len(bounded.flows) < 0.6 * len(whole.flows)
    rows, expected = rows_of(bounded), rows_of(whole)
    assert rows.keys() == expected.keys()
    for key, row in expected.items():
        assert rows[key] == row, key
    assert [m.evidence.frames for m in bounded.messages] == [m.evidence.frames for m in whole.messages]
    assert [f.value for f in bounded.findings] == [f.value for f in whole.findings]
    assert bounded.region_packets.columns["frame"] == whole.region_packets.columns["frame"]
    assert [d.bytes for d in bounded.devices] == [d.bytes for d in whole.devices]


@pytest.mark.usefixtures("small_batches")
def test_a_message_names_a_flow_row_with_its_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, 20, 2, 1000, 1000)
    report = report_of(traffic(9), tmp_path / "capture")
    columns = report.flows.columns
    for message in report.messages:
        ends = {columns["source"][message.flow], columns["destination"][message.flow]}
        assert ends == {message.source.address, message.destination.address}
    assert sum(columns["flows"]) > len(report.flows)
    several = [row for row in report.flows.rows() if row["flows"] > 1]
    assert all(row["source_port"] == 0 for row in several)


def totals(report: Report) -> dict[str, list[int]]:
    """Packets, bytes and flows by transport protocol, both ways together.

    Which side of a flow without a handshake is the server may follow from another flow, which may have given
    way.
    """
    found: dict[str, list[int]] = defaultdict(lambda: [0] * 3)
    for row in report.destinations:
        counted = (row.packets_up + row.packets_down, row.bytes_up + row.bytes_down, row.flows)
        found[row.protocol] = [old + new for old, new in zip(found[row.protocol], counted, strict=True)]
    return found


def many_ends(choice: random.Random) -> list[bytes]:
    """Single packets between many hosts: more rows than may be kept."""
    frames = []
    for number in range(300):
        host = f"203.0.{choice.randrange(256)}.{choice.randrange(256)}"
        here: dict[str, Any] = {"server": host, "ports": (20000 + number, choice.choice((80, 443)))}
        frames += [tcp(flags=SYN, **here)] * choice.randint(1, 3)
        if choice.random() < 0.3:
            frames.append(tcp(flags=RST | ACK, up=False, **here))
        if choice.random() < 0.2:
            frames.append(tcp(flags=SYN, up=False, **here | {"ports": (5000, 30000 + number)}))
    return frames


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("seed", range(4))
def test_packets_and_bytes_are_counted_even_where_addresses_give_way(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [*traffic(seed, 30), *many_ends(random.Random(seed))]
    whole = report_of(frames, tmp_path / "capture")
    limit(monkeypatch, 40, 8, 16, 8)
    bounded = report_of(frames, tmp_path / "capture")
    assert totals(bounded) == totals(whole)
    assert len(bounded.destinations) < len(whole.destinations) / 2
    assert "::" in {row.address for row in bounded.destinations}
    assert {"flows-together", "addresses-together"} <= {problem.code for problem in bounded.problems}
    assert sum(d.packets for d in bounded.devices) == sum(d.packets for d in whole.devices)
    kinds = [sum((row.kinds.get("http", 0) for row in report.destinations), 0) for report in (whole, bounded)]
    assert kinds[0] == kinds[1]


@pytest.mark.usefixtures("small_batches")
def test_a_flood_from_many_sources_leaves_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, 64, 16, 16, 8)
    choice = random.Random(3)
    frames = [
        tcp(flags=SYN, phone=f"198.{choice.randrange(20, 90)}.{n >> 8}.{n & 255}", server="203.0.113.5")
        for n in range(1000)
    ]
    report = report_of(frames, tmp_path / "capture")
    assert len(report.flows) <= 64 + 60  # a batch may bring some more than the limit
    assert sum(row.packets_up + row.packets_down for row in report.destinations) == 1000
    assert sum(report.flows.columns["flows"]) == 1000


# ── readers ─────────────────────────────────────────────────────────────────


def unfinished(port: int, size: int) -> list[bytes]:
    """A request whose body goes on when the capture ends."""
    head = b"POST /big HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9000000\r\n\r\n"
    return conversation((True, head + b"b" * size), ports=(port, 80), close=False)


@pytest.mark.usefixtures("small_batches")
def test_readers_that_hold_too_much_are_closed_and_the_next_message_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "MOST_HELD", 60_000)
    monkeypatch.setattr(dispatcher, "WEIGHED_EVERY", 20_000)
    frames = [frame for number in range(20) for frame in unfinished(30000 + number, 8000)]
    following = http_request(target="/next", host="a.example")
    at = 1001 + len(b"POST /big HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9000000\r\n\r\n") + 8000
    frames.append(tcp(following, ACK, at, 5001, ports=(30000, 80)))
    report = report_of(frames, tmp_path / "capture")
    (problem,) = [p for p in report.problems if p.code == "connections-closed-early"]
    assert problem.count >= 10
    assert [m.target for m in report.messages].count("/big") == 20
    assert "/next" in [m.target for m in report.messages]


@pytest.mark.usefixtures("small_batches")
def test_no_more_connections_are_read_at_once_than_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "MOST_READ", 10)
    frames = [frame for number in range(60) for frame in unfinished(30000 + number, 10)]
    report = report_of(frames, tmp_path / "capture")
    (problem,) = [p for p in report.problems if p.code == "connections-closed-early"]
    assert problem.count >= 40
    assert len(report.messages) == 60


# ── what is listed ──────────────────────────────────────────────────────────


def exchanges(requests: Sequence[bytes]) -> list[bytes]:
    return [
        frame
        for number, request in enumerate(requests)
        for frame in conversation(
            (True, request), (False, http_response(body=b"ok")), ports=(30000 + number, 80)
        )
    ]


def test_exchanges_with_evidence_are_listed_before_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_budget, "MOST_OTHERS", 20_000)
    plain = [http_request(target=f"/{n}", host="a.example") for n in range(30)]
    report = report_of(exchanges([*plain, POST]), tmp_path / "capture")
    (problem,) = [p for p in report.problems if p.code == "exchanges-unlisted"]
    assert len(report.messages) == 2 * (31 - problem.count)
    assert [f.value for f in report.findings] == ["490154203237518"]
    assert report.destinations[0].kinds == {"http": 31}


def test_an_identifier_told_to_another_host_is_listed_when_repetitions_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_budget, "MOST_EVIDENT", 20_000)
    requests = [POST] * 20 + [POST.replace(b"a.example", b"b.example")]
    report = report_of(exchanges(requests), tmp_path / "capture")
    (problem,) = [p for p in report.problems if p.code == "evidence-unlisted"]
    hosts = [m.host for m in report.messages if m.role == "request"]
    assert problem.count == 21 - len(hosts) > 0
    assert hosts[-1] == "b.example"


@pytest.mark.usefixtures("small_batches")
def test_names_give_way_to_newer_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dpkt

    def answer(name: str, address: str) -> bytes:
        record = dpkt.dns.DNS.RR(name=name, type=1, ttl=60, rdata=bytes(map(int, address.split("."))))
        told = dpkt.dns.DNS(qr=dpkt.dns.DNS_R, id=7, qd=[dpkt.dns.DNS.Q(name=name)], an=[record])
        return udp(bytes(told), up=False, ports=(40000, 53))

    monkeypatch.setattr(dispatcher, "MOST_NAMES", 40)
    repeated = [answer("same.example", NORWAY)] * 60
    others = [answer(f"n{n}.example", f"203.0.113.{n}") for n in range(60)]
    last = [answer("last.example", CHINA), tcp(flags=SYN, server=CHINA), tcp(flags=SYN, server=NORWAY)]
    only_repeated = report_of([*repeated, *last], tmp_path / "capture")
    assert "names-left-out" not in {p.code for p in only_repeated.problems}
    named = {row.address: [n.name for n in row.names] for row in only_repeated.destinations}
    assert (named[CHINA], named[NORWAY]) == (["last.example"], ["same.example"])
    report = report_of([*others, *last], tmp_path / "capture")
    assert [p.count for p in report.problems if p.code == "names-left-out"] == [pytest.approx(41, abs=20)]
    assert ["last.example"] in [[n.name for n in row.names] for row in report.destinations]


def test_a_capture_within_the_limits_says_nothing_of_them(tmp_path: Path) -> None:
    report = analyze(_written(tmp_path / "capture", traffic(1)))
    assert {p.code for p in report.problems} & {
        "flows-together", "addresses-together", "connections-closed-early", "exchanges-unlisted",
        "evidence-unlisted", "names-left-out",
    } == set()  # fmt: skip
    assert set(report.flows.columns["flows"]) == {1}


def _written(path: Path, frames: Sequence[bytes]) -> Path:
    path.write_bytes(builders.pcap(frames, times_ns=[START_NS + n * SECOND for n in range(len(frames))]))
    return path


def test_many_packets_to_the_region_are_written_and_read_as_few_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = conversation((True, POST), (False, http_response()), server=CHINA)
    few = report_of(frames, tmp_path / "few.pcap")
    monkeypatch.setattr(report_builder, "MOST_LISTED", 1)
    many = report_of(frames, tmp_path / "few.pcap")
    assert few.region_packets.rows()
    assert many.region_packets.rows() == few.region_packets.rows()
    assert json.read(json.write(many)).region_packets == few.region_packets
    assert many.to_pandas()["region_packets"].equals(few.to_pandas()["region_packets"])
