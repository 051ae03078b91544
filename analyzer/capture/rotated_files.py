"""Paths of captures → chains of files that one recording may have been split into, in the order of time.

`tcpdump -C`, `-W` and `-G`, dumpcap's ring buffer and `editcap -c` split a recording. Whether a file goes on
where another ends is known once that other one has been read: `follows` tells then.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analyzer.capture import Capture
from analyzer.model import CaptureError

# How much earlier than the last frame of a file the next may begin: frames of several queues are stamped
# and written in different orders.
MOST_OVERLAP_NS = 1_000_000_000
# How much later the next file may begin where the names tell that they belong together, and where they don't.
MOST_APART_NAMED_NS, MOST_APART_NS = 3600_000_000_000, 60_000_000_000

DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Look:
    """What a capture's beginning shows; files whose `header` differs are not of one recording."""

    path: str
    first_ns: int | None = (
        None  # of its first frame; None where it has none, can't be read or can't be read twice
    )
    header: tuple[object, ...] = ()
    links: frozenset[int] = field(default_factory=frozenset)  # of the first frames

    @property
    def pattern(self) -> str:
        """The path without its numbers: the same for all files of a rotation."""
        folder, name = os.path.split(os.path.abspath(self.path))
        return os.path.join(folder, DIGITS.sub("", name))

    @property
    def order(self) -> tuple[int, list[tuple[int, str]]]:
        """By time; where two files begin at the same moment, by the numbers in their names."""
        return self.first_ns or 0, natural(os.path.basename(self.path))


def look(path: str) -> Look:
    """The beginning of a capture; nothing of one that is no regular file, since it can be read only once."""
    if not os.path.isfile(path):
        return Look(path)
    try:
        capture = Capture(path)
        batches = iter(capture)
        first = next(batches, None)
        batches.close()
    except CaptureError:
        return Look(path)
    if first is None:
        return Look(path)
    account = capture.account
    interfaces = tuple((entry.name, entry.snaplen, entry.filter) for entry in account.interfaces)
    times = first.records.time_ns
    return Look(
        path, int(times[0]), (account.format, account.snaplen, interfaces), frozenset(first.records.links())
    )


def chains(paths: Sequence[str]) -> list[list[Look]]:
    """Each path once, with those it may follow or precede, or alone; in the order they were given in."""
    return [[Look(path)] for path in paths] if len(paths) < 2 else chains_of([look(path) for path in paths])


def chains_of(looks: Sequence[Look]) -> list[list[Look]]:
    """The same of captures whose beginnings are known."""
    places = {id(entry): place for place, entry in enumerate(looks)}
    alone = [[entry] for entry in looks if entry.first_ns is None]
    by_name = _groups((entry for entry in looks if entry.first_ns is not None), named=True)
    together = [group for group in by_name if len(group) > 1]
    singles = [group[0] for group in by_name if len(group) == 1]
    found = [*alone, *together, *_groups(singles, named=False)]
    return sorted(found, key=lambda chain: min(places[id(entry)] for entry in chain))


def follows(before: Look, last_ns: int | None, after: Look) -> bool:
    """Whether a file goes on where another, whose last frame is of `last_ns`, ends."""
    if last_ns is None or after.first_ns is None or not before.links & after.links:
        return False
    apart = after.first_ns - last_ns
    if before.pattern == after.pattern:
        return -MOST_OVERLAP_NS <= apart <= MOST_APART_NAMED_NS
    return 0 <= apart <= MOST_APART_NS


def natural(name: str) -> list[tuple[int, str]]:
    """A key that puts file 10 behind file 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in DIGITS.split(name)]


def _groups(looks: Iterable[Look], named: bool) -> list[list[Look]]:
    """Those with the same header, and with names of one pattern if `named`; each group in its order."""
    groups: dict[tuple[object, ...], list[Look]] = defaultdict(list)
    for entry in looks:
        groups[(entry.header, entry.pattern if named else "")].append(entry)
    return [sorted(group, key=lambda entry: entry.order) for group in groups.values()]
