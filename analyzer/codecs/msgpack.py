"""MessagePack (msgpack specification) → the document in it."""

from __future__ import annotations

from typing import Any

from analyzer.codecs.document_walk import Members

# Maps and arrays: fixmap, fixarray, array 16/32, map 16/32.
FIRSTS = frozenset((*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF))
SHORTEST = 6
LONG_TEXT, FEWEST_TEXTS = 6, 2


def read_messagepack(data: bytes) -> Any:
    """A map with text keys, or an array of such maps or of texts, that takes up all bytes; None otherwise."""
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    import msgpack

    try:
        document = msgpack.unpackb(data, object_pairs_hook=_members, strict_map_key=True, timestamp=0)
    except (ValueError, TypeError, RecursionError, OverflowError):  # msgpack's own errors are ValueErrors
        return None
    return document if holds_names(document) or _holds_texts(document) else None


def holds_names(document: Any) -> bool:
    """Whether it is an object with names, or a list with one in it, as chance does not make."""
    if isinstance(document, Members):
        return any(len(key) > 1 and key.isprintable() for key, _ in document)
    return isinstance(document, list) and any(map(holds_names, document[:100]))


def _holds_texts(document: Any) -> bool:
    """Whether it is a list with several long texts in it, as chance does not make."""
    if not isinstance(document, list):
        return False
    texts = [each for each in document[:100] if isinstance(each, str) and each.isprintable()]
    return sum(len(each) >= LONG_TEXT for each in texts) >= FEWEST_TEXTS


def _members(pairs: list[tuple[Any, Any]]) -> Members:
    return Members((key if isinstance(key, str) else repr(key), value) for key, value in pairs)
