"""One known identifier → every byte string by which it may cross the air, each with its encoding's name."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

Variant = tuple[bytes, str]  # bytes to look for, what they are

# Shorter strings turn up by chance in megabytes of other data.
SHORTEST = 6
HASHES: dict[str, Callable[[bytes], bytes]] = {
    "MD5": lambda data: hashlib.md5(data).digest(),
    "SHA-1": lambda data: hashlib.sha1(data).digest(),
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
    "SHA-512": lambda data: hashlib.sha512(data).digest(),
}
# What senders keep of a hash: the first half or quarter, and the middle of an MD5 ("16-digit MD5").
TRUNCATIONS = ((0, 8), (0, 16), (4, 12))
CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "CRC-32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "xxHash-32": lambda data: _xxhash().xxh32_digest(data),
    "xxHash-64": lambda data: _xxhash().xxh64_digest(data),
    "XXH3-64": lambda data: _xxhash().xxh3_64_digest(data),
}
SMALLEST_DECIMAL = 10**8  # shorter numbers turn up by chance
# Digits of numbers whose integer is not mostly zeros.
FEWEST_OF_AN_INTEGER = 14
# Characters at the start of base64 text that depend on what stood before the value too,
# by the value's offset in the group of three bytes.
UNSURE_START = (0, 2, 3)
# 3GPP TS 31.102 §4.2.2 (IMSI: parity digit 9 first) and TS 24.008 §10.5.1.4 (IMEI: A first, IMEISV: 3);
# an F or a 0 fills the last byte.
PACKINGS = ("{}F", "{}0", "9{}", "A{}", "0{}")
EVEN_PACKINGS = ("{}", "3{}F")
GROUP_SIZES = (2, 3, 4)  # digits of a phone number between blanks


def _xxhash() -> Any:
    import xxhash

    return xxhash


def variants(kind: str, value: str) -> Iterator[Variant]:
    """The encodings of a normalised identifier; the plain forms come first."""
    written = dict(_written(kind, value))
    for text, how in written.items():
        yield text.encode(), how
    for text, how in written.items():
        yield from _encoded(text, "" if how == "plain" else f", {how}")
        yield from _hashed(text, "" if how == "plain" else f", {how}")
    yield from _packed(kind, value)


def _written(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """The ways to write it as text, each with its name."""
    if kind == "mac":
        yield from _mac_written(value)
        return
    yield value, "plain"
    if value.lower() != value.upper():
        yield value.lower(), "other case"
        yield value.upper(), "other case"
    if kind in ("imei", "imeisv"):
        yield from _imei_written(value)
    if kind == "meid":
        yield from _meid_written(value)
    if kind == "iccid" and len(value) == 20:
        yield value[:19], "without its last digit"
    if kind == "phone":
        yield "+" + value, "plain"
        yield "00" + value, "with international prefix 00"
        yield from _phone_written(value)


def _mac_written(mac: str) -> Iterator[tuple[str, str]]:
    data = mac.split(":")
    forms = (":".join(data), "-".join(data), "".join(data), _dotted("".join(data)))
    for form in forms:
        yield form, "plain" if form == mac else "other separators or case"
        yield form.upper(), "other separators or case"


def _dotted(data: str) -> str:
    return ".".join(data[i : i + 4] for i in (0, 4, 8))


def _phone_written(digits: str) -> Iterator[tuple[str, str]]:
    """In groups (RFC 3966 has hyphens between them)."""
    for grouped in dict.fromkeys(phone_groups(digits)):
        for separator in " -.":
            yield grouped.replace(" ", separator), "in groups"


def phone_groups(digits: str) -> tuple[str, ...]:
    """Return ways to write an international number, with a blank between groups; none for no number.

    The first is that of its country's plan, which changes with the version of the plan. Groups of two,
    three and four digits behind the country code follow.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return ()
    planned = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    code, national = f"+{number.country_code}", phonenumbers.national_significant_number(number)
    by_size = (
        [code, *(national[at : at + size] for at in range(0, len(national), size))] for size in GROUP_SIZES
    )
    return (planned.replace("-", " "), *map(" ".join, by_size))


def _imei_written(imei: str) -> Iterator[tuple[str, str]]:
    tac, serial, rest = imei[:8], imei[8:14], imei[14:]
    for parts in ((tac, serial, rest), (tac[:2], tac[2:], serial, rest), (tac[:6], tac[6:], serial, rest)):
        for separator in "- /":
            yield separator.join(part for part in parts if part), "other separators"
    yield imei[:14], f"without its last digit{'s' if len(imei) == 16 else ''}"


def _meid_written(meid: str) -> Iterator[tuple[str, str]]:
    """In decimal (ten digits for the manufacturer, eight for the rest), and the pseudo-ESN made of it."""
    from stdnum.meid import to_pseudo_esn

    yield f"{int(meid[:8], 16):010d}{int(meid[8:], 16):08d}", "in decimal"
    esn = to_pseudo_esn(meid)
    yield esn.upper(), "pseudo-ESN"
    yield esn.lower(), "pseudo-ESN"
    yield f"128{int(esn[2:], 16):08d}", "pseudo-ESN, in decimal"


def _mac_packed(raw: bytes) -> Iterator[Variant]:
    """Its bytes, as a number, and as an EUI-64 (RFC 4291 appendix A), the U/L bit as it is or not."""
    for data, how in ((raw, ""), (raw[::-1], "reversed ")):
        yield data, f"{how}bytes"
        for piece in base64_pieces(data):
            yield piece, f"base64 of the {how}bytes"
    for text in ("{:x}:{:x}:{:x}:{:x}:{:x}:{:x}", "{:x}-{:x}-{:x}-{:x}-{:x}-{:x}"):
        yield from _in_cases(text.format(*raw), "without leading zeros")
    yield str(int.from_bytes(raw, "big")).encode(), "in decimal"
    yield str(int.from_bytes(raw, "little")).encode(), "in decimal, reversed"
    longer = raw[:3] + b"\xff\xfe" + raw[3:]
    for eui, how in ((longer, "EUI-64"), (bytes((longer[0] ^ 2,)) + longer[1:], "EUI-64, U/L bit flipped")):
        yield eui, f"{how}, bytes"
        yield from _in_cases(eui.hex(), how)
        for separator in ":-":
            yield from _in_cases(eui.hex(separator), how)
        groups = [eui.hex()[i : i + 4] for i in (0, 4, 8, 12)]
        for written in (groups, [group.lstrip("0") or "0" for group in groups]):
            yield from _in_cases(":".join(written), f"{how}, as the end of an IPv6 address")
        yield str(int.from_bytes(eui, "big")).encode(), f"{how}, in decimal"


def _in_cases(text: str, how: str) -> Iterator[Variant]:
    """Text in either case, as it is and with its colons percent-encoded."""
    for cased in dict.fromkeys((text.lower(), text.upper())):
        yield cased.encode(), how
        if ":" in cased:
            yield cased.replace(":", "%3A").encode(), f"percent-encoded, {how}"
            yield cased.replace(":", "%3a").encode(), f"percent-encoded, {how}"


def _encoded(text: str, how: str) -> Iterator[Variant]:
    data = text.encode()
    yield data[::-1], "reversed" + how
    yield text.encode("utf-16-le"), "UTF-16" + how
    yield text.encode("utf-16-be"), "UTF-16" + how
    for escaped in _escaped(text):
        yield escaped.encode(), "percent-encoded" + how
    yield data.hex().encode(), "hexadecimal" + how
    yield data.hex().upper().encode(), "hexadecimal" + how
    for piece in base64_pieces(data):
        yield piece, "base64" + how


def _escaped(text: str) -> set[str]:
    """Percent-encoded where it must be, and everywhere (RFC 3986 §2.1), with hexadecimal of both cases."""
    needed = quote(text, safe="")
    everywhere = "".join(f"%{byte:02X}" for byte in text.encode())
    lowered = (needed.replace("%3A", "%3a").replace("%2B", "%2b").replace("%2F", "%2f"), everywhere.lower())
    return {needed, everywhere, *lowered} - {text}


def base64_pieces(data: bytes) -> Iterator[bytes]:
    """The characters that stand for `data` alone at each of the three alignments (RFC 4648 §4, §5)."""
    for offset, start in enumerate(UNSURE_START):
        text = base64.b64encode(bytes(offset) + data)
        sure = text[start : (offset + len(data)) * 8 // 6]
        yield sure
        yield sure.translate(bytes.maketrans(b"+/", b"-_"))


def _hashed(text: str, how: str) -> Iterator[Variant]:
    for name, function in HASHES.items():
        digest = function(text.encode())
        yield digest, f"{name}, bytes{how}"
        yield from _in_hexadecimal(digest.hex(), f"{name}, hexadecimal{how}")
        yield base64.b64encode(digest).rstrip(b"="), f"{name}, base64{how}"
        yield base64.urlsafe_b64encode(digest).rstrip(b"="), f"{name}, base64{how}"
        for start, end in TRUNCATIONS:
            if end < len(digest):
                yield digest[start:end], f"{name} cut to {end - start} bytes{how}"
                digits = digest[start:end].hex()
                yield from _in_hexadecimal(digits, f"{name} cut to {len(digits)} digits{how}")
    for name, checksum in CHECKSUMS.items():
        data = checksum(text.encode())
        yield data, f"{name}, bytes{how}"
        yield data[::-1], f"{name}, bytes{how}"
        yield from _in_hexadecimal(data.hex(), f"{name}, hexadecimal{how}")
        number = int.from_bytes(data, "big")
        if number >= SMALLEST_DECIMAL:
            yield str(number).encode(), f"{name}, decimal{how}"


def _in_hexadecimal(digits: str, what: str) -> Iterator[Variant]:
    yield digits.encode(), what
    yield digits.upper().encode(), what


def _packed(kind: str, value: str) -> Iterator[Variant]:
    """The bytes of a MAC; the binary-coded digits of a number, nibbles as SIM cards swap them or not."""
    if kind == "mac":
        yield from _mac_packed(bytes.fromhex(value.replace(":", "")))
        return
    if not (value.isascii() and value.isdigit()):
        return
    if len(value) >= FEWEST_OF_AN_INTEGER and int(value) < 1 << 64:
        yield int(value).to_bytes(8, "big"), "64-bit integer"
        yield int(value).to_bytes(8, "little"), "64-bit integer"
    for packing in EVEN_PACKINGS if len(value) % 2 == 0 else PACKINGS:
        straight = bytes.fromhex(packing.format(value))
        yield bytes((byte & 15) << 4 | byte >> 4 for byte in straight), "BCD, nibbles swapped"
        yield straight, "BCD"
