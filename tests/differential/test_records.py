"""Records of the corpus beside tshark's: how many frames, when, how long, of which link type."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from analyzer.capture import Capture
from tests.capture.reading import records_of
from tests.capture.tools import needs_tshark, seen_by_tshark
from tests.differential.corpus import Entry, entries

# The usual form, of which a part is enough: each file costs tshark a start.
USUAL = b"\xd4\xc3\xb2\xa1"
EVERY = int(os.environ.get("PHONEHOME_RECORDS_EVERY", "40"))  # 1 compares every capture

# Where tshark and we differ, and why.
OTHERWISE = {
    # tshark reads no frame of these link types or versions
    "brcm-tag-prepend.pcap", "edsa.pcap", "frf16_magic_ie-oobr.pcap", "hoobr_juniper3.pcap",
    "pcapng-invalid-vers-1.pcapng", "pcapng-invalid-vers-2.pcapng",
    # lengths on the wire below those captured, which we raise to them
    "slip-sliplink_print-oobr.pcap", "rsvp-rsvp_obj_print-oobr.pcap", "aoe-oobr-1.pcap",
    # tshark takes the pseudo-header of ATM off
    "atm-heapoverflow.pcap", "atm-oam-heapoverflow.pcap",
}  # fmt: skip
# 1,011,041 microseconds, which tshark prints as the fraction .1011041
LONG_FRACTIONS = "transform-base64-7296/input.pcap"


def is_unusual(entry: Entry) -> bool:
    """pcapng, big-endian, nanoseconds, compressed."""
    with entry.path.open("rb") as file:
        return file.read(4) != USUAL


def test_every_capture_has_as_many_frames_of_the_same_link_types(corpus: Path) -> None:
    compared, differing = 0, []
    for entry in entries(corpus):
        if entry.path.name in OTHERWISE or "frames" not in entry.truth:  # those that tshark could not read
            continue
        capture = Capture(str(entry.path))
        frames = sum(len(part.records) for part in capture)
        is_known = set(capture.account.links) <= set(entry.truth["linktypes"])
        if frames != entry.truth["frames"] or not is_known:
            differing.append((entry.id, frames, entry.truth["frames"], dict(capture.account.links)))
        compared += 1
    assert differing == []
    assert compared > 1000


@needs_tshark
def test_times_and_lengths_are_those_that_tshark_prints(corpus: Path) -> None:
    listed = [e for e in entries(corpus) if e.path.name not in OTHERWISE and LONG_FRACTIONS not in e.id]
    unusual = [entry for entry in listed if is_unusual(entry)]
    usual = [entry for entry in listed if not is_unusual(entry)]
    chosen = [*unusual[:: max(EVERY // 8, 1)], *usual[::EVERY]]
    if not chosen:
        pytest.skip("the corpus holds no capture to compare")
    with ThreadPoolExecutor(2) as pool:
        for entry, seen in zip(chosen, pool.map(lambda e: seen_by_tshark(e.path), chosen), strict=True):
            found = records_of(Capture(str(entry.path)))
            assert [(r.time_ns, r.wire, len(r.frame)) for r in found] == seen, entry.id
