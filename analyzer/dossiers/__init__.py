"""Dossiers: what is publicly known of senders, one TOML file each, and requests recognised by them.

Host, grammar and identifiers are separate pieces of evidence and are said separately; a host
alone is never enough. `schema.Dossier` tells what a file holds.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from analyzer.dossiers.recognise import attempt_hosts, attempted, recognise
from analyzer.dossiers.schema import Dossier, DossierError, parse

__all__ = ["Dossier", "DossierError", "attempt_hosts", "attempted", "load", "recognise"]


def load(directory: str | Path | None = None) -> tuple[Dossier, ...]:
    """The dossiers of this package, or of a directory of `.toml` files, in the order of their names.

    DossierError, with the file's name, where one is not right.
    """
    return _shipped() if directory is None else _read(Path(directory))


@cache
def _shipped() -> tuple[Dossier, ...]:
    return _read(Path(str(files(__package__))))


def _read(directory: Path) -> tuple[Dossier, ...]:
    return tuple(parse(path.read_text("utf-8"), path.name) for path in sorted(directory.glob("*.toml")))
