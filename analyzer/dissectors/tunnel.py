"""What goes through a proxy: the connection inside, read as one of its own, or the name its TLS asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.dissectors.exchange import Exchange, InnerHello, Placed, Surroundings
from analyzer.dissectors.tls import MOST_HELLO, ServerName
from analyzer.flows.reassembly import Gap, Segment

# Bytes inside that show nothing known, before no more of them are read.
MOST_UNKNOWN = 1 << 16
# Tunnels in tunnels that are followed.
DEEPEST = 4


class InnerConnection:
    """The two directions inside a proxy or an upgrade; `around` is what they go through."""

    returned: Sequence[Placed] = ()
    sure = True

    def __init__(self, around: Surroundings) -> None:
        self._through = around.tunnel
        self._inside = around.reader(around)
        self._data = 0

    @property
    def wants_more(self) -> bool:
        if len(self._through) > DEEPEST:
            return False
        return self._inside.wants_more and (self._inside.is_sure or self._data < MOST_UNKNOWN)

    @property
    def skipped(self) -> int:
        return self._inside.skipped

    def feed(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Exchanges inside that this piece finishes."""
        if not self.wants_more:
            return
        if isinstance(piece, Segment):
            self._data += len(piece.data)
        yield from self._marked(self._inside.read(direction, piece))

    def close(self) -> Iterator[Exchange]:
        """What the end of the connection leaves inside."""
        yield from self._marked(self._inside.finish())

    def unanswered(self) -> Iterator[Exchange]:
        """Give the requests inside that are complete while their answers are not."""
        yield from self._marked(self._inside.unanswered())

    def _marked(self, exchanges: Iterator[Exchange]) -> Iterator[Exchange]:
        for exchange in exchanges:
            for message in (exchange.request, exchange.response):
                if message is not None and not message.tunnel:
                    message.tunnel = self._through
            yield exchange


class TlsInside:
    """A TLS connection inside a tunnel: its ClientHello tells the server's name, no more is read."""

    returned: Sequence[Placed] = ()
    skipped, sure = 0, True

    def __init__(self, around: Surroundings) -> None:
        self._through, self._hellos = around.tunnel, around.hellos
        self._sides = (ServerName(), ServerName())  # one of them is the client's
        self._left = MOST_HELLO

    @property
    def wants_more(self) -> bool:
        return self._left > 0

    def feed(self, direction: int, piece: Segment | Gap) -> Iterator[Exchange]:
        """Nothing of it is an exchange; the name goes to `hellos`."""
        side = self._sides[direction]
        if self._left > 0 and not side.done:
            if isinstance(piece, Gap):
                side.done = True
            else:
                self._read(side, piece)
        return iter(())

    def close(self) -> Iterator[Exchange]:
        return iter(())

    unanswered = close

    def _read(self, side: ServerName, piece: Segment) -> None:
        self._left -= len(piece.data)
        side.feed(piece.data, piece.frame)
        if side.hello is not None:
            self._hellos.append(InnerHello(side.hello, self._through))
            self._left = 0
