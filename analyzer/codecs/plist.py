"""Apple's binary property list → the document in it (XML property lists: see `xml`)."""

from __future__ import annotations

import plistlib
from typing import Any

MAGIC = b"bplist0"
# Values may be shared, so that a short file could stand for a document without end.
LONGEST = 1 << 18


def read_binary_plist(data: bytes) -> Any:
    """The dictionary or list; None where there is none."""
    if not data.startswith(MAGIC) or len(data) > LONGEST:
        return None
    try:
        document = plistlib.loads(data, fmt=plistlib.FMT_BINARY)
    except Exception:  # the standard library lets errors of many classes through on damaged input
        return None
    return document if isinstance(document, dict | list) and document else None
