"""Turn one message into fields: every piece of text in it, with all readable encodings undone.

    message → headers, cookies, path, query, body → (percent, form, JSON, base64, gzip …)* → Field

Only the innermost text is given: a body that is base64 of JSON gives its JSON values, each with
the path `("body", "base64", "json", key)` by which a reader can repeat the steps by hand.
To add an encoding, write a module with one function `Part, Budget → list[Part]` and put it into
`ladder.FOR_TEXT` or `ladder.FOR_BYTES`; a binary format is a reader in `binary.READERS`.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.codecs.grpc import MEDIA_TYPE
from analyzer.codecs.limits import Budget, Decoded, DecodeLimits
from analyzer.codecs.published_keys import PublishedKey
from analyzer.inspection.message_parts import parts_of
from analyzer.inspection.recursion import leaves
from analyzer.model import Field, Fields, Message

__all__ = ["DecodeLimits", "Decoded", "decode", "fields_of"]

USUAL = DecodeLimits()


def decode(
    message: Message, limits: DecodeLimits | None = None, keys: Sequence[PublishedKey] | None = None
) -> Decoded:
    """The fields of a message, and a Problem for each limit that was met on the way.

    `keys` are published ones; those of this package's dossiers where none are given.
    """
    budget = Budget(limits or USUAL, keys)
    parts = leaves(parts_of(message), budget)
    fields = Fields(parts, message.evidence, message.number)
    frame = message.evidence.frames[0] if message.evidence.frames else None
    is_recoded = budget.is_recoded or (message.header("content-type") or "").lower().startswith(MEDIA_TYPE)
    return Decoded(fields, budget.problems(frame), is_recoded)


def fields_of(message: Message) -> list[Field]:
    """The fields of a message, in the order in which they stood; see `decode` for the limits."""
    return list(decode(message).fields)
