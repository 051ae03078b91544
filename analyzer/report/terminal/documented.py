"""The terminal's part on names: destinations whose servers are documented, benign ones included."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import DocumentedName
from analyzer.report.layout import bullets, facts, indented, say, section
from analyzer.report.units import counted
from analyzer.report.view import ReportView

_LISTED = 12
_KINDS = {
    "activation-ping": "documented for activation or registration",
    "telemetry": "documented for telemetry",
    "benign": "documented as benign",
}
_NAME_ALONE = "A name tells whose server it is, not what was sent."
_FORM_ALONE = "A documented form tells what a message says, not which software sent it."


def documented_section(view: ReportView) -> Iterator[RenderableType]:
    told = {ping.dossier for ping in view.report.pings}
    entries = [entry for entry in view.report.documented if entry.dossier not in told]
    if not entries:
        return
    notes = [_NAME_ALONE, *([_FORM_ALONE] if any(entry.messages for entry in entries) else [])]
    blocks = [block for entry in view.some(entries, _LISTED) for block in _entry(entry)]
    blocks += [*view.rest(entries, _LISTED), bullets(notes)]
    yield section("Names that dossiers document", *blocks)


def _by(entry: DocumentedName, devices: str) -> Iterator[tuple[str, str]]:
    yield "by", f"{counted(len(entry.devices), 'device')}: {devices}"
    if entry.messages:
        yield "form", f"{counted(entry.messages, 'message')} of the form that is documented"


def _entry(entry: DocumentedName) -> tuple[RenderableType, ...]:
    devices = ", ".join(entry.devices)
    return (
        say(f"{entry.name} — {_KINDS.get(entry.kind, entry.kind)}: {entry.title}", "bold"),
        indented(facts([*_by(entry, devices), ("", entry.says)])),
    )
