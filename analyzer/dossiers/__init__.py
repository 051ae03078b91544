"""Dossiers: what is publicly known of senders, one TOML file each, and requests recognised by them.

Host, grammar and identifiers are separate pieces of evidence and are said separately; a host
alone is never enough. `schema.Dossier` tells what a file holds.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from analyzer.dossiers.heuristics import undocumented
from analyzer.dossiers.match import attempt_hosts, attempted, recognise
from analyzer.dossiers.schema import Dossier, DossierError, parse

__all__ = ["Dossier", "DossierError", "attempt_hosts", "attempted", "load", "recognise", "undocumented"]


def load(*directories: str | Path) -> tuple[Dossier, ...]:
    """The dossiers of this package with those of the directories' `.toml` files, by their ids.

    One of a directory stands in for an earlier one of the same id. DossierError, with the file's
    name, where one is not right or a directory holds none.
    """
    dossiers = {dossier.id: dossier for dossier in _shipped()}
    for directory in map(Path, directories):
        own = _read(directory)
        if not own:
            raise DossierError(f"{directory}: no .toml file there")
        dossiers |= {dossier.id: dossier for dossier in own}
    return tuple(dossiers.values())


@cache
def _shipped() -> tuple[Dossier, ...]:
    return _read(Path(str(files(__package__))))


def _read(directory: Path) -> tuple[Dossier, ...]:
    return tuple(parse(_text(path), path.name) for path in sorted(directory.glob("*.toml")))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise DossierError(f"{path}: can't be read ({problem})") from None
