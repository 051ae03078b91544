"""What trackers say, read by the layouts of their dossiers: in pieces, with escapes, below the equator."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from analyzer.dissectors.clear_streams import reader_for
from analyzer.dissectors.http1 import HttpMessage
from analyzer.dossiers import layouts_of, load
from analyzer.flows.reassembly import Gap, Segment
from analyzer.layouts.checks import SUMS
from analyzer.pipeline import analyze
from tests import builders

LAYOUTS = layouts_of(load())
IMEI = "490154203237518"
LOGIN_GT06 = b"\x01" + bytes.fromhex("0" + IMEI)


def gt06(content: bytes, serial: int = 1) -> bytes:
    data = bytes((len(content) + 4,)) + content + struct.pack(">H", serial)
    return b"\x78\x78" + data + struct.pack(">H", SUMS["crc-16/x-25"](data)) + b"\r\n"


def jt808(kind: int, body: bytes, number: str = "013912345678", version: bool = False) -> bytes:
    head = struct.pack(">HH", kind, len(body) | (0x4000 if version else 0)) + (b"\x01" if version else b"")
    data = head + bytes.fromhex(number.zfill(20 if version else 12)) + b"\0\x07" + body
    data += bytes((SUMS["xor-8"](data),))
    return b"\x7e" + data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


def watch(words: str) -> bytes:
    return f"[3G*1234567890*{len(words):04X}*{words}]".encode()


def heard(data: bytes, sizes: random.Random | None = None) -> list[HttpMessage]:
    """The messages of a client's bytes, cut into pieces behind the first message."""
    reader = reader_for(data, 0, 0, 20_000, True, (True, True), LAYOUTS)
    assert reader is not None
    found, at, pieces = [], 0, []
    while at < len(data):
        size = sizes.randrange(1, 12) if sizes and at else len(data) if not sizes else 40
        pieces.append(data[at : at + size])
        at += size
    offset = 0
    for number, piece in enumerate(pieces, 1):
        found += list(reader.feed(0, Segment(offset, piece, number, number)))
        offset += len(piece)
    found += list(reader.close())
    return [exchange.request for exchange in found if exchange.request is not None]


def said(message: HttpMessage) -> dict[str, str]:
    return dict(message.headers)


POSITION = struct.pack(">6BBIIBH", 19, 2, 20, 12, 1, 2, 0xC8, 107844540, 19354140, 0, 0x1400)
SOUTH_WEST = struct.pack(">6BBIIBH", 19, 2, 20, 12, 1, 2, 0xC8, 107844540, 19354140, 0, 0x1800)
CELL = struct.pack(">HBH", 242, 1, 2490) + b"\0\x51\xf9"


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_gt06_gives_its_number_and_where_it_is(seed: int | None) -> None:
    stream = gt06(LOGIN_GT06) + gt06(b"\x12" + POSITION + CELL, 2) + gt06(b"\x12" + SOUTH_WEST + CELL, 3)
    log_in, north, south = heard(stream, random.Random(seed) if seed else None)
    assert (log_in.method, said(log_in)) == ("log-in", {"imei": IMEI})
    assert said(north) == {
        "latitude": "59.913633", "longitude": "10.752300", "mcc": "242", "mnc": "1", "lac": "2490",
        "cid": "20985",
    }  # fmt: skip
    assert (said(south)["latitude"], said(south)["longitude"]) == ("-59.913633", "-10.752300")


def test_gt06_without_a_cell_names_none() -> None:
    status = b"\x16" + POSITION + bytes(9) + b"\0\0\0\x02\x02"
    found = heard(gt06(LOGIN_GT06) + gt06(status))
    assert set(said(found[1])) == {"latitude", "longitude"}


def test_gt06_after_a_gap_goes_on() -> None:
    first = gt06(LOGIN_GT06)
    reader = reader_for(first, 0, 0, 20_000, True, (True, True), LAYOUTS)
    assert reader is not None
    list(reader.feed(0, Segment(0, first, 1, 1)))
    list(reader.feed(0, Gap(len(first), 30)))
    more = list(reader.feed(0, Segment(len(first) + 30, gt06(b"\x12" + POSITION + CELL), 2, 2)))
    assert [exchange.request.method for exchange in more if exchange.request] == ["position and cell"]


def test_jt808_undoes_escapes_and_reads_both_versions() -> None:
    where = struct.pack(">IIII", 0, 4 | 8, 59913900, 10752200) + struct.pack(
        ">HHH6s", 24, 0x7E, 0x7D, bytes(6)
    )
    code = b"\x04" + b"\x7d\x7e\x7d\x02" + IMEI.encode() + bytes(20)
    stream = jt808(0x0200, where) + jt808(0x0102, code, version=True) + jt808(0x0002, b"")
    position, authenticate, heartbeat = heard(stream)
    assert said(position) == {"phone": "13912345678", "latitude": "-59.913900", "longitude": "-10.752200"}
    assert (authenticate.method, said(authenticate)["imei"]) == ("authenticate", IMEI)
    assert heartbeat.method == "heartbeat"


def test_jt808_gives_all_positions_of_a_batch() -> None:
    entries = [struct.pack(">HIIII", 20, 0, 0, 59913900 + n, 10752200 + n) + bytes(4) for n in range(3)]
    (batch,) = heard(jt808(0x0704, struct.pack(">HB", 3, 0) + b"".join(entries)))
    assert [value for name, value in batch.headers if name == "latitude"] == [
        "59.913900",
        "59.913901",
        "59.913902",
    ]


def test_an_encrypted_body_is_not_read() -> None:
    spoiled = bytearray(jt808(0x0200, bytes(28)))
    spoiled[3] |= 0x04  # the bits of the encryption
    spoiled[-2] ^= 0x04
    assert LAYOUTS.of_stream(bytes(spoiled)) is None


def test_teltonika_gives_all_positions() -> None:
    record = struct.pack(">QBiihHBHBB", 1550664062000, 1, 107522000, -599139000, 24, 0, 8, 0, 0, 4)
    record += b"\x01\x15\x03" + b"\x01\x42\x5e\x0f" + b"\x01\xf1\0\0\x60\x1a" + b"\x01\x4e" + bytes(8)
    data = b"\x08\x02" + record * 2 + b"\x02"
    packet = bytes(4) + struct.pack(">I", len(data)) + data + struct.pack(">I", SUMS["crc-16/arc"](data))
    log_in, positions = heard(b"\0\x0f" + IMEI.encode() + packet)
    assert said(log_in) == {"imei": IMEI}
    assert positions.headers == [("latitude", "-59.913900"), ("longitude", "10.752200")] * 2


def test_a_watch_gives_position_cells_and_networks() -> None:
    words = (
        "UD,200219,120102,A,59.913900,N,10.752200,E,0.00,0.0,0.0,9,100,80,0,0,00000010,2,1,242,1,"
        "2490,20985,55,2490,20986,50,2,Hytta,00:00:5e:00:53:3e,-60,Nabo,00:00:5e:00:53:9c,-70"
    )
    (found,) = heard(watch(words))
    values = found.headers
    assert ("latitude", "59.913900") in values
    assert [value for name, value in values if name == "bssid"] == ["00:00:5e:00:53:3e", "00:00:5e:00:53:9c"]
    assert [(n, v) for n, v in values if n in ("ssid", "network around")] == [
        ("ssid", "Hytta"),
        ("network around", "Nabo"),
    ]


def test_a_watch_that_has_no_position_gives_none() -> None:
    (found,) = heard(
        watch("UD,200219,120102,V,59.913900,N,10.752200,E,0.00,0.0,0.0,9,100,80,0,0,00000010,0,1,,")
    )
    assert "latitude" not in said(found)


def test_a_password_is_named_and_not_shown() -> None:
    (found,) = heard(b"#L#490154203237518;hunter2\r\n")
    assert said(found) == {"imei": IMEI, "Password": "sent readable, not shown"}
    assert b"hunter2" not in repr(found.headers).encode() + bytes(found.body.body()[0].content)


def test_a_counted_list_that_counts_too_many_gives_what_is_there() -> None:
    (found,) = heard(
        watch("UD,200219,120102,A,59.9139,N,10.7522,E,0,0,0,9,100,80,0,0,0,999,1,242,1,2490,20985,55")
    )
    assert said(found)["cid"] == "20985"


def test_the_users_own_layout_is_read_beside_ours(tmp_path: Path) -> None:
    text = """
id = "my-meter"
title = "My meter"
operator = "Me"
kind = "telemetry"
summary = "A meter."
encoding = "binary"

[client]
name = "a meter"
confidence = "C"

[[recognise]]
needs = ["layout"]
confidence = "medium"

[layout]
protocol = "my meter"
transports = ["udp"]
begins = 'MTR1'
structs = "struct message { char magic[4]; uint8 size; char serial[size]; uint16 crc; };"

[[layout.checks]]
kind = "crc-16/modbus"
over = ["magic", "serial"]
equals = "crc"

[[layout.cases]]
name = "reading"

[layout.values.serial]

[fields.serial]
means = "serial number of the meter"
kind = "serial_number"

[[sources]]
title = "My notes"
confidence = "C"
says = "all of it"
"""
    (tmp_path / "my-meter.toml").write_text(text)
    data = b"MTR1\x0cSN0123456789"
    data += struct.pack(">H", SUMS["crc-16/modbus"](data))
    capture = tmp_path / "a.pcap"
    capture.write_bytes(builders.pcap([builders.udp(data, ports=(40_000, 20_001))]))
    report = analyze(capture, dossiers=[tmp_path])
    assert [message.dossiers for message in report.messages] == [("my-meter",)]
    assert [(entry.dossier, entry.messages) for entry in report.documented] == [("my-meter", 1)]
