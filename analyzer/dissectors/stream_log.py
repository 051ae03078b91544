"""What reassembly met in readable flows: copies that differ, bytes that never came, how much came again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from analyzer.flows.flow_ids import New
from analyzer.flows.reassembly import Gap, StreamConflict
from analyzer.flows.retransmissions import MOST_BYTES, Retransmissions

# Conflicts and gaps of a capture that are kept with their places; the others are counted.
MOST_LISTED = 1000


class Placed(NamedTuple):
    """A conflict or a gap, its flow, and the direction of the stream: 0 from A, 1 from B."""

    flow: int
    direction: int
    met: StreamConflict | Gap


class StreamEvents(Protocol):
    """What a stream met, as `Stream` says it."""

    @property
    def conflicts(self) -> Sequence[StreamConflict]: ...
    @property
    def conflicting(self) -> int: ...
    @property
    def unchecked(self) -> int: ...


class Reassembled(Protocol):
    """A TCP flow that was put in order: both directions, and the gaps met with their directions."""

    @property
    def streams(self) -> Sequence[StreamEvents]: ...
    @property
    def missing(self) -> Sequence[tuple[int, Gap]]: ...


class StreamLog:
    """Takes the flows of a capture as they are closed. `recent` is the memory that their streams share."""

    def __init__(self, share: float = 1.0) -> None:
        """`share` is the part of the usual memory that `recent` has."""
        self.recent = Retransmissions(int(MOST_BYTES * share))
        self.conflicts: list[Placed] = []
        self.gaps: list[Placed] = []
        self.conflicting = 0  # bytes that came again with other content
        self.conflicting_flows = 0
        self.jumps = 0  # of sequence numbers, farther than bytes are lost
        self.unchecked = 0  # bytes that came again when their first copy was forgotten

    def renumber(self, new: New) -> None:
        """Go on with new numbers of flows (`flows.renumbering`)."""
        for listed in (self.conflicts, self.gaps):
            found = [placed._replace(flow=int(new[placed.flow])) for placed in listed]
            listed[:] = [placed for placed in found if placed.flow >= 0]

    def take(self, flow: int, read: Reassembled) -> None:
        """A flow that was read to its end."""
        before = self.conflicting
        for direction, stream in enumerate(read.streams):
            self.conflicting += stream.conflicting
            self.unchecked += stream.unchecked
            _list(self.conflicts, [Placed(flow, direction, met) for met in stream.conflicts])
        self.jumps += sum(gap.is_jump for _, gap in read.missing)
        found = [Placed(flow, direction, gap) for direction, gap in read.missing if not gap.is_jump]
        _list(self.gaps, found)
        self.conflicting_flows += self.conflicting > before


def _list(listed: list[Placed], found: list[Placed]) -> None:
    listed += found[: MOST_LISTED - len(listed)]
