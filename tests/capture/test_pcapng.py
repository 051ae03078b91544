"""pcapng files to records: sections, interfaces, block types, damage."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analyzer.capture import Capture
from analyzer.capture.pcapng import MOST_INTERFACES
from analyzer.capture.records import UNDESCRIBED_LINK
from tests.capture.blocks import block, enhanced, interface, obsolete, section, simple
from tests.capture.reading import Record, buffers_of, read, read_by_scapy
from tests.examples import examples

IF_TSRESOL, IF_TSOFFSET = 9, 14
NAME_RESOLUTION, STATISTICS, SECRETS, CUSTOM = 4, 5, 10, 0xBAD
LIMIT_NS = 9_000_000_000 * 10**9

few = settings(
    max_examples=examples(40),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
orders = pytest.mark.parametrize("order", ["<", ">"])


def resolution(byte: int) -> tuple[int, bytes]:
    """The option if_tsresol."""
    return IF_TSRESOL, bytes([byte])


@orders
@pytest.mark.parametrize("form", [enhanced, obsolete], ids=["enhanced", "obsolete"])
def test_packet_blocks_are_read_in_both_byte_orders(
    form: Callable[..., bytes], order: str, tmp_path: Path
) -> None:
    data = section(order) + interface(order=order) + form(b"a frame", 1_550_678_460_123_456, order=order)
    found, account = read(data, tmp_path / "capture")
    assert found == [Record(1_550_678_460_123_456_000, b"a frame", 7, 1)]
    assert (account.format, account.frames, account.complete) == ("pcapng", 1, True)


@orders
def test_a_simple_packet_block_has_no_time_and_is_cut_at_the_snapshot_length(
    order: str, tmp_path: Path
) -> None:
    data = (
        section(order)
        + interface(1, 6, order=order)
        + simple(b"whole", order=order)
        + simple(b"cut to six"[:6] + b"\0\0", wire=10, order=order)
    )
    found, account = read(data, tmp_path / "capture")
    assert found == [Record(0, b"whole", 5, 1), Record(0, b"cut to", 10, 1)]
    assert account.snapped == 1


@few
@given(
    st.lists(st.tuples(st.binary(max_size=100), st.integers(0, 2**33 * 10**6)), max_size=20),
    st.sampled_from("<>"),
)
def test_times_and_frames_are_those_that_scapy_reads(
    tmp_path: Path, packets: list[tuple[bytes, int]], order: str
) -> None:
    data = section(order) + interface(order=order)
    data += b"".join(enhanced(frame, ticks, order=order) for frame, ticks in packets)
    found, _ = read(data, tmp_path / "capture")
    assert [(record.time_ns, record.frame, record.wire) for record in found] == read_by_scapy(data)


@few
@given(
    st.integers(0, 255),
    st.integers(0, 64).flatmap(lambda n: st.integers(0, 2**n)),
    st.integers(-(2**34), 2**34),
)
@example(0x80 | 127, 2**64 - 1, 0)
@example(127, 2**64 - 1, 0)
@example(28, 2**64 - 1, 0)
@example(27, 2**64 - 1, 0)
@example(18, 2**64 - 1, 0)
@example(9, 2**64 - 1, 0)
@example(0x80 | 64, 2**64 - 1, 1)
@example(0x80 | 63, 2**64 - 1, -1)
@example(0x80 | 31, 2**64 - 1, 0)
def test_any_resolution_and_offset_gives_the_exact_time(
    tmp_path: Path, byte: int, ticks: int, offset: int
) -> None:
    ticks = min(ticks, 2**64 - 1)
    options = resolution(byte), (IF_TSOFFSET, struct.pack("<q", offset))
    data = section() + interface(1, 0, *options) + enhanced(b"x", ticks)
    found, _ = read(data, tmp_path / "capture")
    units = (2 if byte & 0x80 else 10) ** (byte & 0x7F)
    exact = (Fraction(ticks, units) + offset) * 10**9
    # Units finer than a nanosecond are cut off; times that 63 bits can't hold stand at the limit.
    if ticks // units <= LIMIT_NS // 10**9 and abs(exact) <= LIMIT_NS:
        assert abs(found[0].time_ns - exact) < 2
    assert abs(found[0].time_ns) <= LIMIT_NS + 10**9


@pytest.mark.parametrize("byte", [0, 3, 6, 9, 12, 0x80, 0x8A, 0x94, 0x9E, 0xA0, 0xBF])
def test_usual_resolutions_are_exact(byte: int, tmp_path: Path) -> None:
    base = 2 if byte & 0x80 else 10
    units = base ** (byte & 0x7F)
    ticks = min(1_550_678_460 * units + units // 3, 2**63 - 1)
    data = section() + interface(1, 0, resolution(byte)) + enhanced(b"x", ticks)
    found, _ = read(data, tmp_path / "capture")
    assert abs(found[0].time_ns - Fraction(ticks, units) * 10**9) <= 1


@pytest.mark.parametrize("offset", [2**63 - 1, -(2**63), 2**62])
@pytest.mark.parametrize("ticks", [0, 2**63 - 1])
def test_absurd_times_are_held_at_the_limit(offset: int, ticks: int, tmp_path: Path) -> None:
    options = resolution(0), (IF_TSOFFSET, struct.pack("<q", offset))
    data = section() + interface(1, 0, *options) + enhanced(b"x", ticks)
    found, _ = read(data, tmp_path / "capture")
    assert len(found) == 1
    assert abs(found[0].time_ns) <= LIMIT_NS


def test_each_interface_has_its_own_link_type_and_clock(tmp_path: Path) -> None:
    data = (
        section()
        + interface(1)
        + interface(113, 0, resolution(9))
        + enhanced(b"b", 5, 1)
        + enhanced(b"a", 5, 0)
        + interface(101, 0, resolution(3))
        + enhanced(b"c", 5, 2)
    )
    found, account = read(data, tmp_path / "capture")
    assert found == [Record(5, b"b", 1, 113), Record(5000, b"a", 1, 1), Record(5_000_000, b"c", 1, 101)]
    assert account.links == {1: 1, 113: 1, 101: 1}


def test_a_new_section_begins_anew_in_its_own_byte_order(tmp_path: Path) -> None:
    data = (
        section("<") + interface(1) + enhanced(b"little", 1)
        + section(">") + interface(113, order=">") + enhanced(b"big", 2, order=">")
        + section("<") + interface(101) + enhanced(b"little again", 3)
    )  # fmt: skip
    found, account = read(data, tmp_path / "capture")
    assert [(r.frame, r.link, r.time_ns) for r in found] == [
        (b"little", 1, 1000), (b"big", 113, 2000), (b"little again", 101, 3000)
    ]  # fmt: skip
    assert account.complete


def test_an_interface_of_an_earlier_section_is_unknown_in_the_next(tmp_path: Path) -> None:
    data = section() + interface(1) + section() + enhanced(b"of which interface?", 1)
    found, account = read(data, tmp_path / "capture")
    assert [(r.frame, r.link) for r in found] == [(b"of which interface?", UNDESCRIBED_LINK)]
    assert [(problem.code, problem.count) for problem in account.problems] == [("unknown-interface", 1)]


def test_packets_of_interfaces_that_are_not_described_are_read_on(tmp_path: Path) -> None:
    data = section() + enhanced(b"before any", 7) + interface() + enhanced(b"known", 8)
    data += enhanced(b"unknown", 9, number=82) + enhanced(b"known again", 10)
    found, account = read(data, tmp_path / "capture")
    assert [(r.frame, r.link, r.time_ns) for r in found] == [
        (b"before any", UNDESCRIBED_LINK, 7000), (b"known", 1, 8000),
        (b"unknown", UNDESCRIBED_LINK, 9000), (b"known again", 1, 10000),
    ]  # fmt: skip
    assert account.problems[0].count == 2
    assert account.complete


def test_packets_are_read_however_many_interfaces_are_described(tmp_path: Path) -> None:
    data = section() + interface() * 5000 + enhanced(b"x", number=4999)
    data += interface() * MOST_INTERFACES + enhanced(b"beyond the bound", number=MOST_INTERFACES + 100)
    found, account = read(data, tmp_path / "capture")
    assert [(r.frame, r.link) for r in found] == [(b"x", 1), (b"beyond the bound", UNDESCRIBED_LINK)]
    assert [problem.code for problem in account.problems] == ["unknown-interface"]


def test_more_bytes_than_a_packet_had_are_a_problem(tmp_path: Path) -> None:
    longer = block(6, struct.pack("<IIIII", 0, 0, 0, 8, 4) + bytes(8))
    found, account = read(section() + interface() + longer, tmp_path / "capture")
    assert [(len(r.frame), r.wire) for r in found] == [(8, 8)]
    assert [(problem.code, problem.count) for problem in account.problems] == [("length-contradiction", 1)]


@orders
def test_unknown_blocks_are_passed_over(order: str, tmp_path: Path) -> None:
    kinds = (NAME_RESOLUTION, STATISTICS, SECRETS, CUSTOM, 0x80000001)
    strange = [block(kind, bytes(size), order) for kind in kinds
               for size in (0, 4, 1000)]  # fmt: skip
    data = section(order) + strange[0] + interface(order=order)
    for number, block_between in enumerate(strange):
        data += block_between + enhanced(b"%d" % number, number, order=order)
    found, account = read(data, tmp_path / "capture")
    assert [record.frame for record in found] == [b"%d" % number for number in range(len(strange))]
    assert account.complete


def test_packets_between_other_blocks_stay_in_one_batch(tmp_path: Path) -> None:
    from analyzer.capture import Capture

    path = tmp_path / "capture"
    parts = [enhanced(b"x" * 60, 1) + block(CUSTOM, b"note") + interface(1) for _ in range(500)]
    path.write_bytes(section() + interface(1) + b"".join(parts))
    assert [len(part.records) for part in Capture(str(path))] == [500]


def test_a_block_of_gigabytes_that_is_not_there_is_a_problem_and_no_allocation(tmp_path: Path) -> None:
    huge = struct.pack("<II", CUSTOM, 0xFFFFFFFC) + bytes(1000)
    found, account = read(section() + interface() + enhanced(b"x") + huge, tmp_path / "capture")
    assert len(found) == 1
    assert [problem.code for problem in account.problems] == ["cut-record"]


BROKEN = {
    "more captured bytes than the block holds": interface()
    + block(6, struct.pack("<IIIII", 0, 0, 0, 100, 100) + bytes(8)),
    "a block shorter than its header": interface() + struct.pack("<III", 6, 8, 8) + bytes(100),
    "a packet block without room for its fields": interface() + struct.pack("<II", 6, 16) + bytes(100),
    "an odd length": interface() + struct.pack("<II", 6, 45) + bytes(100),
    "an unknown block shorter than a block": interface() + struct.pack("<II", CUSTOM, 4) + bytes(100),
    "an interface description without its fields": block(1, b"1234") + interface() + enhanced(b"x"),
    "a section of unknown byte order": interface() + block(0x0A0D0D0A, b"????" + bytes(12)),
}


@pytest.mark.parametrize("rest", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("buffer", [64, 4 << 20])
def test_a_block_that_contradicts_itself_ends_the_reading_with_one_problem(
    rest: bytes, buffer: int, tmp_path: Path
) -> None:
    good = section() + interface() + enhanced(b"good") + section()
    with buffers_of(buffer):
        found, account = read(good + rest, tmp_path / "capture")
    assert [record.frame for record in found] == [b"good"]
    assert not account.complete
    assert len(account.problems) == 1
    assert account.problems[0].frame == 2


def many_blocks(choice: random.Random, count: int) -> bytes:
    """Sections, interfaces, packets and others in a random order that is right."""
    data, order, interfaces = section() + interface(), "<", 1
    for _ in range(count):
        kind = choice.randrange(8)
        frame = choice.randbytes(choice.choice([0, 1, 3, 60, 700]))
        if kind == 0:
            order = choice.choice("<>")
            data += section(order) + interface(choice.choice([1, 101, 113]), order=order)
            interfaces = 1
        elif kind == 1:
            data += interface(choice.choice([1, 276]), 0, resolution(choice.choice([6, 9])), order=order)
            interfaces += 1
        elif kind == 2:
            data += block(CUSTOM, choice.randbytes(choice.choice([0, 8, 900])), order)
        elif kind == 3:
            data += simple(frame, order=order)
        else:
            data += enhanced(frame, choice.getrandbits(50), choice.randrange(interfaces), order=order)
    return data


@few
@given(st.integers(0, 10**6), st.integers(64, 1500))
def test_batch_boundaries_change_nothing(tmp_path: Path, seed: int, buffer: int) -> None:
    data = many_blocks(random.Random(seed), 60)
    whole, account = read(data, tmp_path / "capture")
    with buffers_of(buffer):
        parts, small = read(data, tmp_path / "capture")
    assert parts == whole
    assert account.complete
    assert (small.frames, small.links, small.problems) == (account.frames, account.links, account.problems)


@few
@given(st.integers(0, 10**6), st.data())
def test_a_cut_file_gives_the_records_before_the_cut(tmp_path: Path, seed: int, data: st.DataObject) -> None:
    raw = many_blocks(random.Random(seed), 12)
    whole, _ = read(raw, tmp_path / "capture")
    cut = data.draw(st.integers(28, len(raw) - 1))
    found, account = read(raw[:cut], tmp_path / "capture")
    assert found == whole[: len(found)]
    assert len([p for p in account.problems if p.code != "no-time"]) == (0 if account.complete else 1)


@few
@given(st.integers(0, 10**6), st.data())
def test_changed_bytes_raise_nothing(tmp_path: Path, seed: int, data: st.DataObject) -> None:
    raw = bytearray(many_blocks(random.Random(seed), 12))
    for _ in range(4):
        raw[data.draw(st.integers(28, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with buffers_of(256):
        found, account = read(bytes(raw), tmp_path / "capture")
    assert account.frames == len(found)


def test_a_section_of_an_unknown_version_is_read_and_said(tmp_path: Path) -> None:
    changed = bytearray(section())
    changed[12:14] = (7).to_bytes(2, "little")
    path = tmp_path / "version.pcapng"
    path.write_bytes(bytes(changed))
    capture = Capture(str(path))
    assert list(capture) == []
    assert any("version 7.0" in problem.what for problem in capture.account.problems)
