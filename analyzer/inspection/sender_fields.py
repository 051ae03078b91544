"""Identifiers in fields that a dossier documents: found under names that say nothing by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.dossiers import Dossier, documented_fields
from analyzer.identifiers import findings_in
from analyzer.identifiers.owner_values import KnownValues
from analyzer.model import Field, Finding, Message

ORDER = ("high", "medium", "low")


def with_documented(
    request: Message,
    fields: Sequence[Field],
    known: KnownValues,
    dossiers: Sequence[Dossier],
    found: list[Finding],
) -> list[Finding]:
    """Return what was found, with what documented fields hold; of two of one value the surer one stays."""
    documented = documented_fields(request, fields, dossiers)
    if not documented:
        return found
    written = {each.field.evidence.path: each for each in documented}
    more = {}
    for finding in findings_in([each.field for each in documented], known, request.protocol):
        source = written.get(finding.evidence.path)
        if source is not None:
            reasons = (source.says, *finding.reasons[1:])
            more[_place(finding)] = replace(finding, name=source.written, reasons=reasons)
    surer = {place: f for f in found if (place := _place(f)) in more and not _is_surer(more[place], f)}
    better = more | surer
    merged = [better.pop(_place(f), f) if _place(f) in more else f for f in found]
    return [*merged, *better.values()]


def _place(finding: Finding) -> tuple[tuple[str, ...], str]:
    return finding.evidence.path, finding.value


def _is_surer(new: Finding, old: Finding) -> bool:
    return ORDER.index(new.confidence) < ORDER.index(old.confidence)
