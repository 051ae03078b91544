"""IPFire location database, the text export and the Tor conversion of it → blocks with values."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Network(NamedTuple):
    """What the export says of a network."""

    country: str = ""
    asn: int = 0
    anycast: bool = False


Block = tuple[int, int, Network]


def read_export(lines: Iterable[str]) -> tuple[list[Block], list[Block], dict[int, str]]:
    """IPv4 blocks, IPv6 blocks, and the names of AS numbers."""
    v4: list[Block] = []
    v6: list[Block] = []
    names: dict[int, str] = {}
    for entry in _entries(lines):
        if "net" in entry:
            net = ipaddress.ip_network(entry["net"])
            (v4 if net.version == 4 else v6).append((int(net[0]), int(net[-1]), _network(entry)))
        elif "name" in entry:
            names[int(entry["aut-num"].removeprefix("AS"))] = entry["name"]
    return v4, v6, names


def _entries(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Paragraphs of `key: value` lines, parted by blank lines; `#` starts a comment line."""
    entry: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if line.startswith("#"):
            continue
        if colon:
            entry[key] = value.strip()
        elif entry:
            yield entry
            entry = {}
    if entry:
        yield entry


def _network(entry: dict[str, str]) -> Network:
    return Network(
        entry.get("country", ""), int(entry.get("aut-num", "0")), entry.get("is-anycast", "") == "yes"
    )


def read_tor_ranges(lines: Iterable[str]) -> list[tuple[int, int, str]]:
    """Ranges of the `first,last,country` files; IPv4 as integers, IPv6 as text."""
    blocks: list[tuple[int, int, str]] = []
    for line in lines:
        if not line.startswith("#"):
            first, last, code = line.strip().split(",")
            blocks.append((_number(first), _number(last), "" if code == "??" else code))
    return blocks


def _number(text: str) -> int:
    return int(ipaddress.IPv6Address(text)) if ":" in text else int(text)
