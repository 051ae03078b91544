"""Readable requests → cards: the first of each group, decoded, with identifiers marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.model import Report
from analyzer.report.headline import few
from analyzer.report.html.where import Frames, frames_of
from analyzer.report.language import _, mark, plural
from analyzer.report.local_time import moment
from analyzer.report.quote import Quote
from analyzer.report.requests import PURPOSES, RequestGroup, ShownField, request_groups, shown
from analyzer.report.reverse_translation import spoken
from analyzer.report.units import counted_bytes
from analyzer.report.view import ReportView

FIRST = mark("the first is shown")
MOST = 24  # groups
_FIELDS = 60  # of a request
_DEVICES = 2  # named of many
_COUNTED = 5_000  # messages whose senders are told apart


@dataclass(frozen=True)
class RequestCard:
    title: str
    times: str
    sender: str
    to: str
    when: str
    frames: Frames
    start: Quote
    query: tuple[ShownField, ...]
    headers: tuple[ShownField, ...]
    body: str  # its size, and what was undone to read it
    fields: tuple[ShownField, ...]
    text: Quote
    left_out: int
    is_telling: bool  # something was found in it, or it was recognised


@dataclass(frozen=True)
class RequestCards:
    cards: tuple[RequestCard, ...]
    left_out: int  # groups


def request_cards(report: Report) -> RequestCards:
    """The groups that tell the most first; what has more room elsewhere is counted."""
    view, groups = ReportView(report), request_groups(report)
    return RequestCards(tuple(_card(group, view) for group in groups[:MOST]), max(len(groups) - MOST, 0))


def _card(group: RequestGroup, view: ReportView) -> RequestCard:
    message = group.messages[0]
    one = shown(view.report, message)
    undone = _("decoded from {steps}").format(steps=", ".join(one.steps)) if one.steps else ""
    size = counted_bytes(message.body.length) if message.body.length else ""
    return RequestCard(
        title=_(PURPOSES[group.purpose]) + (f": {spoken(group.title)}" if group.title else ""),
        times=_times(len(group.messages)),
        sender=_senders(group, view),
        to=f"{message.host} ({message.destination})" if message.host else str(message.destination),
        when=moment(message.time_ns),
        frames=frames_of([message.evidence], view.report),
        start=one.start,
        query=one.query[:_FIELDS],
        headers=one.headers,
        body=", ".join(filter(None, (size, undone))),
        fields=one.fields[:_FIELDS],
        text=one.text,
        left_out=one.left_out + max(len(one.fields) - _FIELDS, 0) + max(len(one.query) - _FIELDS, 0),
        is_telling=group.is_telling,
    )


def _times(count: int) -> str:
    said = plural(count, "{n} time", "{n} times")
    return said if count == 1 else f"{said}, {_(FIRST)}"


def _senders(group: RequestGroup, view: ReportView) -> str:
    devices: Sequence[str] = list(dict.fromkeys(map(view.sender, group.messages[:_COUNTED])))
    if len(devices) == 1:
        return devices[0]
    return f"{plural(len(devices), '{n} device', '{n} devices')}: {few(devices, _DEVICES)}"
