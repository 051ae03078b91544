"""Both directions of a TCP flow to HTTP exchanges: each request with the response it got."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.flows.streams import Gap, Segment, Stream

from .http1 import HttpMessage, HttpReader


@dataclass(slots=True)
class Exchange:
    """A request and its response; None stands for the one that was never seen."""

    request: HttpMessage | None
    response: HttpMessage | None
    # 0 when the request went from A to B, 1 the other way.
    direction: int


class HttpFlow:
    """Reads a flow in both directions and pairs responses with requests.

    Requests are fed before responses of the same batch, so that a response finds its request.
    """

    __slots__ = (
        "_asked", "_behind_gap", "_chosen", "_early", "_unanswered", "found", "gap_octets", "gaps", "readers",
        "streams",
    )  # fmt: skip

    def __init__(self, isn_a: int | None, isn_b: int | None) -> None:
        self.streams = (Stream(isn_a), Stream(isn_b))
        self.readers = (HttpReader(self._method_of), HttpReader(self._method_of))
        self.found = False  # whether any HTTP message was seen
        self.gaps = self.gap_octets = 0
        self._asked: deque[HttpMessage] = deque()
        self._unanswered: list[HttpMessage] = []
        self._chosen: dict[int, HttpMessage] = {}  # id of a response → its request
        # id of a request that was answered before it was whole → its response, once that is whole
        self._early: dict[int, HttpMessage | None] = {}
        self._behind_gap = False

    def feed(
        self, direction: int, sequence: int, data: bytes, frame: int, time_ns: int
    ) -> Iterator[Exchange]:
        """Exchanges that this segment finishes."""
        reader = self.readers[direction]
        for piece in self.streams[direction].add(sequence, data, frame, time_ns):
            self._note_gap(piece, reader)
            for message in reader.feed(piece):
                yield from self._take(message, direction)

    def acknowledge(self, direction: int, number: int) -> Iterator[Exchange]:
        """Exchanges that are finished by knowing that the receiver has all octets before `number`."""
        reader = self.readers[direction]
        for piece in self.streams[direction].lost_before(number):
            self._note_gap(piece, reader)
            for message in reader.feed(piece):
                yield from self._take(message, direction)

    def close(self) -> Iterator[Exchange]:
        """What the end of the flow completes, and the requests that got no response."""
        for direction in self._request_direction_first():
            reader = self.readers[direction]
            for piece in self.streams[direction].close():
                self._note_gap(piece, reader)
                for message in reader.feed(piece):
                    yield from self._take(message, direction)
            for message in reader.close():
                yield from self._take(message, direction)
        direction = self._request_direction_first()[0]
        for request in (*self._unanswered, *self._asked):
            yield Exchange(request, None, direction)
        self._unanswered.clear()
        self._asked.clear()

    def gave_up(self) -> bool:
        """Whether neither direction is HTTP, as far as both have shown."""
        return not self.found and all(r.opaque or r.role is None for r in self.readers)

    def _note_gap(self, piece: Segment | Gap, reader: HttpReader) -> None:
        if isinstance(piece, Gap):
            self.gaps += 1
            self.gap_octets += piece.length
            self._behind_gap = self._behind_gap or reader.role != "request"

    def _request_direction_first(self) -> tuple[int, int]:
        return (1, 0) if self.readers[1].role == "request" else (0, 1)

    def _take(self, message: HttpMessage, direction: int) -> Iterator[Exchange]:
        self.found = True
        if message.role == "request":
            if id(message) not in self._early:
                self._asked.append(message)
            elif (response := self._early.pop(id(message))) is not None:
                yield Exchange(message, response, direction)
            return
        if message.informational:
            return
        request = self._chosen.pop(id(message), None)
        if request is not None and id(request) in self._early:
            self._early[id(request)] = message
            return
        yield Exchange(request, message, 1 - direction)

    def _method_of(self, response: HttpMessage) -> str | None:
        """Pair a response with the oldest request before it that is still unanswered.

        Behind a gap, where responses may be lost, with the newest: pipelining is rare.
        """
        first = response.frames[0] if response.frames else 0
        if not self._asked:
            return self._answer_early(response, first)
        if _first_frame(self._asked[0]) > first:
            return None
        if self._behind_gap:
            while len(self._asked) > 1 and _first_frame(self._asked[1]) <= first:
                self._unanswered.append(self._asked.popleft())
        self._behind_gap = False
        request = self._asked.popleft()
        self._chosen[id(response)] = request
        return request.method

    def _answer_early(self, response: HttpMessage, first: int) -> str | None:
        """Pair a response with the request that is still being read: cut, or refused before its end."""
        for reader in self.readers:
            request = reader.message
            if request is None or request.role != "request" or id(request) in self._early:
                continue
            if _first_frame(request) <= first:
                self._early[id(request)] = None
                self._chosen[id(response)] = request
                return request.method
        return None


def _first_frame(message: HttpMessage) -> int:
    return message.frames[0] if message.frames else 0
