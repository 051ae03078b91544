"""A newer release of a database → a layer in the user's data folder, used like the shipped ones."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.geo.arrays import LayerWriter, ordinary_only
from analyzer.geo.iso import code_number
from analyzer.geo.mmdb import RecordAnswer, blocks_in, built_on, opened, said_in, sha256_of
from analyzer.geo.ranges import disjoint
from analyzer.system.files import settle, write_new

# What makers ask to be said; others are named by their file.
_MAKERS = (
    (re.compile(r"DBIP", re.I), "DB-IP", "IP Geolocation by DB-IP, https://db-ip.com"),
    (re.compile(r"GeoLite|GeoIP", re.I), "MaxMind",
     "This product includes GeoLite data created by MaxMind, available from https://www.maxmind.com"),
    (re.compile(r"ipinfo", re.I), "IPinfo", "IP address data powered by IPinfo, https://ipinfo.io"),
)  # fmt: skip

# Which columns make which claim, and what each column holds of a record.
_COLUMNS: dict[str, Callable[[RecordAnswer], int]] = {
    "located": lambda said: code_number(said.country),
    "registered": lambda said: code_number(said.registered),
    "asn": lambda said: said.asn,
    "anycast": lambda said: said.anycast,
}
_CLAIMS = (("located", ("located",)), ("registered", ("registered",)), ("asn", ("asn", "anycast")))
_CLAIM_NAMES = {"located": "located", "registered": "registered", "asn": "network"}


def import_mmdb(path: Path, folder: Path) -> dict[str, Any]:
    """Convert an `.mmdb` (also packed by gzip or xz) into a layer under `folder`; gives its manifest entry.

    ValueError, one sentence, where the file can't be read or says nothing of use. An earlier import of the
    same release is replaced; a failed one leaves nothing.
    """
    with opened(path, whole=True) as reader:
        metadata, day = reader.metadata(), built_on(reader).isoformat()
        families = blocks_in(reader, said_in)
    claims = _claims([block[2] for blocks in families for block in blocks])
    if not claims:
        raise ValueError(f"{path}: its records hold neither a country nor a network number")
    kind = metadata.database_type or path.stem
    maker, attribution = next(
        ((m, a) for pattern, m, a in _MAKERS if pattern.search(f"{kind} {path.name}")),
        (kind, f"file {path.name}"),
    )
    name = re.sub(r"[^a-z0-9]+", "-", f"{kind}-{day}".lower()).strip("-")
    if path.resolve().is_relative_to((folder / name).resolve()):
        raise ValueError(f"{path}: is in the folder that this import replaces; move it elsewhere first")
    entry = {
        "id": name, "name": kind, "short": maker, "date": day,
        "licence": "the user's own copy, under its maker's terms",
        "attribution": attribution, "url": "", "says": metadata.description.get("en", "") or kind,
        "claims": [_CLAIM_NAMES[claim] for claim in claims], "method": "import_mmdb",
        "inputs": [{"file": path.name, "sha256": sha256_of(path)}],
    }  # fmt: skip
    with _new_layer(folder / name) as unfinished:
        entry["outputs"] = _write_arrays(unfinished, families, claims)
        write_new(unfinished / "layer.json", json.dumps(entry, indent=1).encode())
    return entry


def _write_arrays(folder: Path, families: Any, claims: list[str]) -> list[dict[str, Any]]:
    """The files of a layer, each as the manifest names it."""
    out = LayerWriter(folder)
    columns = {column: _COLUMNS[column] for claim, needed in _CLAIMS if claim in claims for column in needed}
    for family, blocks in zip((4, 6), families, strict=True):
        starts, values = disjoint(blocks, RecordAnswer(), 1 << (32 if family == 4 else 128))
        out.family(family, ordinary_only((starts, values), RecordAnswer(), family), columns)
    if "asn" in claims:
        _write_names(out, families)
    return out.files


@contextmanager
def _new_layer(finished: Path) -> Iterator[Path]:
    """Give a folder that takes its place at the end; an older one goes then. Errors leave nothing."""
    unfinished, older = (finished.with_name(f".{finished.name}{end}") for end in ("", "-older"))
    for left in (unfinished, older):  # of an import that was ended
        shutil.rmtree(left, ignore_errors=True)
    try:
        yield unfinished
        for file in unfinished.iterdir():
            settle(file)
        settle(unfinished)
        if finished.exists():
            os.replace(finished, older)
        try:
            os.replace(unfinished, finished)
        except OSError:
            if older.exists():
                os.replace(older, finished)
            raise
        settle(finished.parent)
    finally:
        for left in (unfinished, older):
            shutil.rmtree(left, ignore_errors=True)


def _claims(values: list[RecordAnswer]) -> list[str]:
    found = (any(v.country for v in values), any(v.registered for v in values), any(v.asn for v in values))
    return [claim for (claim, _), held in zip(_CLAIMS, found, strict=True) if held]


def _write_names(out: LayerWriter, families: Any) -> None:
    names = {block[2].asn: block[2].as_name for blocks in families for block in blocks if block[2].asn}
    texts = [names[number].encode() for number in sorted(names)]
    out.array("as.number", sorted(names), np.uint32)
    out.array("as.name_end", np.cumsum([len(text) for text in texts]), np.uint32)
    out.array("as.name", np.frombuffer(b"".join(texts), np.uint8), np.uint8)
