"""The ledger's totals equal the packet counts of the capture, and tshark's per address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.model import CaptureError
from tests.differential.corpus import entries
from tests.differential.ledger import UNEXPLAINED, difference

# Every n-th capture, by size: `ledger.py` compares all of them in some minutes, see `ledger.md`.
EVERY = 37


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_packets_of_each_address_equal_tshark_s_but_for_causes_that_are_named(corpus: Path) -> None:
    captures = entries(corpus)[5::EVERY]
    found = [one for entry in captures if (one := difference(entry))]
    assert [str(one) for one in found if one.cause == UNEXPLAINED] == []
    assert len(found) <= 0.05 * len(captures)


def test_every_ip_packet_of_a_capture_is_in_exactly_one_row(corpus: Path) -> None:
    for entry in entries(corpus)[3::EVERY]:
        try:
            report = analyze(entry.path)
        except CaptureError:
            continue
        in_rows = sum(row.packets_up + row.packets_down for row in report.destinations)
        in_flows = sum(row["packets_up"] + row["packets_down"] for row in report.flows.rows())
        of_devices = sum(device.packets for device in report.devices)
        assert in_rows == in_flows == of_devices == report.captures[0].ip_packets, entry.id
