"""Report → how it was made: captures, databases, blind spots, problems, and what would refute it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model import CaptureInfo, GeoSource, Problem, Report
from analyzer.report.coverage import searched_rows
from analyzer.report.language import _, mark, number, plural
from analyzer.report.local_time import moment
from analyzer.report.units import clock, span, tally
from analyzer.report.wording import clue_line, no_hash

MOST_CAPTURES, MOST_PROBLEMS, MOST_COMMENTS, MOST_KINDS = 60, 100, 20, 12
NO_BLIND_SPOT = mark("No blind spot was noted; a capture still shows one place and one time.")

_STEPS = (
    mark("Every frame of the capture is read and counted. There is no list of allowed or suspected servers."),
    mark(
        "TCP streams are put together again and read where they are clear text; what is encrypted is counted "
        "and never opened."
    ),
    mark(
        "Values inside readable messages are decoded step by step; numbers are called identifiers only with "
        "the reasons that stand beside them."
    ),
    mark("A message is called an activation ping where its content has the form that is documented for one."),
    mark(
        "Places come from databases shipped with the program, nearest in date to the capture. Where an "
        "address is located, where its block is registered and who operates the network are separate claims."
    ),
    mark(
        "Attempted, delivered, answered and accepted are four states; each is claimed only with what was "
        "seen of it."
    ),
)


@dataclass(frozen=True)
class CaptureFacts:
    path: str
    facts: tuple[tuple[str, str], ...]
    comments: tuple[str, ...]


@dataclass(frozen=True)
class SourceNote:
    title: str
    says: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Method:
    steps: tuple[str, ...]
    refutes: tuple[str, ...]
    blind: tuple[str, ...]
    problems: tuple[str, ...]
    problems_left: int
    captures: tuple[CaptureFacts, ...]
    captures_left: int
    searched: tuple[tuple[str, str, str, str, str], ...]  # state, packets, bytes, share, kinds
    vantage: tuple[str, ...]
    sources: tuple[SourceNote, ...]
    note: tuple[str, ...]
    made: str
    version: str


def method(report: Report) -> Method:
    return Method(
        steps=tuple(map(_, _STEPS)),
        refutes=tuple(_refutes(report)),
        blind=report.blind_spots or (_(NO_BLIND_SPOT),),
        problems=tuple(_problem(problem, report) for problem in report.problems[:MOST_PROBLEMS]),
        problems_left=max(len(report.problems) - MOST_PROBLEMS, 0),
        captures=tuple(_capture(at, report) for at in range(min(len(report.captures), MOST_CAPTURES))),
        captures_left=max(len(report.captures) - MOST_CAPTURES, 0),
        searched=tuple(searched_rows(report, MOST_KINDS)),
        vantage=tuple(map(clue_line, report.vantage)),
        sources=tuple(map(_source, report.geo_sources)),
        note=tuple(report.geo_note.split("\n")) if report.geo_note else (),
        made=clock(report.created_ns),
        version=report.version,
    )


def _refutes(report: Report) -> Iterator[str]:
    """What another could find that would show a statement of this page to be wrong."""
    if report.reconstruction:
        yield _("This capture is a reconstruction: nothing in it proves what any real phone sent.")
    yield _(
        "The capture isn't the one read here: its SHA-256 differs, or the frames named above hold other "
        "bytes in Wireshark."
    )
    if any(ping.message is not None for ping in report.pings):
        yield _("The steps of a decode ladder, done by hand on the quoted bytes, give something else.")
        yield _("Another sender is shown to send messages of the same form to the same name.")
    if report.findings:
        yield _(
            "The owner's own identifiers (on the phone *#06#, on the SIM card its printed number) differ "
            "from the values quoted."
        )
    if any(row.scope_claims for row in report.destinations):
        yield _(
            "A database of the capture's time, the operator of the network, or a round trip too short for "
            "the distance puts an address elsewhere; the country where an address was in use at the time is "
            "believed, not measured."
        )
    yield _("A second capture at the same place and time shows packets that this one lacks.")


def _problem(problem: Problem, report: Report) -> str:
    parts = []
    if problem.frame is not None:
        parts.append(_("frame {number}").format(number=problem.frame))
    if len(report.captures) > 1:
        parts.append(_("capture {number}").format(number=problem.capture + 1))
    if problem.flow is not None:
        parts.append(_("flow {number}").format(number=problem.flow))
    if problem.count > 1:
        parts.append(plural(problem.count, "{n} time", "{n} times"))
    return f"{problem.what} ({', '.join(parts)})" if parts else problem.what


def _capture(at: int, report: Report) -> CaptureFacts:
    info = report.captures[at]
    facts = tuple((_(label), value) for label, value in (*_hash(at, report), *_facts(info)) if value)
    notes = [note for note in info.comments if note.of != "capture"][:MOST_COMMENTS]
    return CaptureFacts(info.path, facts, tuple(f"{note.frame or note.of}: {note.text}" for note in notes))


def _hash(at: int, report: Report) -> Iterator[tuple[str, str]]:
    """The SHA-256, or in a redacted report what stands in its place."""
    yield "SHA-256", report.captures[at].sha256 or _(no_hash(report))
    if report.redaction and at < len(report.redaction.commitments):
        yield mark("commitment"), report.redaction.commitments[at] or ""


def _facts(info: CaptureInfo) -> Iterator[tuple[str, str]]:
    yield (
        mark("size"),
        plural(info.size, "{n} byte", "{n} bytes") if info.size is not None else _("unknown"),
    )
    yield mark("format"), info.format
    yield mark("link types"), tally(info.link_types)
    yield (
        mark("frames"),
        _("{frames}, of them {packets} IP packets").format(
            frames=number(info.frames), packets=number(info.ip_packets)
        ),
    )
    yield mark("time"), _window(info)
    yield mark("not IP"), tally(info.not_ip)
    yield mark("not decoded"), tally(info.undecoded)
    yield mark("cut short"), number(info.snapped) if info.snapped else ""
    yield (
        mark("complete"),
        _("yes") if info.complete else _("no: the capture is damaged, see the problems met"),
    )
    yield mark("made with"), "; ".join(f"{what}: {value}" for what, value in info.made_with.items())
    yield mark("comment"), info.comment


def _window(info: CaptureInfo) -> str:
    if info.first_ns is None or info.last_ns is None:
        return _("no frame carries a time")
    return f"{moment(info.first_ns)} – {moment(info.last_ns)} ({span(info.last_ns - info.first_ns)})"


def _source(source: GeoSource) -> SourceNote:
    address = "" if source.url in source.attribution else source.url
    facts = (
        (mark("used for"), source.used_for),
        (mark("credit"), f"{source.attribution} {address}".strip()),
        (mark("licence"), source.licence),
        ("SHA-256", source.sha256),
    )
    return SourceNote(
        f"{source.name} {source.date}", source.says, tuple((_(label), said) for label, said in facts if said)
    )
