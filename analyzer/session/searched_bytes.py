"""How many bytes of each flow went through decoding and detection, by the messages that were examined.

A reader that hands its messages to the extractor needs to do nothing more: their places in the stream or
datagram are what is counted. So a flow that nobody reads counts as not searched, whatever it carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analyzer.flows.flow_ids import New
from analyzer.flows.tracker import FlowIds
from analyzer.model import Endpoint, Message
from analyzer.packets.packet_table import PAYLOAD_WIRE, Packets


class SearchedSpan(NamedTuple):
    """Where a message stood in what `source` sent in a flow, and how many bytes of it were left out.

    `searched` is False for answers: they are read, and no identifier is looked for in them.
    """

    flow: int
    source: Endpoint
    start: int
    end: int
    left_out: int
    searched: bool


class Sums(NamedTuple):
    """Bytes of what one end of a flow sent."""

    searched: int
    answers: int


class _Direction:
    """Bytes of one direction: [answers, searched], as a stream, where places may repeat, and as datagrams."""

    __slots__ = ("datagrams", "end", "stream")

    def __init__(self) -> None:
        self.stream, self.datagrams = [0, 0], [0, 0]
        self.end = 0  # of what was read of the stream so far

    def add(self, at: SearchedSpan) -> None:
        self.datagrams[at.searched] += max(at.end - at.start - at.left_out, 0)
        self.stream[at.searched] += max(at.end - max(at.start, self.end) - at.left_out, 0)
        self.end = max(self.end, at.end)

    def join(self, other: _Direction) -> None:
        """Count another flow's direction too; nothing more of either stream is to come."""
        for mine, others in ((self.stream, other.stream), (self.datagrams, other.datagrams)):
            mine[:] = [a + b for a, b in zip(mine, others, strict=True)]


class SearchedBytes:
    """Adds up what was searched, by flow and sender, while a capture is read."""

    def __init__(self) -> None:
        self._of: dict[int, dict[Endpoint, _Direction]] = {}
        self._cut: dict[int, int] = {}

    def add(self, places: Iterable[SearchedSpan]) -> None:
        for at in places:
            self._of.setdefault(at.flow, {}).setdefault(at.source, _Direction()).add(at)

    def add_cut(self, ids: FlowIds, packets: Packets) -> None:
        """Count what the snapshot length left out of the payloads of a batch."""
        cut = packets.numbers[:, PAYLOAD_WIRE] - packets.payload_captured
        for row in ((cut > 0) & (ids.flow >= 0)).nonzero()[0].tolist():
            flow = int(ids.flow[row])
            self._cut[flow] = self._cut.get(flow, 0) + int(cut[row])

    def cut_of(self, flow: int) -> int:
        """Bytes of a flow that are not in the capture."""
        return self._cut.get(flow, 0)

    def of(self, flow: int, is_stream: bool) -> dict[Endpoint, Sums]:
        """What was searched of each direction of a flow; of several flows in one, port 0 stands for all."""
        found = {}
        for source, direction in self._of.get(flow, {}).items():
            answers, searched = direction.stream if is_stream else direction.datagrams
            found[source] = Sums(searched, answers)
        return found

    def renumber(self, row: New) -> None:
        """Go on with new numbers of flows; those that became one are added up."""
        cut, self._cut = self._cut, {}
        for flow, size in cut.items():
            if (number := int(row[flow])) >= 0:
                self._cut[number] = self._cut.get(number, 0) + size
        before, self._of = self._of, {}
        for flow, directions in before.items():
            if (number := int(row[flow])) < 0:
                continue
            known = self._of.get(number)
            if known is None:
                self._of[number] = directions
            else:
                self._of[number] = _together((known, directions))


def _together(flows: Iterable[dict[Endpoint, _Direction]]) -> dict[Endpoint, _Direction]:
    """The directions of several flows by their addresses, since ports differ."""
    found: dict[Endpoint, _Direction] = {}
    for directions in flows:
        for source, direction in directions.items():
            found.setdefault(Endpoint(source.address, 0), _Direction()).join(direction)
    return found


def places_of(request: Message | None, others: Iterable[Message | None]) -> Iterator[SearchedSpan]:
    """Where the messages of an exchange stood: the request was searched, the others were read."""
    for message in (request, *others):
        if message is not None:
            at = message.evidence
            yield SearchedSpan(
                message.flow, message.source, at.start, at.end, _left_out(message), message is request
            )


def _left_out(message: Message) -> int:
    """Bytes of the body that were not kept to be read; how far a coding was undone is not known by bytes."""
    body = message.body
    if body.left_out is None:
        return 0
    return body.length if body.codings else max(body.length - len(body.content), 0)
