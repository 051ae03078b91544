"""Identifiers → every way in which a leak could stand in a file, and the search for them.

Made with the standard library alone, so that it shares no mistake with what it checks.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from tests.bundle.nesting import layers

# What may be base64, hexadecimal or another alphabet; a line break, also written as one, divides no text.
RUN = re.compile(rb"(?:[A-Za-z0-9+/_=-]|\\n|\\r|\\\\n|\r?\n(?=[A-Za-z0-9+/_=-])){16,}")
BREAKS = re.compile(rb"\\\\n|\\[nr]|\s")


def needles(value: str) -> dict[bytes, str]:
    """Each spelling of an identifier that nobody writes by chance → what it is called."""
    plain = {value, value.upper(), value.lower(), re.sub(r"[:\- ]", "", value)}
    made: dict[bytes, str] = {}
    for text in plain:
        data = text.encode()
        ways = {
            "plain": data,
            "reversed": data[::-1],
            "utf-16-le": text.encode("utf-16-le"),
            "utf-16-be": text.encode("utf-16-be"),
            "hexadecimal": data.hex().encode(),
            "HEXADECIMAL": data.hex().upper().encode(),
            "percent": "".join(f"%{byte:02x}" for byte in data).encode(),
            "quoted": quote(text, safe="").encode(),
            **{f"base64 at {at}": _base64(data, at) for at in range(3)},
        }
        for name in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(name, data).digest()
            ways |= {
                name: digest,
                f"{name} hex": digest.hex().encode(),
                f"{name} HEX": digest.hex().upper().encode(),
            }
            ways[f"{name} base64"] = base64.b64encode(digest).rstrip(b"=")
        made |= {data: f"{value} {way}" for way, data in ways.items()}
    if re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", value):
        made[bytes.fromhex(value.replace(":", ""))] = f"{value} bytes"
    return made


def _base64(data: bytes, at: int) -> bytes:
    """The characters that stand for these bytes alone, `at` bytes into a group of three."""
    text = base64.b64encode(bytes(at) + data)
    return text[(0, 2, 3)[at] : (at + len(data)) * 8 // 6]


def readings(data: bytes) -> Iterator[bytes]:
    """The bytes, and whatever opens in them along the encodings, run by run."""
    yield data
    for found in set(RUN.findall(data)):
        yield from layers(BREAKS.sub(b"", found), 4)


def leaks(files: Iterable[bytes], values: Iterable[str]) -> set[str]:
    """The spellings that stand in any of the files, in any reading."""
    wanted = {data: name for value in values for data, name in needles(value).items()}
    pattern = re.compile(b"|".join(re.escape(each) for each in sorted(wanted, key=len, reverse=True)))
    return {wanted[hit] for file in files for read in readings(file) for hit in pattern.findall(read)}


def contents(place: Path) -> list[bytes]:
    """A file, or all files of a folder; Parquet, which is compressed, as its values."""
    files = [path for path in (place, *place.rglob("*")) if path.is_file()]
    return [_values(path) if path.suffix == ".parquet" else path.read_bytes() for path in files]


def _values(path: Path) -> bytes:
    from pyarrow import parquet

    return repr(parquet.read_table(path).to_pydict()).encode("utf-8", "replace")
