"""MaxMind DB files → ranges with the country codes found at given places of each record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import maxminddb

Codes = tuple[str, ...]
Block = tuple[int, int, Codes]


def read_mmdb(path: Path, keys: Sequence[tuple[str, ...]]) -> tuple[list[Block], list[Block]]:
    """IPv4 and IPv6 blocks; one code for each path of keys, "" where the record has none."""
    v4: list[Block] = []
    v6: list[Block] = []
    with maxminddb.open_database(path) as reader:
        for network, record in reader:
            codes = tuple(_at(record, key) for key in keys)
            (v4 if network.version == 4 else v6).append((int(network[0]), int(network[-1]), codes))
    # In an IPv6 tree the IPv4 networks are told as they stand in ::/96.
    v4 += [block for block in v6 if block[1] >> 32 == 0]
    return v4, [block for block in v6 if block[1] >> 32]


def _at(record: Any, keys: tuple[str, ...]) -> str:
    for key in keys:
        record = record.get(key, {}) if isinstance(record, dict) else {}
    return record if isinstance(record, str) else ""
