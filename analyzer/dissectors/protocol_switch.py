"""Who reads a connection: HTTP/1, or what its first bytes show, or what was asked for in HTTP/1.

HTTP/2 with prior knowledge and SOCKS are recognised by content, TLS inside tunnels too; after CONNECT, or
an Upgrade that the server takes up, what follows goes to the reader of the new protocol. Until the answer
to such a request is seen, what its sender sends is held back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from analyzer.dissectors.exchange import Exchange, Piece, Successor, Surroundings
from analyzer.dissectors.http1 import HttpMessage, begins_message
from analyzer.flows.reassembly import Segment

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 §3.4

# Bytes held back behind a CONNECT or an Upgrade whose answer was not seen, before content decides.
MOST_HELD = 1 << 16
MOST_LOOKED_AT = 64  # segments of these


class ProtocolRequest(NamedTuple):
    """A request that may change the protocol, and the direction that it went."""

    direction: int
    request: HttpMessage


class ProtocolSwitch:
    """Passes pieces of both directions on to the right reader.

    `http1` reads a piece of a direction as HTTP/1; `rest` takes out what its reader holds behind the last
    message. `around` is what the connection goes through.
    """

    __slots__ = (
        "_asked", "_awaited", "_given", "_handed", "_held", "_held_bytes", "_http1", "_opening", "_rest",
        "around", "other",
    )  # fmt: skip

    def __init__(
        self,
        http1: Callable[[int, Piece], Iterator[Exchange]],
        rest: Callable[[int], list[Segment]],
        around: Surroundings,
    ) -> None:
        self.around = around
        self.other: Successor | None = None
        self._http1, self._rest = http1, rest
        self._handed = [False, False]  # directions that the successor reads
        self._given = [0, 0]  # bytes of each direction that went to HTTP/1 while nothing was recognised
        self._opening: tuple[list[Segment], list[Segment]] = ([], [])  # may grow into something known
        self._asked: ProtocolRequest | None = None
        self._awaited: HttpMessage | None = None  # content decided before its answer was seen
        self._held: deque[Piece] = deque()  # behind the request that was asked
        self._held_bytes = 0

    @property
    def stands_aside(self) -> bool:
        """Whether all goes to HTTP/1 once that has found its messages."""
        return self.other is None and self._asked is None

    @property
    def wants_more(self) -> bool:
        return self.other is None or self.other.wants_more

    @property
    def sure(self) -> bool:
        """Whether something else than HTTP/1 is proven."""
        return self.other is not None and self.other.sure

    def feed(self, direction: int, piece: Piece) -> Iterator[Exchange]:
        """Exchanges that this piece finishes."""
        if self._handed[direction] and self.other is not None:
            yield from self._pass_on(direction, piece)
        elif self._asked is not None and self._asked.direction == direction:
            self._held.append(piece)
            self._held_bytes += _size(piece)
            while self._asked is not None and self._held_bytes > MOST_HELD:
                yield from self._decide()
        elif isinstance(piece, Segment):
            yield from self._open(direction, piece)
        else:
            yield from self._give_http1(direction, self._taken_opening(direction))
            yield from self._http1(direction, piece)

    def close(self) -> Iterator[Exchange]:
        """What the end of the connection leaves with the successor."""
        for direction in (0, 1):
            yield from self._give_http1(direction, self._taken_opening(direction))
        while self._asked is not None:
            yield from self._decide()
        if self.other is not None:
            yield from self.other.close()
            yield from self._take_back()

    def unanswered(self) -> Iterator[Exchange]:
        """Give the successor's requests that are complete while their answers are not."""
        if self.other is not None:
            yield from self.other.unanswered()

    # ── what the first bytes show ──────────────────────────────────────

    def _open(self, direction: int, piece: Segment) -> Iterator[Exchange]:
        opening = self._opening[direction]
        opening.append(piece)
        data = piece.data if len(opening) == 1 else b"".join(segment.data for segment in opening)
        shown = self._shown_by(data, direction)
        if shown is None:
            return
        pieces = self._taken_opening(direction)
        successor = shown(direction)
        if successor is None:
            yield from self._give_http1(direction, pieces)
        else:
            self._hand_over(successor)
            for held in pieces:
                yield from self._pass_on(direction, held)

    def _shown_by(self, data: bytes, direction: int) -> Callable[[int], Successor | None] | None:
        """What these bytes begin; None while they may still become something known."""
        if data.startswith(PREFACE):
            return self._http2
        if PREFACE.startswith(data):
            return None
        if data[:1] == b"\0" and self._are_frames(data):
            return self._late_http2
        if self._given[direction]:
            return _nothing
        if data[0] in (4, 5):
            return self._socks
        if self.around.tunnel and data[0] == 0x16:
            return (self._tls if data[1:2] == b"\3" else _nothing) if len(data) > 5 else None
        return _nothing

    def _are_frames(self, data: bytes) -> bool:
        from analyzer.dissectors.http2_frames import are_frames

        return are_frames(data)

    def _http2(self, client: int) -> Successor:
        from analyzer.dissectors.http2 import Http2

        return Http2(client, from_start=(not self._given[0], not self._given[1]))

    def _late_http2(self, _: int) -> Successor:
        from analyzer.dissectors.http2 import Http2

        return Http2(None, from_start=(False, False))

    def _socks(self, client: int) -> Successor | None:
        from analyzer.dissectors.socks import Socks
        from analyzer.dissectors.tunnel import DEEPEST

        if self._given[1 - client] or len(self.around.tunnel) >= DEEPEST:
            return None
        return Socks(client, self.around)

    def _tls(self, _: int) -> Successor:
        from analyzer.dissectors.tunnel import TlsInside

        return TlsInside(self.around)

    # ── what was asked for ──────────────────────────────────────────────

    def ask(self, request: HttpMessage, direction: int) -> None:
        """Note a request; hold back what follows on it if its answer may change the protocol.

        Of two such requests in opposite directions the first counts: one of them is no request.
        """
        if self.other is not None or self._asked is not None:
            return
        if request.method == "CONNECT" or request.values("upgrade"):
            self._asked, rest = ProtocolRequest(direction, request), self._rest(direction)
            self._held.extendleft(reversed(rest))
            self._held_bytes += sum(map(_size, rest))

    def answer(
        self,
        request: HttpMessage | None,
        response: HttpMessage,
        client: int,
        interim: Sequence[HttpMessage] = (),
    ) -> tuple[bool, Iterator[Exchange]]:
        """Whether a response is its request's last one, and what follows from it.

        It is not where the request waits for its answer in HTTP/2; `interim` are those before it.
        """
        asked = self._asked.request if self._asked is not None else self._awaited
        status = response.status or 0
        if status != 101 and (request is None or request is not asked):
            return True, iter(())
        is_accepted = status == 101 or (
            request is not None and request.method == "CONNECT" and 200 <= status < 300
        )
        if not is_accepted:
            return True, self._release()
        if self.other is not None:  # content had decided already
            self._handed[1 - client] = True
            return True, self._pass_all(1 - client, self._rest(1 - client))
        is_last = request is None or status != 101 or _token(request, response) != "h2c"
        return is_last, self._accept(request, response, client, () if is_last else (*interim, response))

    def _accept(
        self,
        request: HttpMessage | None,
        response: HttpMessage | None,
        client: int,
        interim: Sequence[HttpMessage] = (),
    ) -> Iterator[Exchange]:
        """Hand over to what was asked for."""
        held, self._asked = list(self._held), None
        self._held.clear()
        self._held_bytes = 0
        self._hand_over(self._asked_for(request, response, client, interim))
        self._handed[1 - client] = response is not None
        self._awaited = request if response is None else None
        yield from self._pass_all(client, held)
        if response is not None:
            yield from self._pass_all(1 - client, self._rest(1 - client))

    def _asked_for(
        self,
        request: HttpMessage | None,
        response: HttpMessage | None,
        client: int,
        interim: Sequence[HttpMessage],
    ) -> Successor:
        from analyzer.dissectors.tunnel import InnerConnection

        token = _token(request, response)
        if token == "websocket":
            from analyzer.dissectors.websocket import WebSocket

            return WebSocket(client, request, response)
        if token == "h2c":
            from analyzer.dissectors.http2 import Http2

            return Http2(client, upgraded=request if interim else None, interim=interim)
        if request is not None and request.method == "CONNECT":
            return InnerConnection(self.around.inside(f"CONNECT {request.target}"))
        return InnerConnection(self.around.inside(f"upgrade to {token[:40]}"))

    def _decide(self) -> Iterator[Exchange]:
        """What the content shows where no answer was seen."""
        asked = self._asked
        if asked is None:
            return
        first = b"".join(p.data for p in islice(self._held, MOST_LOOKED_AT) if isinstance(p, Segment))
        repeats = first.startswith(b"CONNECT ") or asked.request.method != "CONNECT"
        if not first or (begins_message(first) and repeats):
            yield from self._release()
        else:
            yield from self._accept(asked.request, None, asked.direction)

    def _release(self) -> Iterator[Exchange]:
        """It stays HTTP/1: read on with what was held back."""
        asked, self._asked = self._asked, None
        while asked is not None and self._held and self._asked is None:
            piece = self._held.popleft()
            self._held_bytes -= _size(piece)
            yield from self.feed(asked.direction, piece)

    # ── passing on ──────────────────────────────────────────────────────

    def _hand_over(self, successor: Successor) -> None:
        self.other = successor
        self._handed = [True, True]

    def _pass_on(self, direction: int, piece: Piece) -> Iterator[Exchange]:
        assert self.other is not None
        yield from self.other.feed(direction, piece)
        if self.other.returned:
            yield from self._take_back()

    def _pass_all(self, direction: int, pieces: Sequence[Piece]) -> Iterator[Exchange]:
        for piece in pieces:
            yield from self._pass_on(direction, piece)

    def _take_back(self) -> Iterator[Exchange]:
        assert self.other is not None
        returned = self.other.returned
        if not returned:
            return
        self.other, self._handed = None, [False, False]
        for direction, piece in returned:
            if isinstance(piece, Segment):
                yield from self._give_http1(direction, [piece])
            else:
                yield from self._http1(direction, piece)

    def _give_http1(self, direction: int, pieces: Sequence[Segment]) -> Iterator[Exchange]:
        for piece in pieces:
            self._given[direction] += len(piece.data)
            yield from self._http1(direction, piece)

    def _taken_opening(self, direction: int) -> list[Segment]:
        pieces = list(self._opening[direction])
        self._opening[direction].clear()
        return pieces


def _size(piece: Piece) -> int:
    return len(piece.data) if isinstance(piece, Segment) else 1


def _nothing(_: int) -> None:
    """Nothing known begins so."""


def _token(request: HttpMessage | None, response: HttpMessage | None) -> str:
    """The protocol that the connection is upgraded to (RFC 9110 §7.8)."""
    named = [v for message in (response, request) if message is not None for v in message.values("upgrade")]
    return named[0].split(",")[0].strip().lower() if named else ""
