"""JSON documents one after another (JSON Lines, NDJSON, concatenated) or behind something else.

What may stand before a document: a verb, a length, a banner, the call of JSONP, a guard such as `)]}',`, the
number of a Socket.IO packet. It stays to be read as text, as does what follows the last document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from analyzer.codecs.document_walk import cleaned, parts_of_document
from analyzer.codecs.field_columns import Columns
from analyzer.codecs.json import PARSER
from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, PlainPart

STEP = "json documents"
START = re.compile(r'\{(?=\s*+["}])|\[(?=\s*+["{\[])')
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89A-Fa-f]")
FARTHEST = 512  # characters between two documents
MOST_FAILURES = 8  # beginnings that turn out to be none: each may cost a look at all of the text
WORTH_READING = re.compile(r"\w{3}")


def decode_documents(part: MessagePart, budget: Budget) -> Columns | Sequence[PlainPart]:
    """The values of the documents and the text around them; nothing where there is no whole document.

    A text that begins with a tag is left alone: scripts of a page hold documents that nobody sends.
    """
    text = part.value
    if not isinstance(text, str) or text.lstrip()[:1] == "<" or not START.search(text, 0, FARTHEST):
        return []
    pieces = list(_pieces(text))
    documents = [piece for piece in pieces if not isinstance(piece, str)]
    if not any(documents) or not budget.take_bytes(len(text)):
        return []
    document = documents[0] if len(documents) == 1 else documents
    found = parts_of_document(document, part, STEP, budget)
    for piece in pieces:
        if isinstance(piece, str) and WORTH_READING.search(piece):
            found.add((part.name, piece.strip(), (*part.path, STEP, "text around"), part.beside))
    return cleaned(found) if SURROGATE_ESCAPE.search(text) else found


def _pieces(text: str) -> Iterator[Any]:
    """Documents, and as text whatever is between them."""
    at = looked_at = failures = 0
    while failures < MOST_FAILURES and (start := START.search(text, looked_at, at + FARTHEST)):
        try:
            document, end = PARSER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            failures, looked_at = failures + 1, start.end()
            continue
        yield text[at : start.start()]
        yield document
        at = looked_at = end
    yield text[at:]
