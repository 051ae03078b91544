"""What readers of a connection hand on: exchanges, and pieces that turn out to be another reader's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from analyzer.dissectors.client_hello import Hello
from analyzer.dissectors.http1 import HttpMessage
from analyzer.flows.reassembly import Gap, Segment

Piece = Segment | Gap
Placed = tuple[int, Piece]  # with its direction


@dataclass(slots=True)
class Exchange:
    """A request and its response; None stands for the one that was never seen."""

    request: HttpMessage | None
    response: HttpMessage | None
    # 0 when the request went from A to B, 1 the other way.
    direction: int
    interim: Sequence[HttpMessage] = ()  # 1xx responses before the final one (RFC 9110 §15.2)


class InnerHello(NamedTuple):
    """What a TLS client inside a tunnel told, and through what it went."""

    hello: Hello
    tunnel: tuple[str, ...]


class InnerReader(Protocol):
    """Reads both directions of a connection inside another one, of whatever protocol it is."""

    @property
    def wants_more(self) -> bool:
        """Return whether further bytes can tell anything."""

    @property
    def is_sure(self) -> bool:
        """Return whether a protocol is proven."""

    @property
    def skipped(self) -> int:
        """Return how many bytes were passed over because their beginning was not captured."""

    def read(self, direction: int, piece: Piece) -> Iterator[Exchange]: ...
    def finish(self) -> Iterator[Exchange]: ...
    def unanswered(self) -> Iterator[Exchange]: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connection goes through, outermost first, and what a tunnel inside it needs.

    `reader` makes the reader of an inner connection, so that no dissector imports the one of HTTP; `hellos`
    takes the names that TLS inside asks for.
    """

    reader: Callable[[Surroundings], InnerReader]
    tunnel: tuple[str, ...] = ()
    hellos: list[InnerHello] = field(default_factory=list)

    def inside(self, name: str) -> Surroundings:
        """Return the surroundings of what goes through the tunnel `name`."""
        return Surroundings(self.reader, (*self.tunnel, name), self.hellos)


class Successor(Protocol):
    """Reads both directions of what follows; exchanges come out as they are finished."""

    @property
    def wants_more(self) -> bool:
        """Whether further bytes can tell anything."""

    @property
    def sure(self) -> bool:
        """Whether the protocol is proven."""

    @property
    def skipped(self) -> int:
        """Bytes that were passed over because their beginning was not captured."""

    @property
    def returned(self) -> Sequence[Placed]:
        """What turns out to be none of its business, to be read as HTTP/1."""

    def feed(self, direction: int, piece: Piece) -> Iterator[Exchange]: ...
    def close(self) -> Iterator[Exchange]: ...

    def unanswered(self) -> Iterator[Exchange]:
        """Give the requests that are complete while their answers are not."""
