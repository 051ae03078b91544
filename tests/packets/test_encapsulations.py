"""A request in each encapsulation is read as without it, by us and by tshark where that opens it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.packets import packet_table
from tests import builders
from tests.packets.encapsulations import FORMS, NOT_OPENED, Form, conversation
from tests.packets.rows import decode

PHONES = (builders.PHONE, "2001:db8::10")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_the_packet_inside_is_the_row(form: Form) -> None:
    for frame in conversation():
        alone, found = decode(frame), decode(form.made(frame), form.link)
        assert found[packet_table.KIND] == packet_table.TCP
        assert found.payload == alone.payload
        for column in (
            packet_table.SEQUENCE,
            packet_table.FLAGS,
            packet_table.SOURCE_PORT,
            packet_table.DESTINATION_PORT,
            packet_table.PAYLOAD_WIRE,
        ):
            assert found[column] == alone[column]
        if ":" not in found.source:
            assert (found.source, found.destination) == (alone.source, alone.destination)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_frame_cut_anywhere_reads_nothing_behind_it(form: Form) -> None:
    frame = form.made(conversation()[3])
    for kept in range(len(frame)):
        decode(frame[:kept], form.link, wire=len(frame))


@pytest.mark.parametrize("form", NOT_OPENED.values(), ids=NOT_OPENED.keys())
def test_what_only_looks_like_one_invents_no_packet(form: Form) -> None:
    row = decode(form.made(conversation()[3]), form.link)
    assert row[packet_table.KIND] != packet_table.TCP
    assert row.source not in PHONES
    if row[packet_table.KIND] >= packet_table.OTHER_IP and row[packet_table.KIND] != packet_table.DAMAGED:
        assert row.source == "203.0.113.1"


@pytest.mark.sampled(8)
@pytest.mark.parametrize("form", [f for f in FORMS.values() if f.in_tshark],
                         ids=[name for name, f in FORMS.items() if f.in_tshark])  # fmt: skip
def test_tshark_reads_the_same_request(form: Form, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    path = tmp_path / "capture.pcap"
    path.write_bytes(builders.pcap([form.made(frame) for frame in conversation()], link_type=form.link))
    command = ["tshark", "-r", str(path), "-T", "fields", "-e", "http.request.uri"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode or "/register?imei=490154203237518" not in done.stdout:
        pytest.skip("this tshark does not open it")
