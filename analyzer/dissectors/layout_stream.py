"""Messages whose grammar is in a dossier (`analyzer.layouts`), of streams and of datagrams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.dissectors.api import (
    DirectionBytes,
    HttpMessage,
    MalformedError,
    MessagePlace,
    content,
    message,
)
from analyzer.layouts import CutStructureError, LayoutReader, NoRecordError, Record


class DocumentedStream(DirectionBytes):
    """A TCP flow of messages of one layout. What the server says is searched as it is."""

    def __init__(self, layout: LayoutReader, client: int, port: int, searched: tuple[bool, bool]) -> None:
        super().__init__(client, port, searched)
        self.name = layout.layout.protocol  # type: ignore[misc]  # of this flow, not of the class
        self._layout = layout

    def length(self, side: int, data: bytearray) -> int:
        if side != self.client:
            return len(data)
        try:
            return self._layout.length(bytes(data))
        except NoRecordError as problem:
            raise MalformedError(str(problem)) from None

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        if side != self.client:
            yield from content(self.name, place, data)
            return
        try:
            record = self._layout.read(data)
        except NoRecordError as problem:
            raise MalformedError(str(problem)) from None
        yield from messages_of(record, self.name, data, place)


def datagram_messages(layout: LayoutReader, data: bytes, place: MessagePlace) -> list[HttpMessage]:
    """Return the messages of a datagram that a layout describes."""
    try:
        return list(messages_of(layout.read(data), layout.layout.protocol, data, place))
    except (NoRecordError, CutStructureError) as problem:
        raise MalformedError(str(problem)) from None


def messages_of(record: Record, protocol: str, data: bytes, place: MessagePlace) -> Iterator[HttpMessage]:
    """Yield the message of a record: its case as method, its values as headers; else its bytes."""
    if not record.case:
        yield from content(protocol, place, data)
        return
    body = data if record.is_partial else b""
    headers = list(record.values)
    yield message(protocol, "request", place, body=body, method=record.case, headers=headers, one_way=True)
