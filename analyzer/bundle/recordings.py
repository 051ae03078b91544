"""The packets of a bundle → one capture for each recording, which can be scanned again.

All packets of one recording go into one capture, in their order: what follows from several connections
together (a sender that repeats itself) is found again as it was found at first.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from analyzer.bundle.file_check import Files
from analyzer.bundle.packet_check import At, Shown
from analyzer.bundle.pcapng_reader import bytes_at
from analyzer.bundle.pcapng_writer import interface, packet, section
from analyzer.model import Report

MOST_OPEN = 16  # files at once


@dataclass(frozen=True, slots=True)
class Recording:
    """The packets of one recording, in the order in which they were captured."""

    captures: tuple[int, ...]
    places: list[At]

    def place(self, _: int, frame: int) -> At:
        """Return where a frame of the capture that was written stood in the captures as recorded."""
        return self.places[frame - 1] if 0 < frame <= len(self.places) else (-1, frame)


def recordings(report: Report, shown: Shown) -> list[Recording]:
    """Return the recordings of which the bundle shows something."""
    of: dict[int, tuple[int, ...]] = {
        capture: session.captures for session in report.sessions for capture in session.captures
    }
    found: dict[tuple[int, ...], list[At]] = defaultdict(list)
    for place in shown.spots:
        found[of.get(place[0], (place[0],))].append(place)
    return [
        Recording(captures, sorted(places, key=lambda at: (captures.index(at[0]), at[1])))
        for captures, places in sorted(found.items())
    ]


def write(recording: Recording, shown: Shown, files: Files, target: Path) -> None:
    """Write all packets of a recording into one capture."""
    spots = [shown.spots[place] for place in recording.places]
    links = list(dict.fromkeys(spot.link for spot in spots))
    with ExitStack() as stack, target.open("xb") as out:
        out.write(section("", "") + b"".join(map(interface, links)))
        opened: dict[str, BinaryIO] = {}
        for spot in spots:
            if spot.file not in opened:
                if len(opened) == MOST_OPEN:
                    opened.pop(next(iter(opened))).close()
                opened[spot.file] = stack.enter_context(files.open(spot.file))
            data = bytes_at(opened[spot.file], spot.offset)
            out.write(packet(links.index(spot.link), spot.time_ns, spot.wire, data, ""))
