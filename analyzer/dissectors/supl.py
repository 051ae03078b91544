"""SUPL without TLS: who a terminal says that it is (OMA-TS-ULP 2.0, UPER: ITU-T X.691)."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.dissectors.api import DirectionBytes, HttpMessage, MalformedError, MessagePlace, login

Pair = tuple[str, str]
IDENTITIES = {0: "MSISDN", 1: "MDN", 3: "IMSI"}
HIGHEST_VERSION = 3


class _Bits:
    """Reads bits, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next `count` bits as a number."""
        if count > self._left:
            raise MalformedError("cut")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)


def set_id(data: bytes) -> Pair:
    """Return kind and value of who a terminal says it is. Raises MalformedError."""
    bits = _Bits(data[2:64])
    if not 1 <= bits.take(8) <= HIGHEST_VERSION or bits.take(8) > 9 or bits.take(8) > 9:
        raise MalformedError("another version")
    has_set, _ = bits.take(1), bits.take(1)
    if not has_set:
        return "", ""
    bits.take(16)
    if bits.take(1):
        raise MalformedError("a kind of later versions")
    kind = bits.take(3)
    if kind not in IDENTITIES:
        return "", ""
    digits = bits.take(64).to_bytes(8, "big").hex()
    straight = digits.rstrip("f")
    # 3GPP writes the low half first, others the high one; the one with the filler last is meant.
    swapped = "".join(digits[at + 1] + digits[at] for at in range(0, 16, 2)).rstrip("f")
    chosen = next((each for each in (swapped, straight) if each.isdigit() and len(each) < 16), "")
    if not chosen:
        raise MalformedError("no digits")
    return IDENTITIES[kind], chosen


class Supl(DirectionBytes):
    """The identity of the terminal that each message of a session begins with."""

    name = "supl"

    @staticmethod
    def fits(data: bytes) -> bool:
        """Return whether an identity in digits is at its position, which chance does not give."""
        try:
            return bool(set_id(data)[0])
        except MalformedError:
            return False

    def length(self, side: int, data: bytearray) -> int:
        return len(data)  # a message is sent in one piece; its length does not matter for its beginning

    def read(self, side: int, data: bytes, place: MessagePlace) -> Iterable[HttpMessage]:
        kind, value = set_id(data)
        if kind and side == self.client:
            yield login(self.name, "message", place, "", "", [(kind, value)])
