"""Layouts: structures, marks, sizes, text and tags, on right, cut, spoiled and hostile bytes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import Any

import pytest

from analyzer.dossiers import Dossier, layouts_of, load
from analyzer.dossiers.examples import example_of
from analyzer.layouts import CutStructureError, LayoutError, LayoutReader, Layouts, NoRecordError, layout_of
from analyzer.layouts.checks import CRCS, SUMS
from analyzer.layouts.value_forms import written

WITH_LAYOUT = [d for d in load() if d.layout]
CHECKED = [
    d for d in WITH_LAYOUT if any(c["kind"] in SUMS and "of" not in c for c in d.layout.get("checks", ()))
]
IMEI = "490154203237518"


def reader(dossier: Dossier) -> LayoutReader:
    return LayoutReader(layout_of(dossier.layout))


def data_of(dossier: Dossier) -> bytes:
    example = example_of(dossier)
    assert example is not None
    return example.data


# The check value of each CRC over "123456789" (reveng.sourceforge.io/crc-catalogue).
CHECK_VALUES = {
    "crc-8": 0xF4, "crc-16/arc": 0xBB3D, "crc-16/modbus": 0x4B37, "crc-16/x-25": 0x906E,
    "crc-16/kermit": 0x2189,
    "crc-16/xmodem": 0x31C3, "crc-16/ccitt-false": 0x29B1, "crc-32": 0xCBF43926,
}  # fmt: skip


@pytest.mark.parametrize("name", CRCS)
def test_each_crc_gives_the_catalogues_check_value(name: str) -> None:
    assert SUMS[name](b"123456789") == CHECK_VALUES[name]


def test_sums() -> None:
    assert SUMS["xor-8"](b"\x01\x02\x04") == 7
    assert SUMS["sum-8"](b"\xff\x02") == 1
    assert SUMS["internet"](bytes.fromhex("00010f2f4f5f6f7f8f9f")) == SUMS["internet"](
        bytes.fromhex("00010f2f4f5f6f7f8f9f0000")
    )


FORMS = [
    (b"\x04\x90\x15\x42\x03\x23\x75\x18", "bcd", "0490154203237518"),
    (b"\x04\x90\x15\x42\x03\x23\x75\x18", "bcd-number", IMEI),
    (b"\x12\x3f", "bcd", "123"),
    (b"\x12\x3a", "bcd", ""),
    (b"\x94\x10\x45", "tbcd", "490154"),
    (b"\x00\x00\x5e\x00\x53\xa7", "mac", "00:00:5e:00:53:a7"),
    (b"\xa7\x53\x00\x5e\x00\x00", "mac-reversed", "00:00:5e:00:53:a7"),
    ("00-00-5E-00-53-A7", "mac", "00:00:5e:00:53:a7"),
    ("5954.8340", "degrees-minutes", "59.913900"),
    ("x", "degrees-minutes", ""),
    ("51F9", "hex-number", "20985"),
    ("0242", "integer", "242"),
    (b"\xc0\xa8\x01\x02", "ip", "192.168.1.2"),
    (b"\x01\x02", "number-little", "513"),
    ("hunter2", "secret", "sent readable, not shown"),
]


@pytest.mark.parametrize(("value", "form", "text"), FORMS)
def test_a_value_of_a_form_is_written(value: Any, form: str, text: str) -> None:
    assert written(value, form) == text


# ── what a reader finds, and what it refuses ────────────────────────────────


@pytest.mark.parametrize("dossier", WITH_LAYOUT, ids=lambda d: d.id)
def test_a_whole_message_is_read_and_its_size_is_known(dossier: Dossier) -> None:
    data = data_of(dossier)
    assert reader(dossier).length(data + data) == len(data)
    record = reader(dossier).read(data)
    assert record.case == dossier.example["case"]
    assert dossier.example["values"].items() <= dict(record.values).items()


@pytest.mark.parametrize("dossier", WITH_LAYOUT, ids=lambda d: d.id)
def test_a_cut_message_waits_or_is_refused(dossier: Dossier) -> None:
    data, read = data_of(dossier), reader(dossier)
    for size in range(len(data)):
        try:
            found = read.length(data[:size])
        except NoRecordError:
            continue
        assert found in (0, size)
        if found:
            assert read.read(data[:size]).case in ("", dossier.example["case"])


@pytest.mark.parametrize("dossier", CHECKED, ids=lambda d: d.id)
def test_each_spoiled_byte_under_a_checksum_is_detected(dossier: Dossier) -> None:
    data, read = bytearray(data_of(dossier)), reader(dossier)
    whole = read.read(bytes(data))
    for at in range(len(data)):
        for bit in (1, 0x80):
            spoiled = bytes(data[:at]) + bytes((data[at] ^ bit,)) + bytes(data[at + 1 :])
            try:
                record = read.read(spoiled)
            except NoRecordError:
                continue
            assert record.case == "" or record.values == whole.values, at


@pytest.mark.parametrize("dossier", WITH_LAYOUT, ids=lambda d: d.id)
def test_hostile_bytes_raise_nothing_else_and_take_no_time(dossier: Dossier) -> None:
    source, read, data = random.Random(23), reader(dossier), data_of(dossier)
    begun = time.process_time()
    for _ in range(200):
        made = bytearray(data)
        for _ in range(source.randrange(1, 6)):
            made[source.randrange(len(made))] = source.choice((0, 0xFF, 0x7F, 0x2C, source.randrange(256)))
        made += source.choice((b"", bytes(300), b"\xff" * 300, b"1,1|1," * 60, bytes(data) * 3))
        try:
            size = read.length(bytes(made))
            read.read(bytes(made[: size or len(made)]))
        except (NoRecordError, CutStructureError):
            continue
    assert time.process_time() - begun < 5


def test_chance_is_of_no_layout() -> None:
    layouts, source = layouts_of(load()), random.Random(5)
    for _ in range(3000):
        data = source.randbytes(source.randrange(4, 120))
        assert layouts.of_stream(data) is None
        assert layouts.of_datagram(data) is None


def test_messages_of_other_protocols_are_of_no_layout() -> None:
    layouts = layouts_of(load())
    for data in (
        b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", b"\x16\x03\x01\x02\0\1\0\1\xfc\x03\x03" + bytes(64),
        b"*1\r\n$4\r\nPING\r\n", b"#!/bin/sh\n", b"@RSYNCD: 31.0\n", b"(a) b", b"$$$", b"[INFO] started\n",
        b"imei: none;", b"xxyy" + bytes(40), b"\0\x0f" + b"a" * 15, b"HTTP/1.1 200 OK\r\n\r\n",
    ):  # fmt: skip
        assert layouts.of_stream(data) is None, data


def test_the_library_is_loaded_where_a_message_may_match_alone() -> None:
    code = (
        "import sys; from analyzer.dossiers import layouts_of, load; layouts = layouts_of(load());"
        "layouts.of_stream(b'GET / HTTP/1.1\\r\\n\\r\\n'); print('dissect.cstruct' in sys.modules);"
        "layouts.of_stream(bytes.fromhex('78780d010490154203237518000100000d0a'));"
        "print('dissect.cstruct' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


# ── forms of layouts that no shipped one has, and layouts that are refused ──

PLAIN = {
    "protocol": "example", "begins": r"\x24",
    "structs": "struct message { uint8 start; uint8 size; char rest[size]; };",
    "cases": [{"name": "all"}],
}  # fmt: skip


def test_tagged_values_have_their_tags_names() -> None:
    table = PLAIN | {
        "structs": """
            struct item { uint8 tag; uint8 size; char value[size]; };
            struct items { item list[EOF]; };
            struct message { uint8 start; uint8 size; char rest[size]; };""",
        "cases": [{"name": "tags", "inside": "rest", "struct": "items"}],
        "tags": [
            {"member": "list", "tag": "tag", "value": "value", "names": {"0x03": "imei", "0x04": "mac"}}
        ],
        "values": {"imei": {}, "mac": {"form": "mac"}},
    }
    inner = b"\x03\x0f" + IMEI.encode() + b"\x09\x01x" + b"\x04\x06\x00\x00\x5e\x00\x53\xa7"
    record = LayoutReader(layout_of(table)).read(b"\x24" + bytes((len(inner),)) + inner)
    assert record.values == (("imei", IMEI), ("mac", "00:00:5e:00:53:a7"))


def test_a_member_under_a_published_key_is_opened() -> None:
    table = PLAIN | {
        "structs": "struct in { char serial[10]; };" + str(PLAIN["structs"]),
        "cases": [{"name": "data", "inside": "rest", "struct": "in", "xor": b"Growatt".hex()}],
        "values": {"serial": {}},
    }
    hidden = bytes(a ^ b for a, b in zip(b"SN01234567", b"GrowattGro", strict=True))
    record = LayoutReader(layout_of(table)).read(b"\x24\x0a" + hidden)
    assert (record.values, record.key) == ((("serial", "SN01234567"),), b"Growatt")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "endless": (
        {"structs": "struct e { char a[0]; }; struct message { uint32 n; e list[n]; };"},
        "may have no bytes|can't be read",
    ),
    "endless, dynamic": (
        {"structs": "struct d { char a[k]; }; struct message { uint32 k; d list[k]; };"},
        "may have no bytes|can't be read",
    ),
    "shift": ({"structs": "struct message { uint32 n; char a[1 << n]; };"}, "a length may not be"),
    "division": ({"structs": "struct message { uint32 n; char a[8 / n]; };"}, "a length may not be"),
    "bits": ({"structs": "struct message { uint8 a : 4; uint8 b : 4; };"}, "bit field"),
    "no structure": ({"structs": "struct other { uint8 a; };"}, "can't be read"),
    "syntax": ({"structs": "struct message { nothing a; };"}, "can't be read"),
    "no end": ({"structs": "", "separator": ","}, "where a message ends"),
    "begins": ({"begins": "(?:a|b)"}, "one byte or one class"),
    "begins with nothing": ({"begins": "a*"}, "no bytes"),
    "form": ({"values": {"a": {"form": "rot13"}}}, "no known form"),
    "check": ({"checks": [{"kind": "crc-17"}]}, "no known kind"),
    "transport": ({"transports": ["sctp"]}, "neither tcp nor udp"),
    "size": ({"most": 1 << 20}, "longer than"),
    "misspelt": ({"structz": ""}, "structz"),
    "half a case": ({"cases": [{"name": "a", "inside": "rest"}]}, "belong together"),
}


@pytest.mark.parametrize(("change", "says"), WRONG.values(), ids=WRONG)
def test_a_layout_that_is_not_right_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(LayoutError, match=says):
        LayoutReader(layout_of(PLAIN | change)).check()


def test_no_layouts_match_nothing() -> None:
    assert not Layouts()
    assert Layouts().of_stream(b"\x78\x78\x0d\x01") is None
    assert Layouts().of_datagram(b"\x78\x78\x0d\x01") is None
