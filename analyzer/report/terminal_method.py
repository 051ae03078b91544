"""The terminal's last part: what could not be seen, what was read, which databases spoke."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from analyzer.model import CaptureInfo, GeoSource, Problem, Report
from analyzer.report.layout import bullets, facts, indented, lines, say, section
from analyzer.report.units import clock, counted, span, tally
from analyzer.report.view import View
from analyzer.report.wording import clue_line

_LISTED = 20


def blind_spots_section(view: View) -> Iterator[RenderableType]:
    spots = view.report.blind_spots or (
        "No blind spot was noted; a capture still shows one place and one time.",
    )
    yield section("Blind spots: what this capture cannot show", bullets(spots))


def problems_section(view: View) -> Iterator[RenderableType]:
    problems = view.report.problems
    if problems:
        shown = [_problem(problem, view.report) for problem in view.some(problems, _LISTED)]
        yield section("Problems met", bullets(shown), *view.rest(problems, _LISTED))


def _problem(problem: Problem, report: Report) -> str:
    of = f" of capture {problem.capture + 1}" if len(report.captures) > 1 else ""
    where = f" (frame {problem.frame}{of})" if problem.frame is not None else ""
    times = f" [{problem.count:,} times]" if problem.count > 1 else ""
    return f"{problem.what}{where}{times}"


def captures_section(view: View) -> Iterator[RenderableType]:
    report = view.report
    many = len(report.captures) > 1
    blocks = [
        block
        for number, info in enumerate(report.captures, 1)
        for block in _capture(info, f"{number}  " if many else "")
    ]
    vantage = _vantage(report) if report.vantage else ()
    yield section("What was read", *blocks, *vantage, facts([("report made", clock(report.created_ns))]))


def _vantage(report: Report) -> tuple[RenderableType, ...]:
    head = say("Where the capture was made (clues, no proof)")
    return head, indented(bullets(clue_line(clue) for clue in report.vantage))


def _capture(info: CaptureInfo, number: str) -> tuple[RenderableType, ...]:
    return say(number + info.path, "bold"), indented(facts(_capture_facts(info)))


def _capture_facts(info: CaptureInfo) -> Iterator[tuple[str, str]]:
    yield "SHA-256", info.sha256 or "not made"
    yield "size", f"{info.size:,} octets" if info.size is not None else "unknown"
    yield "format", info.format
    yield "link types", tally(info.link_types)
    yield "frames", f"{info.frames:,}, of them {counted(info.ip_packets, 'IP packet')}"
    yield "time", _window(info)
    yield "not IP", tally(info.not_ip)
    yield "not decoded", tally(info.undecoded)
    yield "cut", f"{counted(info.snapped, 'frame')} cut by the snapshot length" if info.snapped else ""
    yield "complete", "yes" if info.complete else "no: the capture is damaged, see the problems met"
    yield "comment", info.comment


def _window(info: CaptureInfo) -> str:
    if info.first_ns is None or info.last_ns is None:
        return "no frame carries a time"
    return f"{clock(info.first_ns)} to {clock(info.last_ns)} ({span(info.last_ns - info.first_ns)})"


def sources_section(view: View) -> Iterator[RenderableType]:
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
