"""Steps and exchanges of a live scan → events: devices, destinations, names, identifiers, pings.

A request is an alert when its last byte was read, whatever follows it on its connection; what becomes of it
afterwards (delivered, answered, accepted) is a further event and no second alert. What was told is
remembered in bounded memory (`dedup.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fnmatch import fnmatchcase

import numpy as np

from analyzer.dissectors.datagrams import LearnedName
from analyzer.dossiers import Dossier
from analyzer.flows.address_text import address_text, address_words, is_group, is_local, mac_text
from analyzer.flows.flow_table import A_HI, A_LO, A_PORT, B_HI, B_LO, B_PORT, MAC
from analyzer.geo import scope_claims
from analyzer.live.dedup import RecentEntries, SeenOnce
from analyzer.live.events import Event, private_of
from analyzer.model import Endpoint, Finding, Message, Ping
from analyzer.report.codecs import Json
from analyzer.report.type_codecs import codec
from analyzer.report.wording import FACTS, STATUSES, called, kind_name
from analyzer.session.capture_session import SessionReader
from analyzer.session.extraction import ExchangeFindings
from analyzer.session.packet_reader import Step

# Remembered at most of each.
MOST_ADDRESSES, MOST_PAIRS, MOST_NAMES, MOST_REQUESTS, MOST_VALUES = 8_000, 16_000, 8_000, 8_000, 16_000

Say = Callable[[Event], None]
Words = tuple[int, int]


class AlertRules:
    """Looks on while a capture is read and says what is new."""

    def __init__(self, say: Say, regions: Sequence[str], reading: SessionReader) -> None:
        self._say, self._regions, self._reading = say, tuple(regions), reading
        dossiers = reading.dossiers
        self._exact = {host: d for d in dossiers for host in d.hosts if "*" not in host}
        self._patterns = [(host, d) for d in dossiers for host in d.hosts if "*" in host]
        self.names: RecentEntries[str, str] = RecentEntries(MOST_NAMES)  # address → the name it last went by
        self._devices: SeenOnce[str] = SeenOnce(MOST_ADDRESSES)
        self._pairs: SeenOnce[tuple[Words, Words]] = SeenOnce(MOST_PAIRS)
        self._claims: RecentEntries[str, tuple[str, ...]] = RecentEntries(MOST_ADDRESSES)
        self._networks: RecentEntries[str, str] = RecentEntries(MOST_ADDRESSES)
        self._named_once: SeenOnce[str] = SeenOnce(MOST_ADDRESSES)  # networks, senders
        self._asked: SeenOnce[tuple[str, str | None]] = SeenOnce(MOST_NAMES)
        self._status: RecentEntries[tuple[object, ...], str] = RecentEntries(MOST_REQUESTS)  # of pings
        self._values: SeenOnce[tuple[str, str, str | None]] = SeenOnce(MOST_VALUES)
        self._early: SeenOnce[Hashable] = SeenOnce(MOST_REQUESTS)
        self._macs: RecentEntries[str, str] = RecentEntries(MOST_ADDRESSES)
        self._named = 0  # of the observer's names that were looked at

    # ── what is looked at ───────────────────────────────────────────────

    def look(self, step: Step) -> None:
        """One step, while its flows have the numbers that it says."""
        reading = self._reading
        self._look_at_names(reading.scan.observer.names, step)
        self._look_at_flows(step)
        asked = sorted(set(step.ids.flow[step.ids.handed > 0].tolist()))
        for entry in reading.unanswered(asked, self._early.is_new):
            self.heed(entry)

    def settle(self, names: Sequence[LearnedName]) -> None:
        """A step is over; the list of names may have been made shorter."""
        self._named = len(names)

    def heed(self, entry: ExchangeFindings) -> None:
        """One exchange: its pings and identifiers, each as far as it is new."""
        for ping in entry.pings:
            self._ping(ping, entry)
        for finding in entry.findings:
            if entry.request is not None:
                self._identifier(finding, entry.request, in_ping=bool(entry.pings))

    # ── flows ───────────────────────────────────────────────────────────

    def _look_at_flows(self, step: Step) -> None:
        flows = self._reading.scan.tracker.flows
        rows = np.unique(step.ids.flow[step.ids.flow >= 0])
        numbers, words = flows.numbers[rows], flows.addresses[rows]
        a_local = is_local(words[:, A_HI], words[:, A_LO])
        b_local = is_local(words[:, B_HI], words[:, B_LO])
        grouped = is_group(words[:, B_HI], words[:, B_LO]) | is_group(words[:, A_HI], words[:, A_LO])
        own_is_b = b_local & ~a_local
        frame = step.frames[0] if step.frames else step.batch.first_frame
        time_ns = int(step.batch.records.time_ns[-1]) if len(step.batch.records) else 0
        columns = zip(numbers.tolist(), words.tolist(), own_is_b.tolist(), grouped.tolist(), strict=True)
        both_local = (a_local & b_local).tolist()
        for index, (number, word, is_b, is_grouped) in enumerate(columns):
            if is_grouped:
                continue
            a, b = (word[A_HI], word[A_LO]), (word[B_HI], word[B_LO])
            own, remote = (b, a) if is_b else (a, b)
            if self._pairs.is_new((own, remote)):
                self._met(own, remote, number, is_b, both_local[index], frame, time_ns)

    def _met(
        self, own: Words, remote: Words, number: list[int], is_b: bool, both: bool, frame: int, time_ns: int
    ) -> None:
        """Two addresses that talk for the first time."""
        mac = number[MAC + 1] if is_b else number[MAC]
        self._device(own, mac, frame, time_ns)
        if both:
            self._device(remote, number[MAC] if is_b else number[MAC + 1], frame, time_ns)
            return
        ports = (number[B_PORT], number[A_PORT]) if is_b else (number[A_PORT], number[B_PORT])
        source, destination = (
            Endpoint(address_text(*own), ports[0]),
            Endpoint(address_text(*remote), ports[1]),
        )
        claims = self._claims_of(destination.address)
        name = self.names.get(destination.address)
        dossier = self._documented(name)
        network = self._networks.get(destination.address) if claims else None
        why = [*claims, *([f"documented for {dossier.title}"] if dossier else [])]
        says = f"{source.address} → {_named(name, destination)}{''.join(f', {w}' for w in why)}"
        details: dict[str, Json] = {"scope_claims": list(claims)}
        details |= {"dossier": dossier.id} if dossier else {}
        details |= {"network": network} if network else {}
        # A network is named once, however many addresses it has.
        is_ping = dossier is not None and dossier.kind == "activation-ping"
        subject = dossier.id if is_ping and dossier is not None else network or destination.address
        alert = (bool(claims) or is_ping) and self._named_once.is_new(subject)
        self._say(
            Event(
                "destination", says, time_ns, alert, source, self._mac(source),
                destination, name, frame, details,
            )
        )  # fmt: skip

    def _device(self, own: Words, mac: int, frame: int, time_ns: int) -> None:
        address = address_text(*own)
        if mac >= 0 and address not in self._macs:
            self._macs.put(address, mac_text(mac))
        if self._devices.is_new(address):
            known = f" ({mac_text(mac)})" if mac >= 0 else ""
            end = Endpoint(address, 0)
            self._say(
                Event("device", f"{address}{known} seen", time_ns, False, end, self._mac(end), frame=frame)
            )

    def _claims_of(self, address: str) -> tuple[str, ...]:
        """What names a region of the scope, of one address."""
        found = self._claims.get(address)
        if found is None:
            hi, lo = (np.array([word], np.uint64) for word in address_words(address))
            inside = self._reading.locator().in_regions(hi, lo, self._regions)[0]
            places = self._reading.locator().places([address]) if inside else []
            found = scope_claims(places[0], self._regions) if places else ()
            self._claims.put(address, found)
            if places and places[0].asn is not None:
                self._networks.put(address, f"AS{places[0].asn} {places[0].as_name or ''}".rstrip())
        return found

    # ── names ───────────────────────────────────────────────────────────

    def _look_at_names(self, names: Sequence[LearnedName], step: Step) -> None:
        first = step.frames[0] if step.frames else step.batch.first_frame
        fresh = names[self._named :] if len(names) >= self._named else [n for n in names if n.frame >= first]
        for named in fresh:
            if named.address is not None:
                self.names.put(named.address, named.name)
            dossier = self._documented(named.name)
            if dossier is not None and self._asked.is_new((named.name, named.asked_by)):
                self._name(named, dossier, step)

    def _name(self, named: LearnedName, dossier: Dossier, step: Step) -> None:
        time_ns = named.time_ns or int(step.batch.records.time_ns[-1])
        asking = Endpoint(named.asked_by, 0) if named.asked_by else None
        who = f"{named.asked_by} asked for" if named.asked_by else "seen:"
        at = f" = {named.address}" if named.address else ""
        says = f"{who} {named.name}{at} ({named.how}), documented for {dossier.title}"
        alert = dossier.kind == "activation-ping"
        details = {"dossier": dossier.id, "how": named.how, "answer": named.address}
        self._say(
            Event(
                "name",
                says,
                time_ns,
                alert,
                asking,
                self._mac(asking),
                None,
                named.name,
                named.frame,
                details,
            )
        )

    def _documented(self, name: str | None) -> Dossier | None:
        if not name:
            return None
        name = name.lower().rstrip(".")
        return self._exact.get(name) or next((d for h, d in self._patterns if fnmatchcase(name, h)), None)

    # ── pings and identifiers ───────────────────────────────────────────

    def _ping(self, ping: Ping, entry: ExchangeFindings) -> None:
        key = (ping.dossier, *_key(entry.request))
        before = self._status.get(key)
        if before is not None and STATUSES.index(ping.status) <= STATUSES.index(before):
            return
        self._status.put(key, ping.status)
        kinds = dict.fromkeys(finding.kind for finding in entry.findings if finding.kind not in FACTS)
        seen = f"; with {', '.join(map(kind_name, kinds))}" if kinds and before is None else ""
        claims = self._claims_of(ping.destination.address)
        place = f", {claims[0]}" if claims else ""
        now = f"now {ping.status}" if before else f"{ping.status} so far"
        to = _named(ping.host, ping.destination)
        says = f"{ping.source.address} → {to}{place}: {ping.title}, {now}{seen}"
        dumped: Json = codec(Ping).dump(ping)
        told = {key: dumped[key] for key in _OF_PINGS if key in dumped}
        told |= {"scope_claims": list(claims), "further": before is not None}
        self._say(
            Event(
                "ping", says, ping.time_ns, before is None, ping.source, self._mac(ping.source),
                ping.destination, ping.host, _frame(entry.request), told,
                private_of(entry.findings),
            )
        )  # fmt: skip

    def _identifier(self, finding: Finding, request: Message, in_ping: bool) -> None:
        host = request.host or request.destination.address
        if not self._values.is_new((finding.kind, finding.value, host)):
            return
        said = called(finding)
        to = _named(request.host, request.destination)
        says = (
            f"{request.source.address} → {to}: {finding.name}={finding.value} sent readable ({said}, "
            f"confidence {finding.confidence})"
        )
        alert = not in_ping and finding.kind not in FACTS and finding.confidence != "low"
        dumped: Json = codec(Finding).dump(finding)
        details = {key: dumped[key] for key in _OF_FINDINGS if key in dumped}
        self._say(
            Event(
                "identifier", says, finding.time_ns, alert, request.source, self._mac(request.source),
                request.destination, request.host, _frame(request), details, private_of([finding]),
            )
        )  # fmt: skip

    def _mac(self, end: Endpoint | None) -> str | None:
        return self._macs.get(end.address) if end is not None else None


_OF_PINGS = ("dossier", "title", "status", "confidence", "encoding", "reasons", "status_reasons", "fields")
_OF_FINDINGS = ("kind", "value", "name", "confidence", "reasons", "known")


def _key(request: Message | None) -> tuple[object, ...]:
    """What tells one request from all others, whatever becomes of its flow's number."""
    if request is None:
        return (None,)
    return (request.evidence.frames[:1], request.evidence.start, request.stream)


def _frame(request: Message | None) -> int | None:
    return request.evidence.frames[0] if request is not None and request.evidence.frames else None


def _named(name: str | None, end: Endpoint) -> str:
    return f"{name} ({end})" if name else str(end)
