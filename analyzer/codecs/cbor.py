"""CBOR (RFC 8949) → the document in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analyzer.codecs.document_walk import Members
from analyzer.codecs.msgpack import holds_names

SELF_DESCRIBED = b"\xd9\xd9\xf7"  # RFC 8949 §3.4.6
FIRSTS = frozenset((*range(0x80, 0xC0), SELF_DESCRIBED[0]))  # arrays, maps (RFC 8949 §3.1)
DEEPEST = 64
SHORTEST = 6


def read_cbor(data: bytes) -> Any:
    """Return a map with text keys, or an array with such or of texts, that takes up all bytes; else None."""
    if len(data) < SHORTEST or data[0] not in FIRSTS:
        return None
    if data[0] == SELF_DESCRIBED[0] and not data.startswith(SELF_DESCRIBED):
        return None
    import io

    import cbor2

    stream = io.BytesIO(data)
    try:
        decoder = cbor2.CBORDecoder(stream, max_depth=DEEPEST, tag_hook=_untagged)
        document = _plain(decoder.decode())
    except Exception:  # values of a hostile tag raise errors of many classes
        return None
    is_read = stream.tell() == len(data) and (holds_names(document) or _is_list_of_text(document, len(data)))
    return document if is_read else None


def _is_list_of_text(document: Any, size: int) -> bool:
    """Return whether most of the bytes are texts of a list."""
    texts = [len(value) for value in document if isinstance(value, str)] if isinstance(document, list) else []
    return len(texts) > 1 and 2 * sum(texts) >= size


def _untagged(tag: Any, *_: Any) -> Any:
    """What stands below a tag whose meaning is not known."""
    return tag.value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Members((str(key), _plain(inner)) for key, inner in value.items())
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
