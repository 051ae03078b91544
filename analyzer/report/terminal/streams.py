"""The terminal's part on reassembly: bytes that came twice with different content, and gaps."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import Conflict, Evidence, Missing
from analyzer.report.language import _, mark, number
from analyzer.report.layout import bullets, facts, indented, say, section
from analyzer.report.units import counted_bytes
from analyzer.report.view import ReportView

_CONFLICTS, _GAPS = 6, 6
_WHY = mark(
    "The copy that came first is read: a receiver that had room kept it. Which one it kept is not proven."
)


def streams_section(view: ReportView) -> Iterator[RenderableType]:
    yield from _conflicts(view)
    yield from _gaps(view)


def _conflicts(view: ReportView) -> Iterator[RenderableType]:
    conflicts = view.report.conflicts
    if conflicts:
        blocks = [block for one in view.some(conflicts, _CONFLICTS) for block in _conflict(view, one)]
        blocks += [*view.rest(conflicts, _CONFLICTS), bullets([_(_WHY)])]
        yield section(_("Bytes that came twice with different content"), *blocks)


def _conflict(view: ReportView, conflict: Conflict) -> tuple[RenderableType, ...]:
    place = _("bytes {first} to {last} of the stream").format(
        first=number(conflict.start), last=number(conflict.end - 1)
    )
    other = conflict.capture if conflict.other_capture is None else conflict.other_capture
    first = _frame(view, conflict.frame, conflict.capture)
    second = _frame(view, conflict.other_frame, other)
    pairs = [
        (first, _copy(view, conflict.excerpt, conflict.sha256)),
        (second, _copy(view, conflict.other_excerpt, conflict.other_sha256)),
    ]
    return say(f"{conflict.source} → {conflict.destination}: {place}"), indented(facts(pairs))


def _frame(view: ReportView, frame: int, capture: int) -> str:
    return view.frames([Evidence((frame,), capture=capture)])


def _copy(view: ReportView, excerpt: str, sha256: str) -> str:
    """The beginning of a copy where it may be shown, and its digest."""
    try:
        text = bytes.fromhex(excerpt).decode("latin-1")
    except ValueError:  # in a saved report that was changed
        text = excerpt
    digest = f"SHA-256 {sha256}" if sha256 else _("left out, since the report is redacted")
    return f"“{view.quote(text)}”, {digest}" if text else digest


def _gaps(view: ReportView) -> Iterator[RenderableType]:
    gaps = view.report.gaps
    if gaps:
        shown = [_gap(view, gap) for gap in view.some(gaps, _GAPS)]
        yield section(_("Gaps in readable streams"), bullets(shown), *view.rest(gaps, _GAPS))


def _gap(view: ReportView, gap: Missing) -> str:
    after = gap.capture if gap.capture_after is None else gap.capture_after
    sides = ((_("after"), gap.frame_before, gap.capture), (_("before"), gap.frame_after, after))
    between = [f"{word} {_frame(view, frame, capture)}" for word, frame, capture in sides if frame]
    missing = _("{size} from offset {offset} on").format(
        size=counted_bytes(gap.end - gap.start), offset=number(gap.start)
    )
    return f"{gap.source} → {gap.destination}: {', '.join([missing, *between])}"
