"""Community IDs are those that tshark calculates for the same packets."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from analyzer.model import Report
from analyzer.model.community_id import community_id, community_ids
from tests.export.conftest import CAPTURES


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_every_flow_of_a_capture_has_the_identifier_that_tshark_gives_it(scanned: Report) -> None:
    fields = ["-T", "fields", "-e", "communityid", "-Y", "(tcp || udp) && !icmp && !icmpv6"]
    capture = str(CAPTURES / "nokia7plus-reconstruction.pcap")
    command = ["tshark", "-r", capture, "--enable-protocol", "communityid", *fields]
    seen = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    ours = {found for found in community_ids(scanned.flows.rows()) if found}
    assert ours == set(seen)
    assert len(ours) > 100


def test_both_directions_have_one_identifier() -> None:
    there = {"protocol": "tcp", "source": "192.0.2.1", "source_port": 1, "destination": "192.0.2.2",
             "destination_port": 2}  # fmt: skip
    back = {"protocol": "tcp", "source": "192.0.2.2", "source_port": 2, "destination": "192.0.2.1",
            "destination_port": 1}  # fmt: skip
    assert community_id(there) == community_id(back)
    assert str(community_id(there)).startswith("1:")


@pytest.mark.parametrize(
    "change",
    [{"protocol": "icmp"}, {"flows": 3}, {"source": "several"}, {"source_port": 70000}, {"protocol": "none"}],
)
def test_what_has_no_five_tuple_has_no_identifier(change: dict[str, object]) -> None:
    row = {"protocol": "udp", "source": "192.0.2.1", "source_port": 1, "destination": "192.0.2.2",
           "destination_port": 2}  # fmt: skip
    assert community_id(row) is not None
    assert community_id(row | change) is None
