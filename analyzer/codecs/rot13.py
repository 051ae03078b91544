"""Documents and forms in ROT13, told by the names in them: digits and marks stay, `imei` reads `vzrv`."""

from __future__ import annotations

import codecs
import re

from analyzer.codecs.limits import Budget
from analyzer.codecs.part import MessagePart, inside

LONGEST = 1 << 18  # characters
# Names that senders of identifiers use, and no language has in ROT13: a cheap look, then where they stand.
NAMES = ("imei", "imsi", "iccid", "msisdn", "deviceid", "device_id", "androidid", "android_id", "macaddr")
ROTATED = tuple(codecs.encode(name, "rot13") for name in NAMES)
NAMED = re.compile(
    rf"(?:^|[\"'&?;,{{\s])(?:[A-Za-z0-9_\-]{{0,12}}?)(?:{'|'.join(ROTATED)})[A-Za-z0-9_\-]{{0,12}}[\"']?\s?[:=]",
    re.IGNORECASE,
)


def decode_rotated(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The text in ROT13 that names an identifier; nothing for all else."""
    text = part.value
    if not isinstance(text, str) or not may_be_rotated(text) or not budget.take_bytes(len(text)):
        return []
    return [inside(part, codecs.encode(text, "rot13"), "rot13")]


def may_be_rotated(text: str) -> bool:
    """Whether a name of an identifier stands in the text in ROT13, where names stand."""
    if len(text) > LONGEST or (":" not in text and "=" not in text):
        return False
    lowered = text.lower()
    return any(name in lowered for name in ROTATED) and NAMED.search(text) is not None
