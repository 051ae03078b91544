"""The terminal's last part: what could not be seen, what was read, which databases spoke."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import CaptureInfo, Comment, Evidence, GeoSource, Interface, Problem, Report, Session
from analyzer.report.coverage import searched_rows
from analyzer.report.language import _, mark, number, plural
from analyzer.report.layout import bullets, facts, indented, lines, say, section, table
from analyzer.report.local_time import moment
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import clock, counted_bytes, span, tally
from analyzer.report.view import ReportView
from analyzer.report.wording import clue_line, no_hash

_LISTED, _BRIEF = 20, 3
_CAPTURES, _MANY = 3, 60  # captures: brief, in the section
_NAMED_KINDS = 6  # of what was in one state
NO_BLIND_SPOT = mark("No blind spot was noted; a capture still shows one place and one time.")


def blind_spots_section(view: ReportView) -> Iterator[RenderableType]:
    spots = view.report.blind_spots or (_(NO_BLIND_SPOT),)
    yield section(_("Blind spots: what this capture cannot show"), bullets(map(spoken, spots)))


def problems_section(view: ReportView) -> Iterator[RenderableType]:
    problems = view.report.problems
    if problems:
        most = _BRIEF if view.brief else _LISTED
        shown = [_problem(problem, view) for problem in view.some(problems, most)]
        yield section(_("Problems met"), bullets(shown), *view.rest(problems, most))


def _problem(problem: Problem, view: ReportView) -> str:
    at = []
    if problem.frame is not None:
        at.append(view.frames([Evidence((problem.frame,), capture=problem.capture)]))
    at += [_("flow {number}").format(number=problem.flow)] if problem.flow is not None else []
    where = f" ({', '.join(at)})" if at else ""
    times = f" [{plural(problem.count, '{n} time', '{n} times')}]" if problem.count > 1 else ""
    return f"{spoken(problem.what)}{where}{times}"


def captures_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    many = len(report.captures) > 1
    blocks = [
        block
        for at, info in enumerate(view.some(report.captures, _CAPTURES if view.brief else _MANY), 1)
        for block in _capture(view, info, f"{at}  " if many else "")
    ]
    sessions = [say(session_line(session, report)) for session in report.sessions]
    blocks += view.rest(report.captures, _CAPTURES if view.brief else _MANY, mark("captures"))
    vantage = _vantage(report) if report.vantage and not view.brief else ()
    made = facts([(_("report made"), clock(report.created_ns))])
    searched = _searched(view) if not view.brief else ()
    yield section(_("What was read"), *blocks, *sessions, *searched, *vantage, made)


def _searched(view: ReportView) -> Iterator[RenderableType]:
    """What became of the packets and bytes; the rows add up to all of them."""
    rows = searched_rows(view.report, None if view.verbose else _NAMED_KINDS)
    if rows:
        yield say(_("How much of it was searched (bytes as captured, headers included)"))
        headers = ("", _("packets"), _("bytes"), _("share"), _("what"))
        yield indented(table(headers, rows, right=headers[1:4]))


def session_line(session: Session, report: Report) -> str:
    """That several captures were read as one, why, and the longest time between two of them."""
    known = [index for index in session.captures if 0 <= index < len(report.captures)]
    why = spoken(session.why)
    if not known:
        return _("Captures were read as one session: they have {why}.").format(why=why)
    read = [report.captures[index].path for index in known]
    told = _("Captures {first} to {last} were read as one session, in this order: they have {why}.").format(
        first=known[0] + 1, last=known[-1] + 1, why=why
    )
    if not session.gaps_us or len(read) <= len(session.gaps_us):
        return told
    longest = max(session.gaps_us)
    at = session.gaps_us.index(longest)
    gap = _(
        "The longest time without a frame between two of them is {time}, from the end of {one} to the "
        "beginning of {next}."
    ).format(time=_silence(longest), one=read[at], next=read[at + 1])
    return f"{told} {gap}"


def _silence(microseconds: int) -> str:
    return span(microseconds * 1000) if microseconds >= 100_000 else _("less than 0.1 s")


def _vantage(report: Report) -> tuple[RenderableType, ...]:
    head = say(_("Where the capture was made (clues, no proof)"))
    return head, indented(bullets(clue_line(clue) for clue in report.vantage))


def _capture(view: ReportView, info: CaptureInfo, numbered: str) -> tuple[RenderableType, ...]:
    head = (
        say(numbered + info.path, "bold"),
        indented(facts((*_hash(view.report, info), *_capture_facts(info, view.brief)))),
    )
    # The capture's own comment stands among the facts.
    notes = [note for note in info.comments if note.of != "capture"]
    if not notes or view.brief:
        return head
    left_out = info.comments_met - len(info.comments)
    kept = plural(
        left_out, "{n} more comment in the file is not kept", "{n} more comments in the file are not kept"
    )
    more = [kept] if left_out else []
    return (
        *head,
        say(_("Comments in the file, written by whoever made or edited it:")),
        indented(bullets([*map(_comment, view.some(notes, _LISTED)), *more])),
        *view.rest(notes, _LISTED, mark("comments")),
    )


def _comment(note: Comment) -> str:
    where = _("frame {number}").format(number=number(note.frame)) if note.frame is not None else note.of
    return f"{where}: {note.text}"


def _hash(report: Report, info: CaptureInfo) -> Iterator[tuple[str, str]]:
    """The SHA-256, or in a redacted report what stands in its place."""
    yield "SHA-256", info.sha256 or _(no_hash(report))
    if report.redaction:
        pairs = zip(report.captures, report.redaction.commitments, strict=False)
        yield _("commitment"), next((made or "" for each, made in pairs if each is info), "")


def _capture_facts(info: CaptureInfo, brief: bool) -> Iterator[tuple[str, str]]:
    yield from _extent(info)
    if brief:
        return
    yield _("format"), info.format
    yield _("link types"), tally(info.link_types)
    yield _("not IP"), tally(info.not_ip)
    yield _("not decoded"), tally(info.undecoded)
    cut = plural(
        info.snapped, "{n} frame cut by the snapshot length", "{n} frames cut by the snapshot length"
    )
    yield _("cut"), cut if info.snapped else ""
    yield _("made with"), "; ".join(f"{what}: {value}" for what, value in info.made_with.items())
    yield _("interfaces"), "; ".join(filter(None, map(_interface, info.interfaces)))
    yield _("not packets"), tally(info.passed_over)
    yield _("secrets"), _("{secrets}: not used").format(secrets=tally(info.secrets)) if info.secrets else ""
    yield _("comment"), info.comment


def _extent(info: CaptureInfo) -> Iterator[tuple[str, str]]:
    """What of the file was read."""
    yield _("size"), counted_bytes(info.size) if info.size is not None else _("unknown")
    packets = plural(info.ip_packets, "{n} IP packet", "{n} IP packets")
    yield _("frames"), _("{frames}, of them {packets}").format(frames=number(info.frames), packets=packets)
    yield _("time"), _window(info)
    yield _("complete"), _("yes") if info.complete else _("no: the capture is damaged, see the problems met")


def _interface(entry: Interface) -> str:
    """ "wlan0 (Android 9), 1,200 received, 3 dropped"; empty where the file says nothing."""
    about = ", ".join(filter(None, (entry.description, entry.hardware, entry.system)))
    counts = (
        (_("received"), entry.received),
        (_("dropped"), entry.dropped),
        (_("dropped by the system"), entry.dropped_by_system),
    )
    said = [f"{number(count)} {what}" for what, count in counts if count is not None]
    name = entry.name or _("unnamed")
    named = f"{name} ({about})" if about else entry.name
    filtered = [_("filter “{filter}”").format(filter=entry.filter)] if entry.filter else []
    return ", ".join(filter(None, (named, *filtered, *said)))


def _window(info: CaptureInfo) -> str:
    if info.first_ns is None or info.last_ns is None:
        return _("no frame carries a time")
    during = _("{first} to {last}").format(first=moment(info.first_ns), last=moment(info.last_ns))
    return f"{during} ({span(info.last_ns - info.first_ns)})"


def sources_section(view: ReportView) -> Iterator[RenderableType]:
    report = view.report
    if not report.geo_sources:
        return
    note = [lines(*report.geo_note.split("\n"))] if report.geo_note else []
    blocks = [block for source in report.geo_sources for block in _source(source)]
    yield section(_("Where the places come from"), *note, *blocks)


def _source(source: GeoSource) -> tuple[RenderableType, ...]:
    head = say(f"{source.name} {source.date} — {spoken(source.says)}")
    return head, indented(
        facts(
            (
                (_("used for"), spoken(source.used_for)),
                (
                    _("credit"),
                    source.attribution + (f" {source.url}" if source.url not in source.attribution else ""),
                ),
                (_("licence"), source.licence),
                ("SHA-256", source.sha256),
            )
        )
    )
