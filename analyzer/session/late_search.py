"""Each identifier that was found, and the MAC address of each device, in all else that was readable.

A value that is recognised once by its name or form goes to other places too, under names that tell nothing,
in other spellings and encodings, and before it was recognised. So at the end of a scan everything that was
read is searched for it in one pass: the requests that are listed, and those of the spool. What servers sent
is counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple, TypeVar

import numpy as np

from analyzer.dissectors.clear_message import SPARSE, UNCLASSIFIED
from analyzer.flows.address_text import address_text, mac_text
from analyzer.flows.flow_table import A_HI, A_LO, A_PORT, MAC, PACKETS
from analyzer.identifiers.base import KIND_TITLES
from analyzer.identifiers.mac import is_of_one_interface
from analyzer.identifiers.owner_values import KnownValues
from analyzer.identifiers.value_search import MOST, MOST_IN_FULL, Search, SearchedValue, Sighting, is_telling
from analyzer.inspection.decode import decode
from analyzer.inspection.local_answers import ANSWER, is_private
from analyzer.model import Endpoint, Finding, Message, Problem
from analyzer.session.extraction import ExchangeFindings, Extractor
from analyzer.session.report_builder import ReportBuilder
from analyzer.session.spool import SpooledMessage
from analyzer.session.worker_transfer import unpacked

BETWEEN = b"\0\xff\0\xff\0"  # in no form of a value, so nothing is found across two texts
# Bytes that are searched at once.
AT_ONCE = 4 << 20
# Findings that are added at most, in all and in one message, and of the same value in messages of which many
# are alike.
MOST_FOUND, MOST_IN_MESSAGE, MOST_ALIKE = 20_000, 64, 64
# Digits of a time in seconds since 1970, and how near to that of its message it says nothing else.
DIGITS_OF_A_TIME, NEAR_S = 10, 400 * 86_400
LONGEST_RAW, LONGEST_NAME = 200, 40
# Addresses of machines whose frames a capture shows that are looked for.
MOST_STATIONS = 256
NEXT_HOP = "next hop"
SURENESS = {"high": 0, "medium": 1}
ALIKE = frozenset(("mac", "bssid"))
# DHCP's work is to carry MAC addresses in the local network (RFC 2131).
ADDRESSING = "dhcp"
T = TypeVar("T")
NOT_PLAIN = re.compile(r"[^0-9a-z@]")


class Texts:
    """Several texts that are searched together; `of` tells which one a place lies in."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._texts = list(texts)
        self._starts = [0, *accumulate(len(text) + len(BETWEEN) for text in self._texts)]

    def sightings(self, search: Search) -> Iterator[tuple[int, Sighting]]:
        """Give each sighting with the number of its text, its place as within that."""
        for seen in search.sightings(BETWEEN.join(self._texts)):
            at = bisect_right(self._starts, seen.start) - 1
            start = self._starts[at]
            yield at, seen._replace(start=seen.start - start, end=seen.end - start)


class ValuePlace(NamedTuple):
    """Where in a message a value stands."""

    name: str
    path: tuple[str, ...]
    raw: str
    seen: Sighting


class LateSearch:
    """The search of one scan, at its end."""

    def __init__(self, assembly: ReportBuilder, extractor: Extractor, known: KnownValues) -> None:
        self._assembly, self._extractor, self._known = assembly, extractor, known
        self._search = Search([])
        self._found = 0
        self._alike: Counter[tuple[str, ...]] = Counter()
        self._echoes: Counter[int] = Counter()

    def run(self) -> None:
        """Add what is found to the exchanges of the extractor."""
        extractor = self._extractor
        if not extractor.entries and not len(extractor.spool):
            return
        self._search = Search(list(self._sought()))
        if not self._search.values:
            return
        self._search_listed()
        self._search_spool()
        self._note_echoes()
        for problem in self._problems():
            extractor.say(problem)

    # ── what is looked for ──────────────────────────────────────────────

    def _sought(self) -> Iterator[SearchedValue]:
        """The values, each once: addresses of devices, what was found, addresses of other machines."""
        taken: set[str] = set()
        stations = [*self._stations()]
        devices = {device.id for device in self._assembly.sides.devices if device.mac is not None}
        own = [mac for mac in stations if mac in devices][:MOST_STATIONS]
        others = [mac for mac in stations if mac not in devices][:MOST_STATIONS]
        candidates = (
            *(
                SearchedValue("mac", mac, "high", "a device of the capture", mac)
                for mac in own[: MOST_IN_FULL // 2]
            ),
            *self._found_before(),
            *(
                SearchedValue("mac", mac, "high", "a device of the capture", mac)
                for mac in own[MOST_IN_FULL // 2 :]
            ),
            *(SearchedValue("mac", mac, "medium", NEXT_HOP) for mac in others),
        )
        for sought in candidates:
            plain = _plain(sought.value)
            if plain in taken or not is_telling(sought.kind, sought.value):
                continue
            taken.add(plain)
            if not self._known.equals("mac" if sought.kind in ALIKE else sought.kind, sought.value):
                yield sought

    def _stations(self) -> list[str]:
        """The MAC addresses that packets came from, the busiest first."""
        flows = self._assembly.flows
        macs, packets = flows.pair(MAC).ravel(), flows.pair(PACKETS).ravel()
        sent = (macs > 0) & (packets > 0)
        found, of = np.unique(macs[sent], return_inverse=True)
        counts = np.bincount(of, weights=packets[sent], minlength=len(found))
        named = [mac_text(int(mac)) for mac in found[np.argsort(-counts, kind="stable")]]
        return [mac for mac in named if is_of_one_interface(mac)]

    def _found_before(self) -> list[SearchedValue]:
        """The identifiers that detectors found, the surest first."""
        best: dict[tuple[str, str], Finding] = {}
        for entry in self._extractor.entries:
            for finding in entry.findings:
                if finding.known or finding.confidence not in SURENESS:
                    continue
                key = finding.kind, finding.value
                if key not in best or SURENESS[finding.confidence] < SURENESS[best[key].confidence]:
                    best[key] = finding
        surest = sorted(best.values(), key=lambda finding: SURENESS[finding.confidence])
        return [SearchedValue(f.kind, f.value, f.confidence, _under(f)) for f in surest]

    # ── where it is looked for ──────────────────────────────────────────

    def _search_listed(self) -> None:
        entries = self._extractor.entries
        worth_a_look = {at for at, entry in enumerate(entries) if entry.is_recoded}
        requests = ((at, bytes_of(entry.request)) for at, entry in enumerate(entries) if entry.request)
        for group in _portions(requests):
            numbers = [at for at, _ in group]
            found = Texts(data for _, data in group).sightings(self._search)
            worth_a_look.update(numbers[at] for at, _ in found)
        for at in sorted(worth_a_look):
            entries[at] = self._with_more(entries[at])
        responses = (
            (at, bytes_of(message))
            for at, entry in enumerate(entries)
            for message in (entry.response, *entry.interim)
            if message is not None
        )
        for group in _portions(responses):
            met = {(at, seen.number) for at, seen in Texts(o for _, o in group).sightings(self._search)}
            self._echoes.update(number for _, number in met)

    def _with_more(self, entry: ExchangeFindings) -> ExchangeFindings:
        if entry.request is None:
            return entry
        before = [f for f in entry.findings if f.message != ANSWER]
        more = self._findings(entry.request, before)
        return replace(entry, findings=(*entry.findings, *more)) if more else entry

    def _search_spool(self) -> None:
        extractor = self._extractor
        listed: dict[tuple[int, int, int], int] | None = None
        for kept in self._worth_a_look():
            request = _request_of(kept)
            if request is None:
                continue
            if listed is None:
                listed = {
                    _key(e.request): at for at, e in enumerate(extractor.entries) if e.request is not None
                }
            at = listed.get(_key(request))
            before = extractor.entries[at].findings if at is not None else ()
            more = self._findings(request, before)
            if more and at is not None:
                extractor.entries[at] = replace(extractor.entries[at], findings=(*before, *more))
            elif more:
                extractor.list_again(request, more)

    def _worth_a_look(self) -> Iterator[SpooledMessage]:
        """The messages of the spool that hold a value as they stand, or may hold one in another encoding."""
        for group in _portions((kept, kept.data) for kept in self._extractor.spool):
            held = {at for at, _ in Texts(data for _, data in group).sightings(self._search)}
            for at, (kept, _) in enumerate(group):
                if at in held or kept.is_recoded:
                    yield kept

    # ── what is found ───────────────────────────────────────────────────

    def _findings(self, request: Message, before: Sequence[Finding]) -> list[Finding]:
        """The findings of a request beyond those it has."""
        places = list(self._places(request))
        if not places:
            return []
        if not self._is_sent(request):
            own = self._own_address(request)
            self._echoes.update({p.seen.number for p in places if self._value_of(p) != own})
            places = [place for place in places if self._value_of(place) == own]
        made: list[Finding] = []
        for place in places:
            sought = self._search.values[place.seen.number]
            if (
                _may_be_a_time(place, request)
                or _is_had(place, sought, (*before, *made))
                or not self._has_room(request, sought, len(made))
            ):
                continue
            peer = "" if self._is_sent(request) else request.source.address
            made.append(_finding(request, place, sought, peer))
        self._found += len(made)
        return made

    def _places(self, request: Message) -> Iterator[ValuePlace]:
        """Where the values stand: in a field, in the name of one, or else anywhere in the message."""
        fields = decode(request).fields
        seen: set[int] = set()
        values = [v if isinstance(v, bytes) else _encoded(v) for v in fields.values]
        for texts in (values, [_encoded(name) for name in fields.names]):
            once: set[tuple[int, int, str]] = set()
            for at, sighting in Texts(texts).sightings(self._search):
                if (spelling := (at, sighting.number, sighting.encoding)) in once:
                    continue
                once.add(spelling)  # hostile text could repeat a value without end
                field = fields[at]
                raw = texts[at][sighting.start : sighting.end]
                seen.add(sighting.number)
                yield ValuePlace(field.name, field.evidence.path, _shown(raw), sighting)
        whole = bytes_of(request)
        for sighting in self._search.sightings(whole):
            if sighting.number not in seen:
                seen.add(sighting.number)
                raw = whole[sighting.start : sighting.end]
                yield ValuePlace("message", ("message",), _shown(raw), sighting)

    def _is_sent(self, request: Message) -> bool:
        """Whether a device of the capture sent it."""
        assembly, source = self._assembly, request.source.address
        return source in assembly.owners or source == assembly.own[request.flow]

    def _value_of(self, place: ValuePlace) -> str:
        return self._search.values[place.seen.number].value

    def _own_address(self, request: Message) -> str:
        """The MAC address of the machine in the local network that sent a message; empty for others."""
        if not is_private(request.source.address) or not is_private(request.destination.address):
            return ""
        flows, flow = self._assembly.flows, request.flow
        words, ports = flows.addresses[flow].tolist(), flows.numbers[flow]
        is_a = Endpoint(address_text(words[A_HI], words[A_LO]), int(ports[A_PORT])) == request.source
        mac = int(ports[MAC + (0 if is_a else 1)])
        return mac_text(mac) if mac > 0 else ""

    def _has_room(self, request: Message, sought: SearchedValue, made: int) -> bool:
        if made >= MOST_IN_MESSAGE or self._found + made >= MOST_FOUND:
            return False
        if request.protocol not in SPARSE:
            return True
        if request.protocol == ADDRESSING and sought.kind in ALIKE:
            return False
        key = (request.source.address, request.destination.address, request.protocol, sought.value)
        self._alike[key] += 1
        return self._alike[key] <= (MOST_ALIKE if request.protocol == UNCLASSIFIED else 1)

    def _note_echoes(self) -> None:
        """Say beside the first finding of a value how many messages of servers hold it."""
        for number, count in self._echoes.items():
            sought = self._search.values[number]
            for at, entry in enumerate(self._extractor.entries):
                for index, finding in enumerate(entry.findings):
                    if (finding.kind, finding.value) == (sought.kind, sought.value):
                        findings = list(entry.findings)
                        details = {**finding.details, "echoed": str(count)}
                        findings[index] = replace(finding, details=details)
                        self._extractor.entries[at] = replace(entry, findings=tuple(findings))
                        break
                else:
                    continue
                break

    def _problems(self) -> Iterator[Problem]:
        spool = self._extractor.spool
        if spool.left_out:
            frame = spool.from_frame
            since = f"from frame {frame:,} on" if frame is not None else "as far as they are listed"
            why = f" ({spool.failed})" if spool.failed else ""
            yield Problem(
                "searched-again-in-part",
                f"identifiers that became known later were looked for in messages {since}; "
                f"{spool.left_out:,} earlier ones had given way by then, to keep memory bounded{why}",
                frame,
                spool.left_out,
            )
        if self._search.left_out:
            yield Problem(
                "values-not-sought",
                f"{self._search.left_out:,} identifiers beyond {MOST:,} were not looked for elsewhere",
                count=self._search.left_out,
            )
        if self._found >= MOST_FOUND:
            what = f"of identifiers that were found again, {MOST_FOUND:,} places are listed, and no more"
            yield Problem("found-again-left-out", what)


def bytes_of(message: Message) -> bytes:
    """Return what a message says, its parts one after the other."""
    head = [
        message.target or "",
        message.host or "",
        *(f"{name}: {value}" for name, value in message.headers),
    ]
    return _encoded("\r\n".join(head)) + b"\r\n\r\n" + message.body.content


def _portions(texts: Iterable[tuple[T, bytes]]) -> Iterator[list[tuple[T, bytes]]]:
    """Texts in groups of AT_ONCE bytes."""
    group: list[tuple[T, bytes]] = []
    size = 0
    for each in texts:
        group.append(each)
        size += len(each[1])
        if size >= AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def _request_of(kept: SpooledMessage) -> Message | None:
    taken, _ = unpacked(kept.data)
    request: Message | None = taken[0]
    if request is None or kept.flow < 0:
        return None
    return replace(request, flow=kept.flow, evidence=replace(request.evidence, flow=kept.flow))


def _key(request: Message) -> tuple[int, int, int]:
    return request.flow, request.evidence.start, request.evidence.frames[0] if request.evidence.frames else 0


def _finding(request: Message, place: ValuePlace, sought: SearchedValue, peer: str) -> Finding:
    encoding = "" if place.seen.encoding == "plain" else f" ({place.seen.encoding})"
    title = KIND_TITLES.get(sought.kind, sought.kind)
    details = {"encoding": place.seen.encoding} if encoding else {}
    if peer:
        reason = f"equal to the MAC address of the device that sent it{encoding}"
        details["of_peer"] = peer
    elif sought.because == NEXT_HOP:
        reason = f"equal to the MAC address of a machine that packets of the capture came through{encoding}"
        details["seen as"] = NEXT_HOP
    elif sought.of:
        reason = f"equal to the MAC address of a device seen in the capture{encoding}"
    else:
        reason = f"equal to the {title} {sought.because}{encoding}"
    return Finding(
        kind=sought.kind,
        value=sought.value,
        raw=place.raw,
        name=place.name,
        confidence=sought.confidence,
        reasons=(reason,),
        evidence=request.evidence.step(*place.path),
        message=request.number,
        time_ns=request.time_ns,
        known=None,
        details=details,
    )


def _under(finding: Finding) -> str:
    """Where a value was recognised."""
    name = finding.name[:LONGEST_NAME]
    frame = f" in frame {finding.evidence.frames[0]:,}" if finding.evidence.frames else ""
    return f"found under “{name}”{frame}"


def _may_be_a_time(place: ValuePlace, request: Message) -> bool:
    """Whether a number in decimal may as well be a time near the message's, in seconds."""
    if not place.seen.encoding.startswith("in decimal") or len(place.raw) != DIGITS_OF_A_TIME:
        return False
    return abs(int(place.raw) - request.time_ns // 10**9) < NEAR_S


def _is_had(place: ValuePlace, sought: SearchedValue, findings: Iterable[Finding]) -> bool:
    """Whether the value is reported at this place of the message already, whatever it is called there."""
    wanted = _plain(sought.value)
    for finding in findings:
        path = finding.evidence.path
        size = min(len(path), len(place.path))
        if path[:size] == place.path[:size]:
            had = _plain(finding.value)
            if wanted == had or (wanted[:14] == had[:14] and wanted.isdigit() and len(wanted) >= 14):
                return True
    return False


def _plain(value: str) -> str:
    return NOT_PLAIN.sub("", value.lower())


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _shown(data: bytes) -> str:
    """Return bytes as they read, or in hexadecimal."""
    if data.isascii() and data.decode("ascii").isprintable():
        return data.decode("ascii")[:LONGEST_RAW]
    return data.hex()[:LONGEST_RAW]
