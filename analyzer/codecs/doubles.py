"""Two numbers of eight bytes side by side that are degrees, in a short binary message → one part.

Java's DataOutputStream and its like write a position so (IEEE 754 double, the highest byte first; others turn
the order). Both in range, neither round: of bytes that chance made two in a hundred thousand places are so.
"""

from __future__ import annotations

import math
import re
import struct

from analyzer.codecs.part import MessagePart, PlainPart

STEP = "doubles"
LONGEST = 1 << 10  # bytes of a message, so that chance finds nothing
# The first byte of a double from 1 to 180, with either sign, in both orders of bytes.
BIG = re.compile(rb"(?=[\x3f\x40\xbf\xc0].{7}[\x3f\x40\xbf\xc0].{7})", re.DOTALL)
LITTLE = re.compile(rb"(?=.{7}[\x3f\x40\xbf\xc0].{7}[\x3f\x40\xbf\xc0])", re.DOTALL)
ORDERS = ((BIG, ">dd"), (LITTLE, "<dd"))
DECIMALS = 6
HIGHEST_LATITUDE, HIGHEST_LONGITUDE, LEAST = 85, 180, 1


def double_parts(part: MessagePart) -> list[PlainPart]:
    """Return a part for the first pair of degrees in bytes."""
    data = part.value
    if isinstance(data, str) or len(data) > LONGEST:
        return []
    for form, layout in ORDERS:
        for found in form.finditer(data):
            pair = struct.unpack_from(layout, data, found.start())
            if _is_measured(*pair):
                text = ",".join(f"{number:.{DECIMALS}f}" for number in pair)
                return [(part.name, text, (*part.path, STEP, f"octets {found.start()}"), part.beside)]
    return []


def _is_measured(latitude: float, longitude: float) -> bool:
    """Whether two numbers are in range, and neither is round."""
    if not (LEAST <= abs(latitude) <= HIGHEST_LATITUDE and LEAST <= abs(longitude) <= HIGHEST_LONGITUDE):
        return False
    return all(not math.isclose(number * 100 % 1, 0, abs_tol=1e-6) for number in (latitude, longitude))
