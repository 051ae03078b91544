"""The terminal's part on names: destinations whose servers are documented, benign ones included."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import DocumentedName
from analyzer.report.language import _, mark, plural
from analyzer.report.layout import bullets, facts, indented, say, section
from analyzer.report.reverse_translation import spoken
from analyzer.report.view import ReportView

_LISTED = 12
_KINDS = {
    "activation-ping": mark("documented for activation or registration"),
    "telemetry": mark("documented for telemetry"),
    "benign": mark("documented as benign"),
}
_NAME_ALONE = mark("A name tells whose server it is, not what was sent.")
_FORM_ALONE = mark("A documented form tells what a message says, not which software sent it.")


def documented_section(view: ReportView) -> Iterator[RenderableType]:
    told = {ping.dossier for ping in view.report.pings}
    entries = [entry for entry in view.report.documented if entry.dossier not in told]
    if not entries:
        return
    notes = [_NAME_ALONE, *([_FORM_ALONE] if any(entry.messages for entry in entries) else [])]
    blocks = [block for entry in view.some(entries, _LISTED) for block in _entry(entry, view)]
    blocks += [*view.rest(entries, _LISTED), bullets([_(note) for note in notes])]
    yield section(_("Documented names"), *blocks)


def _by(entry: DocumentedName, view: ReportView) -> Iterator[tuple[str, str]]:
    by = plural(len(entry.devices), "{n} device", "{n} devices")
    yield _("by"), f"{by}: {', '.join(map(view.device, view.some(entry.devices, _LISTED)))}"
    if entry.messages:
        of_form = plural(
            entry.messages,
            "{n} message of the form that is documented",
            "{n} messages of the form that is documented",
        )
        yield _("form"), of_form


def _entry(entry: DocumentedName, view: ReportView) -> tuple[RenderableType, ...]:
    return (
        say(f"{entry.name} — {_(_KINDS.get(entry.kind, entry.kind))}: {spoken(entry.title)}", "bold"),
        indented(facts([*_by(entry, view), ("", spoken(entry.says))])),
    )
