"""An identifier → its pseudonym: of the same form and length, with a valid check digit where it had one.

What tells a maker, an issuer, a network or a country stays: the TAC of an IMEI, the issuer's digits of an
ICCID, the network of an IMSI, the OUI of a MAC address, the domain of an e-mail address, the country's
prefix of a phone number. Everything else goes through a keyed permutation, so that the same value has the
same pseudonym wherever the same key is used, and no two values share one.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from analyzer.identifiers.placeholders import is_placeholder
from analyzer.redaction.permutation import Permutation

DIGITS = "0123456789"
LOWER, UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HEX_LOWER, HEX_UPPER = DIGITS + "abcdef", DIGITS + "ABCDEF"
BLOCK = 64  # code points that share all bytes of UTF-8 but the last
IS_HEX = re.compile(r"[0-9a-f\-]+|[0-9A-F\-]+")
HEX_KINDS = frozenset(("android_id", "gaid", "oaid", "idfa", "advertising_id", "device_id"))
MOST_STEPS = 500  # along the permutation, until the pseudonym is a possible value of its kind
# RFC 2544 sets 198.18.0.0/15 aside for measurements, RFC 3849 2001:db8::/32 for documentation.
OWN_IPV4, OWN_IPV6 = int(ipaddress.IPv4Address("198.18.0.0")), 0x20010DB8
LOCALLY, GROUP = 2, 1  # bits of the first byte of a MAC address (IEEE 802 §8.2)


class Pseudonyms:
    """Pseudonyms by one key of 32 bytes or more."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of = lru_cache(maxsize=1 << 16)(self._of)

    def _of(self, kind: str, value: str) -> str:
        """The pseudonym of a normalised identifier, of as many bytes as it has, coordinates excepted."""
        make = MAKERS.get(kind)
        if make is not None and (made := make(self, value)) is not None:
            return made
        return self.shaped(kind, value, _classes(kind, value))

    def shaped(
        self,
        tweak: str,
        text: str,
        alphabets: Sequence[str],
        accept: Callable[[str], bool] = lambda _: True,
    ) -> str:
        """The text with each character replaced by one of its alphabet; "" keeps a character.

        Where the text itself is accepted, the first accepted one that follows in the permutation, which
        keeps it one to one.
        """
        kept = "".join(char if not alphabet else "?" for char, alphabet in zip(text, alphabets, strict=True))
        size, number = 1, 0
        for char, alphabet in zip(text, alphabets, strict=True):
            if alphabet:
                size *= len(alphabet)
                number = number * len(alphabet) + max(alphabet.find(char), 0)
        if size < 2:
            return "?" * len(text.encode("utf-8", "surrogatepass"))
        permutation = Permutation(self._key, f"{tweak} {kept}", size)
        wanted = accept(text)
        for _ in range(MOST_STEPS):
            number = permutation.next(number)
            made = _written(text, number, alphabets)
            if made != text and (not wanted or accept(made)):
                break
        return made

    def number(self, what: str, bits: int) -> int:
        """A number of so many bits that only the key tells."""
        digest = hmac.new(self._key, what.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest, "big") >> (256 - bits)


def _written(text: str, number: int, alphabets: Sequence[str]) -> str:
    made = list(text)
    for at in range(len(made) - 1, -1, -1):
        if alphabet := alphabets[at]:
            number, digit = divmod(number, len(alphabet))
            made[at] = alphabet[digit]
    return "".join(made)


def _classes(kind: str, text: str) -> list[str]:
    """For each character the alphabet of its kind."""
    if kind in HEX_KINDS and IS_HEX.fullmatch(text):
        hexadecimal = HEX_UPPER if any(char in "ABCDEF" for char in text) else HEX_LOWER
        return ["" if char == "-" else hexadecimal for char in text]
    return [_class(char) for char in text]


def _class(char: str) -> str:
    for alphabet in (DIGITS, LOWER, UPPER):
        if char in alphabet:
            return alphabet
    return "" if char.isascii() else _script(ord(char) // BLOCK)


@lru_cache(maxsize=256)
def _script(block: int) -> str:
    """What can be seen of a block of Unicode: letters of one script, with as many bytes in UTF-8."""
    return "".join(filter(str.isprintable, map(chr, range(block * BLOCK, (block + 1) * BLOCK))))


# ── numbers with a check digit ──────────────────────────────────────────────


def _check_digit(body: str) -> int:
    from stdnum import luhn

    return int(luhn.calc_check_digit(body))


def _with_check(body: str, made: str, digit: str) -> str:
    """The check digit of `made`, off by as much as `digit` is off in the original."""
    return str((int(digit) - _check_digit(body) + _check_digit(made)) % 10)


def _imei(by: Pseudonyms, value: str) -> str | None:
    """TAC kept; 14 digits, 15 with check digit, 16 with software version: one number, one pseudonym."""
    if not (value.isascii() and value.isdigit() and 14 <= len(value) <= 16):
        return None
    body = value[:14]
    made = by.shaped("imei", body, [""] * 8 + [DIGITS] * 6, lambda text: not is_placeholder(text))
    if len(value) == 15:
        return made + _with_check(body, made, value[14])
    return made + value[14:]


def _meid(by: Pseudonyms, value: str) -> str | None:
    """The manufacturer's eight digits kept; one that begins 99 and is decimal is an IMEI's number too."""
    if len(value) != 14 or not re.fullmatch("[0-9A-F]+", value):
        return None
    if value.isdigit():
        return _imei(by, value)
    # The letters that make it hexadecimal may all stand in the part that changes.
    return by.shaped("meid", value, [""] * 8 + [HEX_UPPER] * 6, lambda text: not text.isdigit())


def _pesn(by: Pseudonyms, value: str) -> str | None:
    """80 kept, which tells that it is one."""
    if not re.fullmatch("80[0-9A-F]{6}", value):
        return None
    return by.shaped("pesn", value, [""] * 2 + [HEX_UPPER] * 6)


def _iccid(by: Pseudonyms, value: str) -> str | None:
    """89, country and issuer kept: seven digits at most (ITU-T E.118 §4.1)."""
    if not re.fullmatch(r"89[0-9A-F]{16,18}", value):
        return None
    from stdnum import luhn

    body, rest = value[:18], value[18:]
    classes = [""] * 7 + [DIGITS if char in DIGITS else "ABCDEF" for char in body[7:]]
    made = by.shaped("iccid", body, classes, lambda text: not is_placeholder(text))
    if not value.isdigit() or not rest:
        return made + rest
    if len(value) == 20 and luhn.is_valid(value[:19]):
        return made + _with_check(body, made, rest[0]) + rest[1]
    if len(value) == 20:
        # One more digit of the card's own number before the check digit.
        nineteenth = str((int(rest[0]) + 1 + by.number(f"iccid 19 {body}", 64) % 9) % 10)
        longer = made + nineteenth
        return longer + _with_check(body + rest[0], longer, rest[1])
    return made + _with_check(body, made, rest[0])


def _imsi(by: Pseudonyms, value: str) -> str | None:
    """Country and network kept (ITU-T E.212): five or six digits."""
    if not re.fullmatch(r"\d{14,15}", value, re.ASCII):
        return None
    from stdnum import imsi

    try:
        info = imsi.info(value[:7])
    except ValueError:
        info = {}
    kept = len(info.get("mcc", "")) + len(info.get("mnc", ""))
    kept = kept if kept >= 5 else 5
    classes = [""] * kept + [DIGITS] * (len(value) - kept)
    return by.shaped("imsi", value, classes, lambda text: not is_placeholder(text) and set(text[5:]) != {"0"})


def _phone(by: Pseudonyms, value: str) -> str | None:
    """The country's prefix kept, and its first two digits, which tell a kind of number and no person."""
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + value)
    except phonenumbers.NumberParseException:
        return None
    kept = len(str(number.country_code)) + 2
    if not value.isdigit() or len(value) <= kept + 3:
        return None

    def is_possible(text: str) -> bool:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse("+" + text)))

    return by.shaped("phone", value, [""] * kept + [DIGITS] * (len(value) - kept), is_possible)


# ── addresses ───────────────────────────────────────────────────────────────


def _mac(by: Pseudonyms, value: str) -> str | None:
    """The OUI kept; of a locally administered address, which has none, only the two bits that say so."""
    digits = re.sub(r"[:.\-]", "", value).lower()
    if not re.fullmatch("[0-9a-f]{12}", digits):
        return None
    number = int(digits, 16)
    first = number >> 40
    if first & LOCALLY:
        free = (first >> 2) << 40 | number & (1 << 40) - 1
        free = Permutation(by._key, f"mac {first & 3}", 1 << 46).next(free)
        number = ((free >> 40) << 2 | first & 3) << 40 | free & (1 << 40) - 1
    else:
        number = number >> 24 << 24 | Permutation(by._key, f"mac {number >> 24}", 1 << 24).next(
            number & 0xFFFFFF
        )
    made = f"{number:012x}"
    return ":".join(made[at : at + 2] for at in range(0, 12, 2))


def mac_in_eui64(identifier: int) -> int | None:
    """The MAC address in the lower half of an IPv6 address (RFC 4291, appendix A); None where none is."""
    if identifier >> 24 & 0xFFFF != 0xFFFE:
        return None
    return ((identifier >> 40 ^ 0x020000) << 24) | identifier & 0xFFFFFF


def eui64_of(mac: int) -> int:
    """The reverse."""
    return ((mac >> 24) ^ 0x020000) << 40 | 0xFFFE << 24 | mac & 0xFFFFFF


def _address(by: Pseudonyms, value: str) -> str | None:
    """An address of the user's own line: one of those set aside, by the key alone."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(ipaddress.IPv4Address(OWN_IPV4 + by.number(f"ipv4 {address}", 17)))
    number = int(address)
    prefix, identifier = number >> 64, number & (1 << 64) - 1
    if address.is_link_local or address.is_private:
        kept = prefix
    else:
        kept = OWN_IPV6 << 32 | by.number(f"ipv6 {prefix}", 32)
    mac = mac_in_eui64(identifier)
    if mac is not None:
        made = eui64_of(int((_mac(by, f"{mac:012x}") or "").replace(":", ""), 16))
    else:
        made = by.number(f"ipv6 identifier {identifier}", 64)
    return str(ipaddress.IPv6Address(kept << 64 | made))


# ── the rest ────────────────────────────────────────────────────────────────


def _email(by: Pseudonyms, value: str) -> str | None:
    """The domain kept."""
    name, at, domain = value.rpartition("@")
    return by.shaped(f"email {domain}", name, _classes("", name)) + at + domain if at and name else None


def _cell(by: Pseudonyms, value: str) -> str | None:
    """Country, network and area kept, which tell some kilometres; the cell's own number changes."""
    before, dash, cell = value.rpartition("-")
    if not cell.isdigit():
        return None
    first = "123456789" if cell[0] != "0" and len(cell) > 1 else DIGITS
    return before + dash + by.shaped("cell", cell, [first] + [DIGITS] * (len(cell) - 1))


def coarse(degrees: str) -> str:
    """One decimal of a degree: some eleven kilometres, a town and not a house."""
    return re.sub(r"([+-]?\d{1,3}\.\d)\d*", r"\1", degrees)


def _location(_: Pseudonyms, value: str) -> str | None:
    return coarse(value)


MAKERS: dict[str, Callable[[Pseudonyms, str], str | None]] = {
    "imei": _imei,
    "imeisv": _imei,
    "meid": _meid,
    "pesn": _pesn,
    "iccid": _iccid,
    "imsi": _imsi,
    "phone": _phone,
    "mac": _mac,
    "bssid": _mac,
    "address": _address,
    "email": _email,
    "cell": _cell,
    "location": _location,
}
