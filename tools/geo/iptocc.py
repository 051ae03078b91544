"""The tables inside an `iptocc` 3.3 wheel → blocks with the country that holds them.

The compiled module embeds two tables (layout: the project's public sources, crate/src). IPv4: for each /16
one 32-bit word, tagged mixed (00), of one country (01) or empty (10); then a list of countries, and for
mixed ones the number of changes, the first value, and the changes as 16-bit offsets with values. IPv6: the
list of populated /16s, indexes, a list of countries, irregular ranges (first, last, country), and regular
ones (the 32 bits after the /16, prefix length, country). All numbers are little-endian. What is read this
way is checked against the module's own `country_code`, which is the authority.
"""

from __future__ import annotations

import ipaddress
import random
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

Block = tuple[int, int, str]
MODULE = "iptocc/iptocc.abi3.so"
GAP = 0xFF


def read_wheel(path: Path) -> tuple[list[Block], list[Block]]:
    """IPv4 and IPv6 blocks of the wheel's tables; ValueError where the module itself disagrees."""
    with zipfile.ZipFile(path) as wheel:
        data = wheel.read(MODULE)
    v4, v6 = list(_read_v4(data)), list(_read_v6(data))
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(path).extractall(folder)
        sys.path.insert(0, folder)
        from iptocc import __file__ as where
        from iptocc import country_code

        if not where.startswith(folder):
            raise ValueError(f"another iptocc is already imported: {where}")
        _check(v4, country_code, ipaddress.IPv4Address)
        _check(v6, country_code, ipaddress.IPv6Address)
    return v4, v6


def _dictionaries(data: bytes) -> Iterator[int]:
    """Offsets of the counted lists of countries; every such list starts with Andorra."""
    at = data.find(b"ADAEAF")
    while at >= 0:
        yield at - 4
        at = data.find(b"ADAEAF", at + 1)


def _codes(data: bytes, at: int) -> tuple[list[str], int]:
    (count,) = struct.unpack_from("<I", data, at)
    end = at + 4 + 2 * count
    text = data[at + 4 : end].decode("ascii")
    return [text[i : i + 2] for i in range(0, 2 * count, 2)], end


def _read_v4(data: bytes) -> Iterator[Block]:
    at = next(_dictionaries(data))
    codes, mixed_at = _codes(data, at)
    words = struct.unpack_from("<65536I", data, at - 4 * 65536)
    (mixed,) = struct.unpack_from("<I", data, mixed_at)
    bases = struct.unpack_from(f"<{mixed + 1}I", data, mixed_at + 4)
    first_at = mixed_at + 4 + 4 * (mixed + 1)
    count_at = first_at + mixed
    (count,) = struct.unpack_from("<I", data, count_at)
    offsets = struct.unpack_from(f"<{count}H", data, count_at + 4)
    values = data[count_at + 4 + 2 * count : count_at + 4 + 3 * count]
    for upper, word in enumerate(words):
        start, tag, index = upper << 16, word >> 30, word & 0x3FFF_FFFF
        if tag == 1:
            yield start, start + 0xFFFF, codes[index & 0xFF]
        elif tag == 0:
            low, high = bases[index], bases[index + 1]
            edges = [0, *offsets[low:high], 0x1_0000]
            held = (data[first_at + index], *values[low:high])
            for (a, b), value in zip(pairwise(edges), held, strict=True):
                if value != GAP and b > a:
                    yield start + a, start + b - 1, codes[value]


def _read_v6(data: bytes) -> Iterator[Block]:
    at, table, populated = _find_v6(data)
    codes, side_at = _codes(data, at)
    (side,) = struct.unpack_from("<I", data, side_at)
    regular_at = side_at + 4 + 33 * side
    (count,) = struct.unpack_from("<I", data, regular_at)
    firsts = struct.unpack_from(f"<{populated + 1}I", data, table + 65536 + 4)
    positions = enumerate(data[table : table + 65536])
    for position, upper in sorted((p, upper) for upper, p in positions if p != GAP):
        for i in range(firsts[position], firsts[position + 1]):
            if not i < count:
                raise ValueError("the index points behind the table of ranges")
            offset, length, value = struct.unpack_from("<IBB", data, regular_at + 4 + 6 * i)
            if length:
                first = upper << 112 | offset << 80
                yield first, first | (1 << (128 - length)) - 1, codes[value]
            else:
                entry = data[side_at + 4 + 33 * offset :][:33]
                first, last = (int.from_bytes(half, "little") for half in (entry[:16], entry[16:32]))
                yield first, last, codes[entry[32]]


def _find_v6(data: bytes) -> tuple[int, int, int]:
    """Offset of the list of countries, of the table, and the number of populated /16s, which must fit."""
    at = list(_dictionaries(data))[1]
    for populated in range(1, GAP):
        end = data.find(struct.pack("<I", populated), 65536, at)
        while end >= 0:
            if set(data[end - 65536 : end]) - {GAP} == set(range(populated)):
                return at, end - 65536, populated
            end = data.find(struct.pack("<I", populated), end + 1, at)
    raise ValueError("no IPv6 table found: another layout than that of iptocc 3.3")


def _check(
    blocks: list[Block],
    country_code: Callable[[list[str]], list[str | None]],
    address: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address],
) -> None:
    """Ask the module for both ends of every block, the gaps between, and random addresses within."""
    blocks = sorted(blocks)
    chance = random.Random(0)
    asked = [(n, code) for first, last, code in blocks for n in (first, last, chance.randint(first, last))]
    for (_, last, _), (first, _, _) in pairwise(blocks):
        if last >= first:
            raise ValueError("blocks overlap")
        if last + 1 < first:
            asked += [(n, None) for n in (last + 1, first - 1, chance.randint(last + 1, first - 1))]
    answers = country_code([str(address(n)) for n, _ in asked])
    wrong = [n for (n, code), answer in zip(asked, answers, strict=True) if code != answer]
    if wrong:
        raise ValueError(f"{len(wrong)} of {len(asked)} differ from the module, first {address(wrong[0])}")
