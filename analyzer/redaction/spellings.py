"""An identifier and its pseudonym → pairs of bytes: each way the one may be written, and the other likewise.

Written as text in the ways of its kind, then encoded; a hash of the identifier becomes the same hash of the
pseudonym. The ways are those that `detect.variants` looks for, kept apart so that each has its counterpart,
and what a MAC address leaves in addresses of IPv6.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from itertools import pairwise
from urllib.parse import quote

from analyzer.identifiers.encodings import (
    CHECKSUMS,
    GROUP_SIZES,
    HASHES,
    TRUNCATIONS,
    UNSURE_START,
    phone_groups,
)
from analyzer.redaction.pseudonyms import eui64_of

Writing = Callable[[str], str]
Encoding = Callable[[bytes], bytes]
Pair = tuple[bytes, bytes]
COLONS = (b":", b"%3A", b"%3a")  # RFC 3986 §2.1
UNIVERSAL_BIT = 2 << 56  # of an EUI-64 (RFC 4291 §2.5.1)


def pairs(
    kind: str, original: str, pseudonym: str, hashes: bool = True, encoded: bool = True
) -> Iterator[Pair]:
    """The plain ways first; of equal bytes the first pair counts. Hashes are most of them.

    Without `encoded` only what is written as text.
    """
    written = [(write(original), write(pseudonym)) for write in (*PLAIN, *WRITTEN.get(kind, ()))]
    data = [(_data(old), _data(new)) for old, new in written if old]
    yield from data
    if not encoded:
        return
    derived = [(_data(write(original)), _data(write(pseudonym))) for write in DERIVED.get(kind, ())]
    yield from derived
    for colon in COLONS[1:]:
        yield from (
            (old.replace(b":", colon), new.replace(b":", colon)) for old, new in derived if b":" in old
        )
    for encode in (*ENCODINGS, *(HASHED if hashes else ())):
        yield from ((encode(old), encode(new)) for old, new in data)
    for pack in NUMBERS.get(kind, ()):
        if before := pack(original):
            yield before, pack(pseudonym)


def _data(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# ── as text ─────────────────────────────────────────────────────────────────

PLAIN: tuple[Writing, ...] = (str, str.lower, str.upper)


def _parted(*at: int) -> Callable[[str], Writing]:
    """The digits with a character between them at these places."""

    def by(mark: str) -> Writing:
        def write(digits: str) -> str:
            places = [place for place in (0, *at, len(digits)) if place <= len(digits)]
            pieces = [digits[a:b] for a, b in pairwise(places)]
            return mark.join(piece for piece in pieces if piece)

        return write

    return by


def _bare(mac: str) -> str:
    return mac.replace(":", "")


def _dotted(mac: str) -> str:
    return _parted(4, 8)(".")(_bare(mac))


def _without_zeros(mark: str) -> Writing:
    return lambda mac: mark.join(byte.lstrip("0") or "0" for byte in mac.split(":"))


def _identifier(mac: str) -> int:
    return eui64_of(int(_bare(mac), 16))


def _in_ipv6(is_flipped: bool) -> Writing:
    """As the end of an address: 200:5eff:fe00:53a7, or 0:5eff:fe00:53a7 where no bit was flipped."""

    def write(mac: str) -> str:
        digits = f"{_identifier(mac) ^ (0 if is_flipped else UNIVERSAL_BIT):016x}"
        return ":".join(digits[at : at + 4].lstrip("0") or "0" for at in (0, 4, 8, 12))

    return write


def _solicited(mac: str) -> str:
    """The group that a neighbour asks for its address in (RFC 4291 §2.7.1): its last three bytes."""
    low = f"{int(_bare(mac)[6:], 16):06x}"
    return f"ff02::1:ff{low[:2]}:{low[2:].lstrip('0') or '0'}"


def _solicited_mac(mac: str) -> str:
    return f"33:33:ff:{mac[9:]}"


def _esn(meid: str) -> str:
    from stdnum.meid import to_pseudo_esn

    return str(to_pseudo_esn(meid)).upper() if len(meid) == 14 else ""


def _esn_decimal(meid: str) -> str:
    esn = _esn(meid)
    return f"128{int(esn[2:], 16):08d}" if esn else ""


def _meid_decimal(meid: str) -> str:
    return f"{int(meid[:8], 16):010d}{int(meid[8:], 16):08d}" if len(meid) == 14 else ""


def _grouped(way: int, mark: str) -> Writing:
    """In groups, one of the ways of `phone_groups`; a pseudonym keeps the country."""
    return lambda digits: "".join(phone_groups(digits)[way : way + 1]).replace(" ", mark)


def _both(*writings: Writing) -> tuple[Writing, ...]:
    """Each in both cases."""
    return tuple(w for write in writings for w in (write, lambda text, write=write: write(text).upper()))


def _lowered(write: Writing) -> Writing:
    return lambda text: write(text).lower()


_GROUPS = tuple(_grouped(way, mark) for way in range(1 + len(GROUP_SIZES)) for mark in " -.")
_MAC = _both(lambda mac: mac.replace(":", "-"), _bare, _dotted)
# What a MAC address leaves elsewhere: nobody hashes or encodes these.
_FROM_MAC = _both(
    *map(_without_zeros, ":-"),
    _in_ipv6(True),
    _in_ipv6(False),
    _solicited,
    _solicited_mac,
)
DERIVED: dict[str, tuple[Writing, ...]] = {"mac": _FROM_MAC, "bssid": _FROM_MAC}
_IMEI = (
    *(_parted(*at)(mark) for at in ((8, 14), (2, 8, 14), (6, 8, 14)) for mark in "- /"),
    lambda digits: digits[:14],
)
WRITTEN: dict[str, tuple[Writing, ...]] = {
    "mac": _MAC,
    "bssid": _MAC,
    "imei": _IMEI,
    "imeisv": _IMEI,
    "meid": (_meid_decimal, _esn, _lowered(_esn), _esn_decimal),
    "iccid": (
        lambda digits: digits[:19] if len(digits) == 20 else "",
        lambda digits: digits[:18],
        _parted(4, 8, 12, 16)(" "),
        _parted(4, 8, 12, 16)("-"),
    ),
    "phone": (lambda digits: "+" + digits, lambda digits: "00" + digits, *_GROUPS),
    "address": (),
}

# ── as bytes ───────────────────────────────────────────────────────────────


def _percent(everywhere: bool, lower: bool) -> Encoding:
    def encode(data: bytes) -> bytes:
        text = "".join(f"%{byte:02X}" for byte in data) if everywhere else quote(data, safe="")
        return (_lower_escapes(text) if lower else text).encode()

    return encode


def _lower_escapes(text: str) -> str:
    pieces = text.split("%")
    return "%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def _base64(offset: int, safe: bool) -> Encoding:
    """The characters that stand for the bytes alone, `offset` bytes into a group of three."""

    def encode(data: bytes) -> bytes:
        text = base64.b64encode(bytes(offset) + data)
        sure = text[UNSURE_START[offset] : (offset + len(data)) * 8 // 6]
        return sure.translate(bytes.maketrans(b"+/", b"-_")) if safe else sure

    return encode


def _text(encoding: str) -> Encoding:
    return lambda data: data.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass")


def _digested(digest: Encoding, write: Encoding) -> Encoding:
    return lambda data: write(digest(data))


def _cut(start: int, end: int, write: Encoding) -> Encoding:
    return lambda digest: write(digest[start:end]) if end < len(digest) else b""


def _hex(data: bytes) -> bytes:
    return data.hex().encode()


def _upper_hex(data: bytes) -> bytes:
    return data.hex().upper().encode()


def _decimal(data: bytes) -> bytes:
    return str(int.from_bytes(data, "big")).encode()


_DIGEST_FORMS: tuple[Encoding, ...] = (
    bytes,
    _hex,
    _upper_hex,
    lambda digest: base64.b64encode(digest).rstrip(b"="),
    lambda digest: base64.urlsafe_b64encode(digest).rstrip(b"="),
    *(_cut(*at, write) for at in TRUNCATIONS for write in (bytes, _hex, _upper_hex)),
)
_CHECKSUM_FORMS: tuple[Encoding, ...] = (bytes, lambda data: data[::-1], _hex, _upper_hex, _decimal)

ENCODED_BYTES: tuple[Encoding, ...] = (
    *(_base64(offset, safe) for offset in range(3) for safe in (False, True)),
    # Whole: short ones count as a word alone, which the sure characters in the middle are not.
    lambda data: base64.b64encode(data).rstrip(b"="),
    lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
)
ENCODINGS: tuple[Encoding, ...] = (
    lambda data: data[::-1],
    _text("utf-16-le"),
    _text("utf-16-be"),
    *(_percent(everywhere, lower) for everywhere in (False, True) for lower in (False, True)),
    _hex,
    _upper_hex,
    *ENCODED_BYTES,
)
HASHED: tuple[Encoding, ...] = (
    *(_digested(digest, write) for digest in HASHES.values() for write in _DIGEST_FORMS),
    *(_digested(digest, write) for digest in CHECKSUMS.values() for write in _CHECKSUM_FORMS),
)
DIGEST_FORMS = _DIGEST_FORMS


def _packed(before: str, after: str, swapped: bool) -> Callable[[str], bytes]:
    """Two digits a byte, as SIM cards and networks write them; see `detect.variants`."""

    def encode(digits: str) -> bytes:
        text = before + digits + after
        if not (digits.isascii() and digits.isdigit()) or len(text) % 2:
            return b""
        data = bytes.fromhex(text)
        return bytes((byte & 15) << 4 | byte >> 4 for byte in data) if swapped else data

    return encode


def _varint(digits: str) -> bytes:
    """As Protocol Buffers write a number."""
    number, data = int(digits), bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes((*data, number))


def _number(encode: Callable[[int], bytes]) -> Callable[[str], bytes]:
    def write(digits: str) -> bytes:
        if not (digits.isascii() and digits.isdigit()) or digits[0] == "0":
            return b""
        return encode(int(digits)) if int(digits) < 1 << 64 else b""

    return write


_DIGITS: tuple[Callable[[str], bytes], ...] = (
    *(
        _packed(before, after, swapped)
        for before, after in (("", ""), ("", "F"), ("", "0"), ("9", ""), ("A", ""), ("0", ""), ("3", "F"))
        for swapped in (True, False)
    ),
    _number(lambda number: number.to_bytes(8, "big")),
    _number(lambda number: number.to_bytes(8, "little")),
    _number(lambda number: _varint(str(number))),
    _number(lambda number: f"{number:x}".encode()),
    _number(lambda number: f"{number:X}".encode()),
)


def _bytes_of_mac(mac: str) -> bytes:
    return bytes.fromhex(_bare(mac))


def _eui64(mac: str) -> bytes:
    """As RFC 4291 appendix A makes one, its universal/local bit flipped."""
    return _identifier(mac).to_bytes(8, "big")


def _eui64_as_it_is(mac: str) -> bytes:
    data = _bytes_of_mac(mac)
    return data[:3] + b"\xff\xfe" + data[3:]


_Bytes = Callable[[str], bytes]


def _then(data: _Bytes, encode: Encoding) -> _Bytes:
    return lambda mac: encode(data(mac))


def _separated(mark: bytes, size: int, upper: bool) -> Encoding:
    """In hexadecimal, `size` bytes between two marks."""

    def encode(data: bytes) -> bytes:
        text = data.hex(":", -size)
        return (text.upper() if upper else text).encode().replace(b":", mark)

    return encode


_IN_HEXADECIMAL = tuple(
    _separated(mark, size, upper)
    for size, marks in ((1, (b"", b"-", *COLONS)), (2, COLONS))
    for mark in marks
    for upper in (False, True)
)
_IN_TEXT = (bytes, _decimal, *_IN_HEXADECIMAL)
_MAC_BYTES: tuple[_Bytes, ...] = (
    *(_then(_bytes_of_mac, encode) for encode in (bytes, *ENCODED_BYTES, _decimal)),
    *(_then(lambda mac: _bytes_of_mac(mac)[::-1], encode) for encode in (bytes, *ENCODED_BYTES, _decimal)),
    *(
        _then(eui, encode)
        for eui in (_eui64, _eui64_as_it_is)
        for encode in (bytes, _decimal, *_IN_HEXADECIMAL)
    ),
    lambda mac: bytes.fromhex("3333ff" + _bare(mac)[6:]),
    lambda mac: bytes.fromhex("ff0200000000000000000001ff" + _bare(mac)[6:]),
)
NUMBERS: dict[str, tuple[Callable[[str], bytes], ...]] = {
    **dict.fromkeys(("imei", "imeisv", "iccid", "imsi", "phone", "meid"), _DIGITS),
    **dict.fromkeys(("mac", "bssid"), _MAC_BYTES),
}
