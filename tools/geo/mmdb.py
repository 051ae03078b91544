"""MaxMind DB files → ranges with the country codes found at given places of each record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analyzer.geo.mmdb import Block, blocks_in, opened

Codes = tuple[str, ...]


def read_mmdb(path: Path, keys: Sequence[tuple[str, ...]]) -> tuple[list[Block[Codes]], list[Block[Codes]]]:
    """IPv4 and IPv6 blocks; one code for each path of keys, "" where the record has none."""
    with opened(path) as reader:
        return blocks_in(reader, lambda record: tuple(_at(record, key) for key in keys))


def _at(record: Any, keys: tuple[str, ...]) -> str:
    for key in keys:
        record = record.get(key, {}) if isinstance(record, dict) else {}
    return record if isinstance(record, str) else ""
