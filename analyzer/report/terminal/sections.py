"""The sections of the terminal's report by the names that `--section` takes, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich.console import RenderableType

from analyzer.model import Report
from analyzer.report.groups import finding_groups, ping_groups
from analyzer.report.language import _, number
from analyzer.report.layout import say, section
from analyzer.report.terminal import (
    documented,
    findings,
    local,
    method,
    readable_requests,
    streams,
    traffic,
    triggers,
    tunnels,
    wifi,
)
from analyzer.report.view import ReportView
from analyzer.report.wording import is_worth_checking

ALL = "all"


class ReportSection(NamedTuple):
    """A part of the report: its name on the command line, and what builds it."""

    name: str
    build: Callable[[ReportView], Iterator[RenderableType]]
    size: Callable[[Report], int]  # entries; 0 where there is no such section
    is_brief: bool = False  # printed, shortened, where no section is asked for


def _findings(report: Report, worth_checking: bool) -> int:
    return sum(is_worth_checking(group[0]) == worth_checking for group in finding_groups(report))


SECTIONS = (
    ReportSection("answer", findings.answer_section, lambda _: 1, is_brief=True),
    ReportSection(
        "requests", readable_requests.requests_section,
        lambda r: sum(message.role == "request" for message in r.messages), is_brief=True,
    ),
    ReportSection(
        "pings", findings.pings_section,
        lambda r: len(ping_groups(r)),
    ),
    ReportSection(
        "identifiers",
        findings.identifiers_section, lambda r: _findings(r, False), is_brief=True,
    ),
    ReportSection("numbers", findings.numbers_section, lambda r: _findings(r, True)),
    ReportSection(
        "timing", triggers.triggers_section,
        lambda r: len(r.rhythms) + len(r.associations),
    ),
    ReportSection(
        "documented", documented.documented_section,
        lambda r: len(r.documented),
    ),
    ReportSection("regions", traffic.regions_section, lambda _: 1),
    ReportSection(
        "destinations", traffic.destinations_section,
        lambda r: len(r.destinations),
    ),
    ReportSection("tunnels", tunnels.tunnels_section, lambda r: len(r.tunnels)),
    ReportSection(
        "fragments", tunnels.fragments_section,
        lambda r: len(r.fragment_conflicts),
    ),
    ReportSection("devices", traffic.devices_section, lambda r: len(r.devices)),
    ReportSection(
        "messages", traffic.messages_section,
        lambda r: len(r.messages),
    ),
    ReportSection(
        "local", local.announcements_section,
        lambda r: len(r.announcements),
    ),
    ReportSection("wifi", wifi.wifi_section, lambda r: len(r.wifi)),
    ReportSection("blind", method.blind_spots_section, lambda _: 1, is_brief=True),
    ReportSection(
        "problems", method.problems_section, lambda r: len(r.problems), is_brief=True
    ),
    ReportSection(
        "streams", streams.streams_section,
        lambda r: len(r.conflicts) + len(r.gaps),
    ),
    ReportSection(
        "captures", method.captures_section,
        lambda r: len(r.captures), is_brief=True,
    ),
    ReportSection(
        "sources", method.sources_section, lambda r: len(r.geo_sources)
    ),
)  # fmt: skip
NAMES = (*(section.name for section in SECTIONS), ALL)


def pointers(view: ReportView) -> Iterator[RenderableType]:
    """The sections that hold something, with the names to ask for them by and their entries."""
    sizes = ((part.name, part.size(view.report)) for part in SECTIONS[1:])
    named = " · ".join(f"{name} {number(size)}" for name, size in sizes if size)
    said = _(
        "--section NAME prints one of these parts in full (with the number of its entries), -v everything:"
    )
    yield section(_("More"), say(said), say(named))
