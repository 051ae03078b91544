"""Both directions of a TCP flow to HTTP exchanges: each request with the response it got."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from analyzer.dissectors.clear_message import UNCLASSIFIED
from analyzer.dissectors.exchange import Exchange, InnerReader, Surroundings
from analyzer.dissectors.http1 import HttpMessage, HttpReader
from analyzer.dissectors.protocol_switch import ProtocolSwitch
from analyzer.dissectors.unclassified import UnclassifiedBytes, other_readings
from analyzer.flows.reassembly import Gap, Segment, Stream
from analyzer.flows.retransmissions import Retransmissions
from analyzer.system.containment import contained

# Beginnings of the protocol's name in messages that prove no HTTP.
NOT_HTTP = ("socks", UNCLASSIFIED)
# Gaps of a flow that are kept with their places; the others are counted.
MOST_GAPS = 64
# Interim responses that wait for the final one, and requests that wait for their answers (pipelining).
MOST_INTERIM, MOST_ASKED = 64, 16_384
NOT_PAIRED = (
    f"more than {MOST_ASKED:,} requests waited for answers, so that its answer is not told from others"
)


class HttpFlow:
    """Reads a flow in both directions and pairs responses with requests.

    Requests are fed before responses of the same batch, so that a response finds its request.
    """

    __slots__ = (
        "_asked",
        "_behind_gap",
        "_chosen",
        "_early",
        "_given_up",
        "_interim",
        "_searched",
        "_unanswered",
        "found",
        "gap_bytes",
        "gaps",
        "missing",
        "readers",
        "remains",
        "streams",
        "switch",
    )  # fmt: skip

    def __init__(
        self,
        isn_a: int | None,
        isn_b: int | None,
        around: Surroundings | None = None,
        recent: Retransmissions | None = None,
        searched: tuple[bool, bool] = (True, True),
    ) -> None:
        """`around` is what the connection goes through, None where it goes through nothing.

        `recent` remembers what the streams gave out, to compare what comes again. `searched` says of which
        directions that is gathered which no reader takes.
        """
        recent = recent or Retransmissions()
        self.streams = (Stream(isn_a, recent), Stream(isn_b, recent))
        self._searched = searched
        self.remains = (UnclassifiedBytes(0), UnclassifiedBytes(1))
        for remains, is_searched in zip(self.remains, searched, strict=True):
            remains.is_closed = not is_searched
        a, b = (HttpReader(self._method_of, remains.add) for remains in self.remains)
        self.readers = (a, b)
        self.found = False  # whether any HTTP message was seen
        self.gaps = self.gap_bytes = 0
        self.missing: list[tuple[int, Gap]] = []  # the first gaps, each with its direction
        self._interim: list[HttpMessage] = []  # 1xx responses whose final one is still to come
        self._asked: deque[HttpMessage] = deque()
        self._unanswered: list[HttpMessage] = []
        self._chosen: dict[int, HttpMessage] = {}  # id of a response → its request
        # id of a request that was answered before it was whole → its response, once that is whole
        self._early: dict[int, HttpMessage | None] = {}
        self._behind_gap = False
        self._given_up = 0  # requests that do not wait any more, whose answers may yet come
        self.switch = ProtocolSwitch(self._read_http1, self._rest, around or Surroundings(_inner_reader))

    @property
    def is_sure(self) -> bool:
        """Return whether an HTTP message was seen, or another protocol is proven."""
        return self.found or self.switch.sure

    @property
    def wants_more(self) -> bool:
        """Whether further bytes can tell anything: False where what is left is encrypted."""
        return self.switch.wants_more

    @property
    def skipped(self) -> int:
        """Bytes of messages whose beginning was not captured."""
        of_http1 = sum(reader.skipped for reader in self.readers if not reader.opaque)
        return of_http1 + (self.switch.other.skipped if self.switch.other is not None else 0)

    def feed(
        self, direction: int, sequence: int, data: bytes, frame: int, time_ns: int
    ) -> Iterator[Exchange]:
        """Exchanges that this segment finishes."""
        for piece in self.streams[direction].add(sequence, data, frame, time_ns):
            yield from self.read(direction, piece)

    def acknowledge(self, direction: int, number: int) -> Iterator[Exchange]:
        """Exchanges that are finished by knowing that the receiver has all bytes before `number`."""
        for piece in self.streams[direction].lost_before(number):
            yield from self.read(direction, piece)

    def read(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges that this piece of a direction's bytes finishes."""
        reader = self.readers[direction]
        if isinstance(piece, Gap):
            self._note_gap(direction, piece)
        for message in self.readers[1 - direction].answered():
            yield from self._take(message, 1 - direction)
        if reader.role is not None and self.switch.stands_aside:
            for message in reader.feed(piece):
                yield from self._take(message, direction)
            return
        yield from self._noted(self.switch.feed(direction, piece))

    def close(self) -> Iterator[Exchange]:
        """What the end of the flow completes, and the requests that got no response."""
        for direction in self._request_direction_first():
            for piece in self.streams[direction].close():
                yield from self.read(direction, piece)
        yield from self.finish()

    def finish(self) -> Iterator[Exchange]:
        """The same where the streams have given all they had."""
        yield from self._noted(self.switch.close())
        for direction in self._request_direction_first():
            for message in self.readers[direction].close():
                yield from self._take(message, direction)
        yield from self.pending()
        yield from self.unclassified(True)

    def pending(self) -> Iterator[Exchange]:
        """The requests that got no response, and responses before one that never came; each once."""
        direction = self._request_direction_first()[0]
        unanswered = (*self._unanswered, *self._asked)
        self._unanswered.clear()
        self._asked.clear()
        for request in unanswered:
            yield Exchange(request, None, direction, self._taken_interim())
        if self._interim:
            yield Exchange(None, None, direction, self._taken_interim())

    def salvaged(self) -> list[Exchange]:
        """What was read and not yet given out when a part of the flow failed; each direction for itself."""
        found: list[Exchange] = []
        try:
            found += self._noted(self.switch.close())
        except Exception as error:
            contained(error, "flow", "HTTP")
        for direction in self._request_direction_first():
            try:
                for message in self.readers[direction].close():
                    found += self._take(message, direction)
            except Exception as error:
                contained(error, "flow", "HTTP")
        return [*found, *self.pending()]

    def unclassified(self, at_end: bool = False) -> Iterator[Exchange]:
        """Messages of what no reader took; with the last of it where nothing more is to come."""
        for remains in self.remains:
            if at_end:
                remains.flush()
            yield from remains.give()
            if at_end and self._searched[remains.sender]:
                yield from other_readings(self.streams[remains.sender], remains.sender)

    def unanswered(self) -> Iterator[Exchange]:
        """The requests that are complete while their answers have not begun, or go on."""
        answering = (request for request in self._chosen.values() if id(request) not in self._early)
        for request in (*self._unanswered, *answering, *self._asked):
            yield Exchange(request, None, self._request_direction_first()[0])
        yield from self.switch.unanswered()

    def gave_up(self) -> bool:
        """Whether neither direction is HTTP, as far as both have shown."""
        if self.is_sure:
            return False
        return all(r.opaque or r.role is None for r in self.readers)

    def _noted(self, exchanges: Iterator[Exchange]) -> Iterator[Exchange]:
        for exchange in exchanges:
            message = exchange.request or exchange.response
            self.found = self.found or (message is not None and not message.protocol.startswith(NOT_HTTP))
            yield exchange

    def _read_http1(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        for message in self.readers[direction].feed(piece):
            yield from self._take(message, direction)

    def _rest(self, direction: int) -> list[Segment]:
        return self.readers[direction].rest()

    def _note_gap(self, direction: int, gap: Gap) -> None:
        if not gap.is_jump:
            self.gaps += 1
            self.gap_bytes += gap.length
        if len(self.missing) < MOST_GAPS:
            self.missing.append((direction, gap))
        self._behind_gap = self._behind_gap or self.readers[direction].role != "request"

    def _taken_interim(self) -> Sequence[HttpMessage]:
        taken: Sequence[HttpMessage] = ()
        if self._interim:
            taken, self._interim = self._interim, []
        return taken

    def _request_direction_first(self) -> tuple[int, int]:
        a, b = (reader.role for reader in self.readers)
        return (1, 0) if b == "request" or a == "response" else (0, 1)

    def _take(self, message: HttpMessage, direction: int) -> Iterator[Exchange]:
        self.found = True
        if message.role == "request":
            if id(message) not in self._early:
                self._asked.append(message)
                yield from self._crowded(direction)
            elif (response := self._early.pop(id(message))) is not None:
                yield Exchange(message, response, direction, self._taken_interim())
            self.switch.ask(message, direction)
            return
        if message.informational:
            self._interim.append(message)
            if len(self._interim) > MOST_INTERIM:
                yield Exchange(None, None, 1 - direction, self._taken_interim())
            return
        request = self._chosen.pop(id(message), None)
        if request is not None and id(request) in self._early:
            self._early[id(request)] = message
            return
        interim = self._taken_interim()
        is_last, following = self.switch.answer(request, message, 1 - direction, interim)
        if is_last:
            yield Exchange(request, message, 1 - direction, interim)
        yield from following

    def _crowded(self, direction: int) -> Iterator[Exchange]:
        """Give out the request that waits longest, where too many do: neither answered nor unanswered."""
        if len(self._asked) > MOST_ASKED:
            request = self._asked.popleft()
            request.one_way = True
            request.readings.append(NOT_PAIRED)
            self._given_up += 1
            yield Exchange(request, None, direction)

    def _method_of(self, response: HttpMessage) -> str | None:
        """Pair a response with the oldest request before it that is still unanswered.

        Behind a gap, where responses may be lost, with the newest: pipelining is rare.
        """
        first = response.frames[0] if response.frames else 0
        if self._given_up:
            self._given_up -= 1
            return None
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


def _inner_reader(around: Surroundings) -> InnerReader:
    return HttpFlow(None, None, around)


def _first_frame(message: HttpMessage) -> int:
    return message.frames[0] if message.frames else 0
