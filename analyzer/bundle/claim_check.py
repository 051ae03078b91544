"""What a report says of a bundle's connections, set against what a scan of the bundle's packets gives.

Numbers of frames become those of the captures as recorded, numbers of flows and messages are left out; then
both are compared value by value.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from analyzer.bundle.flow_groups import FlowGroup, frames_of
from analyzer.bundle.packet_check import At
from analyzer.bundle.recordings import Recording
from analyzer.model import Evidence, Finding, Message, Ping, Report

MASK = "*"
FRAME = re.compile(r"\b(frames? )(\d+)")
NUMBERS = frozenset(("number", "message", "peer", "flow", "capture", "span_captures"))  # of one report
MOST_SENTENCES = 20
LONGEST_VALUE = 60  # characters that a sentence quotes
# What is compared where values stand for others, or another version made the report.
CORE: Mapping[type, frozenset[str]] = {
    Ping: frozenset(("dossier", "status", "time_ns", "device", "source", "destination", "host", "frames")),
    Finding: frozenset(("kind", "value", "name", "time_ns", "frames", "path")),
    Message: frozenset(
        ("protocol", "role", "source", "destination", "time_ns", "frames", "method", "target", "host")
    )
    | {"status"},
}
# What follows from devices whose packets are not in the bundle, or from tables that were given to the scan.
ELSEWHERE = frozenset(("details belongs_to", "details phone"))
# Of what a long scan did not keep, since it was too much, a scan of less keeps more.
BOUNDED = frozenset(("body content", "body left_out", "body charset", "body charset_from"))
# Of these a redacted bundle holds too little, or nothing: coordinates are coarse, log-ins withheld.
NOT_AGAIN = frozenset(("location", "account", "password", "access_token"))
# Problems after which a report does not list all that was found.
UNLISTED = frozenset(("exchanges-unlisted", "evidence-unlisted", "messages-left-out"))
WORDS: Mapping[type, str] = {Ping: "ping", Finding: "finding", Message: "message"}
Claim = Ping | Finding | Message
Place = Callable[[int, int], At]
"""A capture and a frame of a report → the same in the captures as recorded."""
Withheld = Callable[[Sequence[At]], bool]
"""Whether asterisks stand in one of these packets."""


@dataclass(slots=True)
class ClaimResults:
    """What the comparison gave."""

    right: Counter[str] = field(default_factory=Counter)  # claims, by the word for them
    withheld: int = 0  # claims that packets of a redacted bundle can't show
    elsewhere: int = 0  # values that rest on something beside the bundle's packets
    more: Counter[str] = field(default_factory=Counter)  # claims of the packets alone
    wrong: list[str] = field(default_factory=list)
    lost: set[At] = field(default_factory=set)  # connections of which a claim is wrong


@dataclass(frozen=True, slots=True)
class Terms:
    """How closely two reports can be compared."""

    is_exact: bool  # every value; else those of CORE
    masked: bool  # asterisks stand for what the owner gave
    redacted: bool


def compare(
    report: Report,
    new: Report,
    recording: Recording,
    shown: Mapping[At, FlowGroup],
    terms: Terms,
    withheld: Withheld,
) -> ClaimResults:
    """Compare what the report says of the connections `shown` with the report `new` of their packets."""
    told, links = ClaimResults(), _Links(report, _as_recorded)
    ends = {frozenset(group.ends) for group in shown.values()}
    new_ends = {message.number: _ends(message) for message in new.messages}
    for kind, old, found in (
        (Ping, report.pings, new.pings),
        (Finding, report.findings, new.findings),
        (Message, report.messages, new.messages),
    ):
        pool = _Pool(kind, found, _Links(new, recording.place), terms)
        said = [each for each in old if _is_of(each, recording, shown)]
        # The equal ones first, so that no other takes their place.
        for each in pool.without_equal(said, links):
            _look(each, pool, links, told, withheld)
        told.right[WORDS[kind]] += pool.equal
        left = sum(_of_claim(each, new_ends) in ends for each in pool.left())
        told.more += Counter({WORDS[kind]: left})
    return told


def _flow(each: Claim) -> At:
    flow = each.evidence.flow if isinstance(each, Finding) else each.flow
    return each.evidence.capture, -1 if flow is None else flow


def _is_of(each: Claim, recording: Recording, shown: Mapping[At, FlowGroup]) -> bool:
    """Whether a claim is of a connection that is shown, by either of the numbers that say so."""
    capture, flow = each.evidence.capture, each.evidence.flow
    is_shown = _flow(each) in shown or (flow is not None and (capture, flow) in shown)
    return is_shown and capture in recording.captures


def _ends(each: Ping | Message) -> frozenset[tuple[str, int]]:
    return frozenset((end.address, end.port) for end in (each.source, each.destination))


def _of_claim(each: Claim, ends: Mapping[int, frozenset[tuple[str, int]]]) -> frozenset[tuple[str, int]]:
    """Return both ends of the connection of a ping or finding; `ends` are those of each message."""
    return ends.get(each.message, frozenset()) if isinstance(each, Finding) else _ends(each)


def _look(each: Claim, pool: _Pool, links: _Links, told: ClaimResults, withheld: Withheld) -> None:
    """Look for a claim among what the packets give."""
    terms, word = pool.terms, WORDS[type(each)]
    values = pool.values_of(each, links)
    if terms.masked and str(values.get("value", "")).startswith(MASK):
        told.withheld += 1  # what --known found in payload, nothing else recognises
        return
    other = pool.take(values)
    different = [] if other is None else pool.different(values, other)
    resting = [key for key in different if _rests_elsewhere(key, each)]
    if other is not None and len(resting) == len(different):
        told.elsewhere += len(resting)
        told.right[word] += 1
        return
    if terms.redacted and (values.get("kind") in NOT_AGAIN or withheld(values["frames"])):
        told.withheld += 1
        return
    told.lost.add(_flow(each))
    if len(told.wrong) < MOST_SENTENCES:
        key = next((key for key in different if key not in resting), "")
        told.wrong.append(_sentence(each, values, other, key))


def _rests_elsewhere(key: str, each: Claim) -> bool:
    is_cut = isinstance(each, Message) and each.body.left_out is not None
    return key in ELSEWHERE or (is_cut and key in BOUNDED)


def _sentence(each: Claim, values: dict[str, Any], other: dict[str, Any] | None, key: str) -> str:
    frame = values["frames"][0][1] if values["frames"] else "?"
    what = f"report.json: the {WORDS[type(each)]} {_name(each)} in frame {frame}"
    if other is None:
        return f"{what} is not found again in the packets of the bundle"
    return f"{what} says {key} {_quoted(values.get(key))}, its packets show {_quoted(other.get(key))}"


def _name(each: Claim) -> str:
    if isinstance(each, Ping):
        return f"{each.dossier} {each.status}"
    if isinstance(each, Finding):
        return f"{each.kind} {each.value}"
    return f"{each.method or each.status or each.role} {each.host or each.destination}"


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _as_recorded(capture: int, frame: int) -> At:
    return capture, frame


class _Links:
    """What the numbers of a report lead to: the frames of a message, the row of a flow."""

    def __init__(self, report: Report, place: Place) -> None:
        self.place = place
        self._messages = {message.number: message for message in report.messages}
        self._flows = {(row.get("capture", 0), row["flow"]): row for row in report.flows.rows()}

    def of(self, each: Claim) -> dict[str, Any]:
        """Return the message and the flow that a claim is of; of a message, its answer or its question."""
        number = each.peer if isinstance(each, Message) else each.message
        message = self._messages.get(number or 0)
        row = self._flows.get(_flow(each), {})
        made = {f"flow {key}": value for key, value in row.items() if key not in NUMBERS}
        evidence = None if message is None else message.evidence
        at = None if evidence is None else [[self.place(*one) for one in frames_of(evidence)], evidence.start]
        return {**made, "of message": at, "of flow": _flow(each)[1] == each.evidence.flow}


class _Pool:
    """The claims of one kind that a scan of the packets gave, to be taken one by one."""

    def __init__(self, kind: type, found: Iterable[Claim], links: _Links, terms: Terms) -> None:
        self.terms = terms
        self._kind, self._place = kind, links.place
        self.equal = 0  # claims that were found again as they are
        self._claims: dict[str, list[tuple[dict[str, Any], Claim]]] = defaultdict(list)
        for each in found:
            values = self.values_of(each, links)
            self._claims[_key(values)].append((values, each))

    def values_of(self, each: Claim, links: _Links) -> dict[str, Any]:
        """Return what is compared of a claim, one level deep; `links` are of its report."""
        values = plain(each, links.place)
        values |= values.pop("evidence")
        values |= links.of(each)
        for part in ("body", "details"):
            values |= {f"{part} {key}": value for key, value in values.pop(part, {}).items()}
        if self.terms.is_exact:
            return dict(values)
        return {key: value for key, value in values.items() if key in CORE[self._kind]}

    def without_equal(self, said: Sequence[Claim], links: _Links) -> list[Claim]:
        """Take out what is equal to a claim, and return the claims that are left."""
        left: list[Claim] = []
        for each in said:
            values = self.values_of(each, links)
            near = self._claims.get(_key(values), [])
            at = next((i for i, (other, _) in enumerate(near) if not self.different(values, other)), -1)
            if at < 0:
                left.append(each)
            else:
                near.pop(at)
                self.equal += 1
        return left

    def take(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """Return the claim that stands in the same frames and is nearest, and take it out."""
        near = self._claims.get(_key(values), [])
        if not near:
            return None
        return near.pop(min(range(len(near)), key=lambda i: self._distance(values, near[i][0])))[0]

    def left(self) -> Iterator[Claim]:
        """Yield the claims that nobody took."""
        return (each for near in self._claims.values() for _, each in near)

    def different(self, said: dict[str, Any], found: dict[str, Any]) -> list[str]:
        """Return the names of the values that differ."""
        return [key for key in {**said, **found} if not self._is_same(said.get(key), found.get(key))]

    def _is_same(self, said: Any, found: Any) -> bool:
        """Whether two values are the same, as far as frames in sentences and asterisks of the owner allow."""
        if said == found:
            return True
        if isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
            return all(map(self._is_same, said, found))
        if not isinstance(said, str) or not isinstance(found, str):
            return False
        if FRAME.sub(lambda met: f"{met[1]}{self._place(0, int(met[2]))[1]}", found) == said:
            return True
        is_masked = self.terms.masked and len(said) == len(found)
        return is_masked and all(a in (MASK, b) for a, b in zip(said, found, strict=True))

    def _distance(self, values: dict[str, Any], other: dict[str, Any]) -> tuple[int, int]:
        apart = self.different(values, other)
        return sum(key in CORE[self._kind] for key in apart), len(apart)


def _key(values: Mapping[str, Any]) -> str:
    """Return what has to be the same before the rest is compared."""
    return json.dumps([values["frames"], values.get("role")])


# ── values that can be compared ─────────────────────────────────────────────


def plain(value: Any, place: Place) -> Any:
    """Return a value of a report as texts, numbers and lists, without what only that report numbers."""
    if isinstance(value, Evidence):
        at = [place(*each) for each in frames_of(value)]
        return {"frames": at, "start": value.start, "end": value.end, "path": list(value.path)}
    if is_dataclass(value):
        made = {f.name: plain(getattr(value, f.name), place) for f in fields(value) if f.name not in NUMBERS}
        if isinstance(value, Message):
            captures = value.span_captures or (value.evidence.capture,) * len(value.spans)
            if len(captures) != len(value.spans):  # a document that was changed: no capture is one of them
                captures = (-1,) * len(value.spans)
            made["spans"] = [
                (at, place(of, frame)) for (at, frame), of in zip(value.spans, captures, strict=True)
            ]
        return made
    if isinstance(value, Mapping):
        return {key: plain(item, place) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, place) for each in value]
    return value
