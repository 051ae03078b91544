"""The terminal's last part: what could not be seen, what was read, which databases spoke."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import CaptureInfo, Comment, GeoSource, Interface, Problem, Report, Session
from analyzer.report.coverage import searched_rows
from analyzer.report.layout import bullets, facts, indented, lines, say, section, table
from analyzer.report.units import clock, counted, span, tally
from analyzer.report.view import ReportView
from analyzer.report.wording import clue_line, no_hash

_LISTED = 20
_NAMED_KINDS = 6  # of what was in one state
_NUMBERS = ("packets", "bytes", "share")


def blind_spots_section(view: ReportView) -> Iterator[RenderableType]:
    spots = view.report.blind_spots or (
        "No blind spot was noted; a capture still shows one place and one time.",
    )
    yield section("Blind spots: what this capture cannot show", bullets(spots))


def problems_section(view: ReportView) -> Iterator[RenderableType]:
    problems = view.report.problems
    if problems:
        shown = [_problem(problem, view.report) for problem in view.some(problems, _LISTED)]
        yield section("Problems met", bullets(shown), *view.rest(problems, _LISTED))


def _problem(problem: Problem, report: Report) -> str:
    of = f" of capture {problem.capture + 1}" if len(report.captures) > 1 else ""
    at = [f"frame {problem.frame}{of}"] if problem.frame is not None else []
    at += [f"flow {problem.flow}"] if problem.flow is not None else []
    where = f" ({', '.join(at)})" if at else ""
    times = f" [{problem.count:,} times]" if problem.count > 1 else ""
    return f"{problem.what}{where}{times}"


def captures_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    many = len(report.captures) > 1
    blocks = [
        block
        for number, info in enumerate(report.captures, 1)
        for block in _capture(view, info, f"{number}  " if many else "")
    ]
    sessions = [say(session_line(session, report)) for session in report.sessions]
    vantage = _vantage(report) if report.vantage else ()
    made = facts([("report made", clock(report.created_ns))])
    yield section("What was read", *blocks, *sessions, *_searched(view), *vantage, made)


def _searched(view: ReportView) -> Iterator[RenderableType]:
    """What became of the packets and bytes; the rows add up to all of them."""
    rows = searched_rows(view.report, None if view.verbose else _NAMED_KINDS)
    if rows:
        yield say("How much of it was searched (bytes as captured, headers included)")
        yield indented(table(("", "packets", "bytes", "share", "what"), rows, right=_NUMBERS))


def session_line(session: Session, report: Report) -> str:
    """That several captures were read as one, why, and the longest time between two of them."""
    known = [index for index in session.captures if 0 <= index < len(report.captures)]
    if not known:
        return f"Captures were read as one session: they have {session.why}."
    numbers, read = f"{known[0] + 1} to {known[-1] + 1}", [report.captures[index].path for index in known]
    told = f"Captures {numbers} were read as one session, in this order: they have {session.why}."
    if not session.gaps_us or len(read) <= len(session.gaps_us):
        return told
    longest = max(session.gaps_us)
    at = session.gaps_us.index(longest)
    return (
        f"{told} The longest time without a frame between two of them is {_silence(longest)}, from the end "
        f"of {read[at]} to the beginning of {read[at + 1]}."
    )


def _silence(microseconds: int) -> str:
    return span(microseconds * 1000) if microseconds >= 100_000 else "less than 0.1 s"


def _vantage(report: Report) -> tuple[RenderableType, ...]:
    head = say("Where the capture was made (clues, no proof)")
    return head, indented(bullets(clue_line(clue) for clue in report.vantage))


def _capture(view: ReportView, info: CaptureInfo, number: str) -> tuple[RenderableType, ...]:
    head = (
        say(number + info.path, "bold"),
        indented(facts((*_hash(view.report, info), *_capture_facts(info)))),
    )
    # The capture's own comment stands among the facts.
    notes = [note for note in info.comments if note.of != "capture"]
    if not notes:
        return head
    left_out = info.comments_met - len(info.comments)
    more = [f"{counted(left_out, 'more comment')} in the file are not kept"] if left_out else []
    return (
        *head,
        say("Comments in the file, written by whoever made or edited it"),
        indented(bullets([*map(_comment, view.some(notes, _LISTED)), *more])),
        *view.rest(notes, _LISTED, "comments"),
    )


def _comment(note: Comment) -> str:
    where = f"frame {note.frame:,}" if note.frame is not None else note.of
    return f"{where}: {note.text}"


def _hash(report: Report, info: CaptureInfo) -> Iterator[tuple[str, str]]:
    """The SHA-256, or in a redacted report what stands in its place."""
    yield "SHA-256", info.sha256 or no_hash(report)
    if report.redaction:
        pairs = zip(report.captures, report.redaction.commitments, strict=False)
        yield "commitment", next((made or "" for each, made in pairs if each is info), "")


def _capture_facts(info: CaptureInfo) -> Iterator[tuple[str, str]]:
    yield "size", f"{info.size:,} bytes" if info.size is not None else "unknown"
    yield "format", info.format
    yield "link types", tally(info.link_types)
    yield "frames", f"{info.frames:,}, of them {counted(info.ip_packets, 'IP packet')}"
    yield "time", _window(info)
    yield "not IP", tally(info.not_ip)
    yield "not decoded", tally(info.undecoded)
    yield "cut", f"{counted(info.snapped, 'frame')} cut by the snapshot length" if info.snapped else ""
    yield "complete", "yes" if info.complete else "no: the capture is damaged, see the problems met"
    yield "made with", "; ".join(f"{what}: {value}" for what, value in info.made_with.items())
    yield "interfaces", "; ".join(filter(None, map(_interface, info.interfaces)))
    yield "not packets", tally(info.passed_over)
    yield "secrets", f"{tally(info.secrets)}: not used" if info.secrets else ""
    yield "comment", info.comment


def _interface(entry: Interface) -> str:
    """ "wlan0 (Android 9), 1,200 received, 3 dropped"; empty where the file says nothing."""
    about = ", ".join(filter(None, (entry.description, entry.hardware, entry.system)))
    counts = (
        ("received", entry.received),
        ("dropped", entry.dropped),
        ("dropped by the system", entry.dropped_by_system),
    )
    said = [f"{count:,} {what}" for what, count in counts if count is not None]
    named = f"{entry.name or 'unnamed'} ({about})" if about else entry.name
    filtered = [f"filter “{entry.filter}”"] if entry.filter else []
    return ", ".join(filter(None, (named, *filtered, *said)))


def _window(info: CaptureInfo) -> str:
    if info.first_ns is None or info.last_ns is None:
        return "no frame carries a time"
    return f"{clock(info.first_ns)} to {clock(info.last_ns)} ({span(info.last_ns - info.first_ns)})"


def sources_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.geo_sources:
        return
    note = [lines(*report.geo_note.split("\n"))] if report.geo_note else []
    blocks = [block for source in report.geo_sources for block in _source(source)]
    yield section("Where the places come from", *note, *blocks)


def _source(source: GeoSource) -> tuple[RenderableType, ...]:
    head = say(f"{source.name} {source.date} — {source.says}")
    return head, indented(
        facts(
            (
                ("used for", source.used_for),
                (
                    "credit",
                    source.attribution + (f" {source.url}" if source.url not in source.attribution else ""),
                ),
                ("licence", source.licence),
                ("SHA-256", source.sha256),
            )
        )
    )
