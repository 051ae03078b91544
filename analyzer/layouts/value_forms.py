"""The forms of values in messages → text as a reader writes it."""

from __future__ import annotations

import re
from collections.abc import Callable

Raw = int | float | bytes | str
MINUTES = re.compile(r"(\d{1,3})(\d\d(?:\.\d+)?)")  # degrees and minutes, as NMEA 0183 writes them


def written(value: Raw, form: str, charset: str = "utf-8") -> str:
    """Return a value of a form as text; empty where it is none of that form."""
    return FORMS[form](value, charset)


def _text(value: Raw, charset: str) -> str:
    if isinstance(value, bytes):
        return value.decode(charset, "backslashreplace").strip("\0 \r\n")
    return value.strip() if isinstance(value, str) else str(value)


def _number(value: Raw, charset: str) -> str:
    if isinstance(value, bytes):
        return str(int.from_bytes(value, "big"))
    text = _text(value, charset)
    return text if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", text) else ""


def _little(value: Raw, _: str) -> str:
    return str(int.from_bytes(value, "little")) if isinstance(value, bytes) else ""


def _hexadecimal(value: Raw, _: str) -> str:
    return value.hex() if isinstance(value, bytes) else f"{value:x}" if isinstance(value, int) else str(value)


def _bcd(value: Raw, _: str) -> str:
    """Digits in half bytes, the high one first; fillers at the end are taken off."""
    digits = _hexadecimal(value, _).rstrip("f")
    return digits if digits.isdigit() else ""


def _bcd_number(value: Raw, _: str) -> str:
    """The same without leading zeros."""
    return _bcd(value, _).lstrip("0")


def _integer(value: Raw, charset: str) -> str:
    """A whole number written as text, without leading zeros."""
    text = _text(value, charset)
    return str(int(text)) if re.fullmatch(r"\d{1,20}", text) else ""


def _tbcd(value: Raw, _: str) -> str:
    """Digits in half bytes, the low one first (3GPP TS 29.002 §17.7.8)."""
    halves = _hexadecimal(value, _)
    digits = "".join(halves[at + 1] + halves[at] for at in range(0, len(halves) - 1, 2)).rstrip("f")
    return digits if digits.isdigit() else ""


def _hex_number(value: Raw, charset: str) -> str:
    """A number written as hexadecimal text."""
    text = _text(value, charset)
    return str(int(text, 16)) if re.fullmatch(r"[0-9A-Fa-f]{1,16}", text) else ""


def _mac(value: Raw, charset: str) -> str:
    digits = value.hex() if isinstance(value, bytes) else re.sub(r"[:-]", "", _text(value, charset)).lower()
    return (
        ":".join(digits[at : at + 2] for at in range(0, 12, 2))
        if re.fullmatch("[0-9a-f]{12}", digits)
        else ""
    )


def _mac_reversed(value: Raw, charset: str) -> str:
    return _mac(value[::-1], charset) if isinstance(value, bytes) else ""


def _ip(value: Raw, _: str) -> str:
    return ".".join(map(str, value)) if isinstance(value, bytes) and len(value) == 4 else ""


def _degrees(value: Raw, charset: str) -> str:
    """Degrees and minutes in one number, ddmm.mmmm."""
    found = MINUTES.fullmatch(_text(value, charset))
    return f"{int(found[1]) + float(found[2]) / 60:.6f}" if found else ""


def _secret(value: Raw, charset: str) -> str:
    return "sent readable, not shown" if _text(value, charset) else ""


FORMS: dict[str, Callable[[Raw, str], str]] = {
    "text": _text,
    "number": _number,
    "number-little": _little,
    "hex": _hexadecimal,
    "hex-number": _hex_number,
    "bcd": _bcd,
    "bcd-number": _bcd_number,
    "integer": _integer,
    "tbcd": _tbcd,
    "mac": _mac,
    "mac-reversed": _mac_reversed,
    "ip": _ip,
    "degrees-minutes": _degrees,
    "secret": _secret,
}
