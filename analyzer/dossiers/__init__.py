"""Dossiers: what is publicly known of senders, one TOML file each, and requests recognised by them.

Host, grammar and identifiers are separate pieces of evidence and are said separately; a host
alone is never enough. `schema.Dossier` tells what a file holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from analyzer.dossiers.field_kinds import DocumentedField, documented_fields
from analyzer.dossiers.heuristics import undocumented
from analyzer.dossiers.index import Dossiers
from analyzer.dossiers.match import Recognition, attempt_hosts, attempted, recognise, recognition
from analyzer.dossiers.schema import Dossier, DossierError, dossier_of, parse
from analyzer.layouts import Layouts

__all__ = [
    "DocumentedField", "Dossier", "DossierError", "Dossiers", "Recognition", "attempt_hosts", "attempted",
    "documented_fields", "layouts_of", "load", "recognise", "recognition", "undocumented",
]  # fmt: skip

COMPILED = "compiled.json"


def load(*directories: str | Path) -> Dossiers:
    """The dossiers of this package with those of the directories' `.toml` files, by their ids.

    One of a directory stands in for an earlier one of the same id. DossierError, with the file's
    name, where one is not right or a directory holds none.
    """
    dossiers = {dossier.id: dossier for dossier in shipped()}
    ours = dict(dossiers)
    for directory in map(Path, directories):
        own = _read(directory)
        if not own:
            raise DossierError(f"{directory}: no .toml file there")
        dossiers |= {dossier.id: dossier for dossier in own}
    loaded = Dossiers(dossiers.values())
    loaded.own = tuple(dossier for dossier in loaded if ours.get(dossier.id) is not dossier)
    return loaded


def layouts_of(dossiers: Sequence[Dossier]) -> Layouts:
    """Return the grammars of messages that the dossiers hold."""
    return Layouts([dossier.layout for dossier in dossiers if dossier.layout])


@cache
def shipped() -> Dossiers:
    """The dossiers of this package, from the one file that `tools/update_dossiers.py` makes of theirs."""
    tables = json.loads(files(__package__).joinpath(COMPILED).read_text("utf-8"))
    return Dossiers(dossier_of(table) for table in tables)


def _read(directory: Path) -> tuple[Dossier, ...]:
    return tuple(parse(_text(path), path.name) for path in sorted(directory.glob("*.toml")))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise DossierError(f"{path}: can't be read ({problem})") from None
