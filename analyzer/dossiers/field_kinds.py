"""Fields whose meaning a dossier documents → the same fields under names that detectors know.

A sender may call the IMEI `ui` or `col2`. Where the request is the documented one, by host and path, such a
field is searched as though its name said what it holds. The detectors' tests of the value stay the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from analyzer.dossiers.evidence import Case, Contents, host_of
from analyzer.dossiers.index import candidates
from analyzer.dossiers.schema import Dossier
from analyzer.model import Field, Message


class DocumentedField(NamedTuple):
    """A field under a detector's name, the name that the sender gave it, and what the dossier says of it."""

    field: Field
    written: str
    says: str


def documented_fields(
    request: Message, fields: Sequence[Field], dossiers: Sequence[Dossier]
) -> list[DocumentedField]:
    """Return the fields of a request for which a dossier documents what kind of identifier they hold."""
    contents = Contents(fields, ())
    found: list[DocumentedField] = []
    for dossier in candidates(dossiers, host_of(request), request.protocol):
        if dossier.holds and _is_from(Case(dossier, request, contents)):
            found += _renamed(fields, dossier)
    return found


def _is_from(case: Case) -> bool:
    """Whether host and path, or another rule that needs no identifier, say that this sender wrote it."""
    if case.says("layout"):
        return True
    if not (case.says("host") or case.says("path")):
        return False
    if case.says("host") and (case.says("path") or not case.dossier.paths):
        return True
    rules = (rule.needs for rule in case.dossier.recognise if rule.confidence != "low")
    return any(all(map(case.says, needs)) for needs in rules if "identifiers" not in needs)


def _renamed(fields: Sequence[Field], dossier: Dossier) -> Iterator[DocumentedField]:
    kinds = dossier.holds
    for field in fields:
        kind = kinds.get(field.name.lower())
        if kind:
            beside = frozenset(kinds.get(name.lower(), name) for name in field.beside)
            means = dossier.fields[field.name.lower()].means
            says = f"{field.name} is documented for {dossier.title}: {means}"
            yield DocumentedField(replace(field, name=kind, beside=beside), field.name, says)
