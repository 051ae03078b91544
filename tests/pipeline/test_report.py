"""analyze(): what is in the report of a generated capture, and that its sums agree."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.packet import Raw

from analyzer import analyze
from analyzer.model import CaptureError, Report
from analyzer.model.community_id import community_id
from tests import builders
from tests.builders import http_request, http_response
from tests.capture.reading import buffers_of
from tests.pipeline.captures import (
    CHINA,
    CHINA6,
    NORWAY,
    OTHER,
    OTHER_MAC,
    PHONE,
    PHONE6,
    PHONE_MAC,
    ROUTER,
    answer,
    arp,
    ask,
    down,
    large_datagram,
    report_of,
    tunnelled,
    up,
    web,
)  # fmt: skip

POST = http_request(
    "POST", "/x", "registration.example", b"name=value", Content_Type="application/x-www-form-urlencoded"
)


def packets_in(report: Report) -> int:
    """All packets that the ledger counts."""
    return sum(row.packets_up + row.packets_down for row in report.destinations)


def mixed_traffic(seed: int) -> list[bytes]:
    """Frames of every kind, in an order that the seed decides."""
    choice = random.Random(seed)
    frames = [
        *web(CHINA, POST, http_response(200, b"ok" * 2000)),
        *web(NORWAY, http_request(), http_response(), port=40005),
        *large_datagram(), *large_datagram(CHINA6), *large_datagram(NORWAY)[:2],
        tunnelled(), arp(), arp(), ask(CHINA6), ask(CHINA)[:30], b"\0" * 9,
        up(IP(src=PHONE, dst=CHINA, proto=99)),
        up(IP(src=OTHER, dst=CHINA) / UDP(sport=5, dport=53) / Raw(b"?"), OTHER_MAC),
        up(IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)),
    ]  # fmt: skip
    if seed:
        choice.shuffle(frames)
    return frames


# ── sums ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(5))
def test_every_ip_packet_is_counted_in_exactly_one_destination(seed: int, tmp_path: Path) -> None:
    frames = mixed_traffic(seed)
    report = report_of(frames, tmp_path / "capture")
    (info,) = report.captures
    assert packets_in(report) == info.ip_packets
    assert info.frames == len(frames)
    undecoded = sum(info.not_ip.values()) + sum(info.undecoded.values())
    damaged = sum(p.count for p in report.problems if p.code == "damaged-frames")
    assert info.ip_packets + undecoded + damaged == len(frames)
    assert (info.not_ip, damaged) == ({"ARP": 2}, 2)
    table = report.flows
    assert sum(table.columns["packets_up"]) + sum(table.columns["packets_down"]) == info.ip_packets
    assert sum(device.packets for device in report.devices) == info.ip_packets


def unnumbered(report: Report) -> list[dict[str, Any]]:
    """The flows without their numbers: a reassembled datagram's flow is found at the end of a batch."""
    rows = [{name: value for name, value in row.items() if name != "flow"} for row in report.flows.rows()]
    return sorted(rows, key=str)


@pytest.mark.parametrize("seed", range(3))
def test_the_size_of_the_batches_changes_nothing(seed: int, tmp_path: Path) -> None:
    frames = mixed_traffic(seed)
    whole = report_of(frames, tmp_path / "capture")
    with buffers_of(3000):
        parts = report_of(frames, tmp_path / "capture")
    assert parts.destinations == whole.destinations
    assert unnumbered(parts) == unnumbered(whole)
    assert [replace(m, flow=0, evidence=replace(m.evidence, flow=0)) for m in parts.messages] == [
        replace(m, flow=0, evidence=replace(m.evidence, flow=0)) for m in whole.messages
    ]
    assert parts.region_packets == whole.region_packets
    assert parts.problems == whole.problems
    assert parts.blind_spots == whole.blind_spots


def test_an_empty_capture_has_an_empty_report(tmp_path: Path) -> None:
    report = report_of([], tmp_path / "capture")
    assert (report.destinations, report.devices, report.messages, len(report.flows)) == ((), (), (), 0)
    assert (report.captures[0].frames, report.captures[0].first_ns) == (0, None)
    assert {name: len(table) for name, table in report.to_pandas().items()}["flows"] == 0


def test_fragments_within_fragments_are_counted(tmp_path: Path) -> None:
    inner = fragment(IP(src=PHONE, dst=CHINA, id=3) / UDP(sport=1, dport=2) / Raw(bytes(3000)), 1400)
    outer = [
        up(part)
        for packet in inner
        for part in fragment(IP(src=PHONE, dst=NORWAY, id=packet.frag) / packet, 600)
    ]
    report = report_of(outer, tmp_path / "capture")
    assert packets_in(report) == report.captures[0].ip_packets == len(outer)


# ── messages ────────────────────────────────────────────────────────────────


def test_a_request_and_its_response_are_messages_with_their_evidence(tmp_path: Path) -> None:
    report = report_of(web(CHINA, POST, http_response(200, b"ok")), tmp_path / "capture")
    request, response = report.messages
    assert (request.role, request.method, request.target, request.host) == (
        "request",
        "POST",
        "/x",
        "registration.example",
    )
    assert (str(request.source), str(request.destination)) == (f"{PHONE}:40000", f"{CHINA}:80")
    assert (request.number, request.peer, response.number, response.peer) == (1, 2, 2, 1)
    assert (request.evidence.frames, response.evidence.frames) == ((4,), (5,))
    assert (request.evidence.start, request.evidence.end) == (0, len(POST))
    assert (request.body.content, response.status) == (b"name=value", 200)
    assert request.delivered is True


@pytest.mark.parametrize(
    ("frames", "delivered"),
    [
        ([ask(payload=POST, flags="PA", seq=1001)], None),
        ([answer(), ask(payload=POST, flags="PA", seq=1001)], False),
        ([ask(payload=POST, flags="PA", seq=1001), answer(flags="A", ack=1001 + len(POST))], True),
        ([ask(payload=POST, flags="PA", seq=1001), answer(flags="A", ack=1000 + len(POST))], False),
    ],
    ids=["nothing from the other side", "no acknowledgment of it", "acknowledged", "all but the last byte"],
)
def test_delivery_is_what_the_acknowledgments_show(
    frames: list[bytes], delivered: bool | None, tmp_path: Path
) -> None:
    (request,) = report_of(frames, tmp_path / "capture").messages
    assert request.delivered is delivered
    assert "no response was seen" in request.missing


def test_a_lost_piece_of_a_request_does_not_part_it_from_its_response(tmp_path: Path) -> None:
    long = http_request("POST", "/long", body=b"x" * 6000)
    frames = web(CHINA, long, http_response(201))
    del frames[5]
    request, response = report_of(frames, tmp_path / "capture").messages
    assert (request.target, request.peer, response.status) == ("/long", 2, 201)
    assert request.missing == ("1,400 of 6,000 bytes of the body were not captured",)
    assert not request.complete


def test_frames_cut_by_the_snapshot_length_do_not_part_a_request_from_its_response(tmp_path: Path) -> None:
    frames = web(CHINA, http_request("POST", "/cut", body=b"x" * 900), http_response(201))
    path = tmp_path / "capture"
    path.write_bytes(builders.pcap(frames, snaplen=200))
    report = analyze(path)
    assert [(m.role, m.peer) for m in report.messages] == [("request", 2), ("response", 1)]
    assert not report.messages[0].complete
    assert report.captures[0].snapped > 0


def test_a_request_in_fragments_is_read(tmp_path: Path) -> None:
    long = http_request("POST", "/fragments", body=b"x" * 3000)
    segment = ask(payload=long, flags="PA", seq=1001)
    parts = [up(part) for part in fragment(IP(segment[14:]), 1000)]
    report = report_of(
        [ask(), answer(), *parts, answer(flags="A", ack=1001 + len(long))], tmp_path / "capture"
    )
    (request,) = report.messages
    assert (request.target, request.complete, request.body.length) == ("/fragments", True, 3000)
    assert request.delivered is True
    assert packets_in(report) == report.captures[0].ip_packets == 3 + len(parts)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_frames_that_were_captured_several_times_change_no_message(copies: int, tmp_path: Path) -> None:
    frames = web(CHINA, POST, http_response(200, b"ok" * 2000))
    report = report_of([frame for frame in frames for _ in range(copies)], tmp_path / "capture")
    assert [(m.role, m.body.length, m.complete) for m in report.messages] == [
        ("request", 10, True), ("response", 4000, True)
    ]  # fmt: skip


def test_the_name_of_a_tls_server_is_read_though_its_segments_came_twice(tmp_path: Path) -> None:
    from tests.dissectors.test_names import client_hello

    hello = client_hello("long.example.com", protocols=40)
    assert len(hello) > 1800
    pieces = [hello[at : at + 1000] for at in range(0, len(hello), 1000)]
    segments = [
        ask(NORWAY, piece, "PA", to=443, seq=1001 + 1000 * n)
        for n, piece in enumerate(pieces)
        for _ in range(3)
    ]
    report = report_of([ask(NORWAY, to=443), *segments], tmp_path / "capture")
    assert [name.name for row in report.destinations for name in row.names] == ["long.example.com"]


# ── China ───────────────────────────────────────────────────────────────────


def test_every_packet_to_the_region_is_listed_with_its_frame(tmp_path: Path) -> None:
    frames = [
        ask(NORWAY),
        ask(CHINA),
        answer(CHINA),
        ask(CHINA, flags="A", seq=1001),
        arp(),
        ask(CHINA6),
        tunnelled(),
    ]
    report = report_of(frames, tmp_path / "capture")
    table = report.region_packets.columns
    assert table["frame"] == [2, 4, 6, 7]
    assert table["destination"] == [CHINA, CHINA, CHINA6, CHINA]
    assert table["source"] == [PHONE, PHONE, PHONE6, PHONE]
    assert table["length"] == [len(frames[n - 1]) for n in table["frame"]]
    assert set(table["device"]) == {PHONE_MAC}
    assert all("CN" in claim for claim in table["claim"])
    in_scope = {row.address for row in report.destinations if row.in_scope}
    assert in_scope == {CHINA, CHINA6}


@pytest.mark.parametrize("server", [CHINA, CHINA6])
@pytest.mark.parametrize("lost", [0, 1])
def test_each_fragment_to_the_region_is_listed(server: str, lost: int, tmp_path: Path) -> None:
    parts = large_datagram(server)
    assert len(parts) == 3
    frames = [ask(NORWAY), *parts[: 3 - lost], ask(NORWAY), ask(server, port=40009)]
    report = report_of(frames, tmp_path / "capture")
    table = report.region_packets.columns
    assert table["frame"] == [*range(2, 5 - lost), len(frames)]
    assert table["length"] == [len(frames[n - 1]) for n in table["frame"]]
    assert table["time_ns"] == [builders.START_NS + (n - 1) * 1_000_000 for n in table["frame"]]
    assert set(table["destination"]) == {server}


def test_packets_of_the_region_agree_with_the_ledger(tmp_path: Path) -> None:
    frames = [*web(CHINA, POST, http_response()), ask(CHINA6), *large_datagram(), *large_datagram(CHINA6)[:2]]
    report = report_of(frames, tmp_path / "capture")
    sent = sum(row.packets_up for row in report.destinations if row.in_scope)
    assert len(report.region_packets) == sent


def test_another_region_is_another_list(tmp_path: Path) -> None:
    report = report_of([ask(NORWAY), ask(CHINA)], tmp_path / "capture", regions=("NO",))
    assert report.region_packets.columns["destination"] == [NORWAY]


# ── several captures ────────────────────────────────────────────────────────


def test_several_captures_are_one_report_whose_sums_add_up(tmp_path: Path) -> None:
    one, two, both = tmp_path / "one", tmp_path / "two", tmp_path / "both"
    first = web(CHINA, POST, http_response(200))
    second = [*web(CHINA, http_request(target="/2"), http_response(404), port=41000), ask(NORWAY, port=42000)]
    reports = [
        report_of(frames, path) for frames, path in ((first, one), (second, two), ([*first, *second], both))
    ]
    merged = analyze(one, two)
    assert len(merged.captures) == 2
    assert packets_in(merged) == sum(info.ip_packets for info in merged.captures) == packets_in(reports[2])
    counts = [
        {
            (r.device, r.address, r.protocol, r.port): (r.flows, r.packets_up, r.packets_down)
            for r in report.destinations
        }
        for report in (merged, reports[2])
    ]
    assert counts[0] == counts[1]
    assert [m.number for m in merged.messages] == [1, 2, 3, 4]
    assert [m.peer for m in merged.messages] == [2, 1, 4, 3]
    assert [m.evidence.capture for m in merged.messages] == [0, 0, 1, 1]
    assert sorted(set(merged.flows.columns["capture"])) == [0, 1]
    flows = dict(zip(merged.flows.columns["flow"], merged.flows.columns["capture"], strict=True))
    assert len(flows) == len(merged.flows)
    assert all(flows[m.flow] == m.evidence.capture for m in merged.messages)
    assert merged.region_packets.columns["capture"] == [0] * 5 + [1] * 5


def test_one_unreadable_capture_of_several_is_a_problem(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    report_of([ask(CHINA)], good)
    bad.write_bytes(b"Dear editor")
    for paths in ([good, bad], [bad, good]):
        report = analyze(*paths)
        (problem,) = [p for p in report.problems if p.code == "unreadable"]
        assert str(bad) in problem.what
        assert report.captures[problem.capture].path == str(bad)
        assert packets_in(report) == 1
        assert report.region_packets.columns["capture"] == [paths.index(good)]


def test_captures_of_which_none_can_be_read_raise(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"Dear editor")
    with pytest.raises(CaptureError, match="bad"):
        analyze(bad)
    with pytest.raises(CaptureError, match=r"bad.*none"):
        analyze(bad, tmp_path / "none")
    with pytest.raises(CaptureError, match="no capture"):
        analyze()


# ── one device ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [OTHER_MAC, OTHER_MAC.upper().replace(":", "-"), OTHER])
def test_a_report_of_one_device_holds_nothing_of_the_others(name: str, tmp_path: Path) -> None:
    frames = [
        *web(CHINA, POST, http_response()),
        ask(CHINA, port=50000, source=OTHER, mac=OTHER_MAC),
        ask(CHINA, http_request(target="/other"), "PA", 50000, source=OTHER, mac=OTHER_MAC, seq=1001),
        down(IP(src=ROUTER, dst=OTHER) / UDP(sport=53, dport=40000) / Raw(b"x"), OTHER_MAC),
    ]
    report = report_of(frames, tmp_path / "capture", device=name)
    assert [device.id for device in report.devices] == [OTHER_MAC]
    assert report.scope.device == OTHER_MAC
    assert {row.device for row in report.destinations} == {OTHER_MAC}
    assert set(report.flows.columns["device"]) == {OTHER_MAC}
    assert [m.target for m in report.messages] == ["/other"]
    assert report.region_packets.columns["frame"] == [len(frames) - 2, len(frames) - 1]
    assert packets_in(report) == 3


@pytest.mark.parametrize("name", ["00:00:5e:00:53:ff", "10.0.0.1"])
def test_a_device_that_is_not_there_is_refused_and_those_there_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=PHONE_MAC):
        report_of([ask(CHINA)], tmp_path / "capture", device=name)


@pytest.mark.parametrize("name", ["the phone", ""])
def test_a_device_that_is_no_address_is_a_wrong_argument(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither a MAC nor an IP address"):
        report_of([ask(CHINA)], tmp_path / "capture", device=name)


# ── tables, notices ─────────────────────────────────────────────────────────


def test_the_tables_have_a_row_an_entry_and_times_in_utc(tmp_path: Path) -> None:
    report = report_of(web(CHINA, POST, http_response()), tmp_path / "capture")
    tables: dict[str, Any] = report.to_pandas()
    assert len(tables["destinations"]) == len(report.destinations)
    assert len(tables["messages"]) == 2
    assert len(tables["flows"]) == 1
    assert len(tables["region_packets"]) == len(report.region_packets)
    for name, columns in {
        "flows": ("first", "last"), "destinations": ("first", "last"), "messages": ("time", "end"),
        "region_packets": ("time",),
    }.items():  # fmt: skip
        for column in columns:
            assert str(tables[name][column].dtype) == "datetime64[ns, UTC]"
    assert tables["messages"]["time"][0].value == report.messages[0].time_ns
    assert tables["flows"]["first"][0].value == builders.START_NS
    assert list(tables["flows"]["community_id"]) == [community_id(report.flows.rows()[0])]


def test_a_frame_that_marks_a_reconstruction_is_heeded(tmp_path: Path) -> None:
    notice = builders.ethernet(b"PHONEHOME-RECONSTRUCTION: made by code".ljust(60, b"\0"), 0x88B5)
    report = report_of([notice, ask(CHINA)], tmp_path / "capture")
    assert report.reconstruction == "made by code"
    assert report_of([ask(CHINA)], tmp_path / "other").reconstruction is None


def test_other_frames_of_that_type_mark_nothing(tmp_path: Path) -> None:
    assert (
        report_of([builders.ethernet(b"something else", 0x88B5)], tmp_path / "capture").reconstruction is None
    )


# ── damage ──────────────────────────────────────────────────────────────────


def test_datagrams_that_never_became_whole_are_a_problem(tmp_path: Path) -> None:
    report = report_of(large_datagram()[:2], tmp_path / "capture")
    assert [p.count for p in report.problems if p.code == "fragments-missing"] == [1]
    assert packets_in(report) == 2


def test_times_that_go_backwards_are_a_problem(tmp_path: Path) -> None:
    frames, start = [ask(CHINA), ask(NORWAY), ask(CHINA)], builders.START_NS
    report = report_of(frames, tmp_path / "capture", [start, start - 5 * 10**9, start + 10**9])
    assert [p.count for p in report.problems if p.code == "time-backwards"] == [1]
    assert report.captures[0].first_ns == start - 5 * 10**9


def test_bytes_of_any_kind_in_a_capture_are_survived(tmp_path: Path) -> None:
    choice = random.Random(3)
    frames = []
    for frame in mixed_traffic(1) * 6:
        changed = bytearray(frame)
        for _ in range(3):
            changed[choice.randrange(len(changed))] = choice.randrange(256)
        frames.append(bytes(changed[: choice.randrange(1, len(changed) + 1)]))
    report = report_of(frames, tmp_path / "capture")
    assert packets_in(report) == report.captures[0].ip_packets
    report.to_pandas()


def test_a_time_that_goes_back_between_two_batches_is_one_too(tmp_path: Path) -> None:
    start = builders.START_NS
    stamps = [start + (n if n % 7 else -n) * 10**9 for n in range(40)]
    backwards = sum(later < earlier for earlier, later in itertools.pairwise(stamps))
    path = tmp_path / "capture"
    path.write_bytes(builders.pcap([ask(CHINA)] * 40, unit="ns", times_ns=stamps))
    with buffers_of(200):
        report = analyze(path)
    assert [p.count for p in report.problems if p.code == "time-backwards"] == [backwards]
