"""Exchanges to messages, fields, findings and pings: what was said, and what it gave away."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analyzer.conclusions.transform import rebuilt
from analyzer.dissectors.clear_message import SPARSE, UNCLASSIFIED
from analyzer.dissectors.exchange import Exchange
from analyzer.dossiers import Dossier
from analyzer.flows.flow_ids import New
from analyzer.identifiers.owner_values import Hit, KnownValues
from analyzer.inspection.inspect import Inspection, examined
from analyzer.inspection.local_answers import ANSWER
from analyzer.model import Body, Finding, Message, Ping, Problem
from analyzer.session.exchange_budget import ExchangeBudget
from analyzer.session.exchange_builder import BuiltExchange, Ends, taken_of
from analyzer.session.owner_masking import masked_finding, masked_message, masked_ping
from analyzer.session.searched_bytes import SearchedBytes, places_of
from analyzer.session.secret_removal import ping_without, without_secrets
from analyzer.session.spool import Spool
from analyzer.system.containment import Failures, contained

if TYPE_CHECKING:
    from concurrent.futures import Future

    from analyzer.session.worker_pool import WorkerPool
    from analyzer.session.worker_results import QuietExchange, Read

# Bytes of message content kept for the report, all messages together; beyond that a beginning.
CONTENT_BUDGET = 64 << 20
BEGINNING = 2048
# Exchanges of a scan that are examined here before others are given away: processes take time to start.
FIRST_HERE = 2_000
# Hits of the owner's identifiers that are counted.
MOST_HITS = 200_000
# Different problems that are told apart; beyond that only their kind is.
MOST_PROBLEMS = 500
FLOW = frozenset({"flow"})


@dataclass(frozen=True, slots=True)
class ExchangeFindings:
    """What one exchange gave; message numbers are 0 until all are known."""

    request: Message | None
    response: Message | None
    findings: tuple[Finding, ...]
    pings: tuple[Ping, ...]
    interim: tuple[Message, ...] = ()  # responses before the final one
    is_recoded: bool = False  # as in Examined

    @property
    def messages(self) -> Iterator[Message]:
        """All of them in the order in which they belong."""
        return (m for m in (self.request, *self.interim, self.response) if m is not None)


class Extractor:
    """Takes exchanges as they finish and keeps what the report needs of them."""

    def __init__(
        self,
        known: KnownValues,
        dossiers: Sequence[Dossier],
        put_aside: Callable[[Body], None] | None = None,
        heed: Callable[[ExchangeFindings], None] | None = None,
        share: float = 1.0,
        failures: Failures | None = None,
    ) -> None:
        """`heed` is told each exchange as it is read, also those that the report has no room for.

        `share` is the part of the usual memory that is taken here; `failures` gets each message that could
        not be read or searched.
        """
        self._failures = Failures() if failures is None else failures
        self._aside: list[Body] = []  # bodies of the exchange in hand that `put_aside` is to have
        self.entries: list[ExchangeFindings] = []
        self.shelf = ExchangeBudget(share)
        self.hits: list[Hit] = []
        self.further: list[Finding] = []  # of no message
        self._known = known
        self._dossiers = dossiers
        self._problems: dict[tuple[str, str], Problem] = {}
        self._budget = int(CONTENT_BUDGET * share)
        self._put_aside = put_aside
        self._heed = heed
        self._helpers: WorkerPool | None = None
        self.searched = SearchedBytes()
        self.spool = Spool(share)  # requests that are not listed whole
        self.taken = 0  # exchanges so far
        self.unlisted = 0  # bytes of no known protocol in which nothing was found
        self._waiting: list[BuiltExchange] = []  # for enough to be given away
        self._given: deque[tuple[list[BuiltExchange], Future[list[Inspection]]]] = deque()

    def take(self, exchange: Exchange, flow: int, ends: Ends, delivered: bool | None) -> None:
        """One finished exchange. `delivered` says whether the request's last byte was acknowledged."""
        try:
            taken = taken_of(exchange, flow, ends, delivered)
        except Exception as error:
            self._failures.add(contained(error, "exchange", "messages", flow, _frame_of(exchange)))
            return
        self.taken += 1
        if self._helpers is None or self.taken <= FIRST_HERE:
            self.keep(taken, examined((taken.request, taken.response), self._known, self._dossiers))
        else:
            self._give(taken, self._helpers)

    def lend(self, helpers: WorkerPool | None) -> None:
        """Have what comes from now on examined by these, or here; it is kept in its order."""
        self._helpers = helpers

    def settle(self) -> None:
        """Wait for all that is being examined elsewhere."""
        if self._helpers is not None and self._waiting:
            self._give_away(self._helpers)
        while self._given:
            self._take_back()

    def _give(self, taken: BuiltExchange, helpers: WorkerPool) -> None:
        self._waiting.append(taken)
        if len(self._waiting) < helpers.portion:
            return
        self._give_away(helpers)
        while self._given and (len(self._given) > helpers.most_under_way or self._given[0][1].done()):
            self._take_back()

    def _give_away(self, helpers: WorkerPool) -> None:
        portion, self._waiting = self._waiting, []
        self._given.append((portion, helpers.give([(taken.request, taken.response) for taken in portion])))

    def _take_back(self) -> None:
        assert self._helpers is not None
        portion, future = self._given.popleft()
        found = self._helpers.found(future, [(taken.request, taken.response) for taken in portion])
        for taken, seen in zip(portion, found, strict=True):
            self.keep(taken, seen)

    def keep(self, taken: BuiltExchange, seen: Inspection) -> None:
        """What was found of an exchange, as far as there is room for it.

        Of one that can't be made an entry nothing is listed: it may hold what is to be masked.
        """
        for failed in seen.failed:
            self._failures.add(failed)
        if is_unlisted(taken, seen):
            self._leave_out(taken, seen)
            return
        try:
            entry = self._entry(taken, seen)
        except Exception as error:
            self._failures.add(contained(error, "exchange", "messages", *_place(taken)))
            return
        finally:
            aside, self._aside = self._aside, []
        if self._put_aside is not None:
            for body in aside:
                self._put_aside(body)
        if self._heed is not None:
            self._failures.attempt("message", "alerts", _place(taken)[1], self._heed, entry)
        if self.shelf.takes(entry.messages, entry.findings, entry.pings):
            self.entries.append(entry)
        elif not entry.findings and not entry.pings:  # of what was found there is too much already
            self._put_by(taken.request, seen.is_recoded)

    def list_again(self, request: Message, findings: Sequence[Finding]) -> None:
        """List a request of the spool, in which something was found after all, as far as there is room."""
        masked = self._masked(request) if self._known else request
        entry = ExchangeFindings(masked, None, tuple(findings), ())
        if self.shelf.takes(entry.messages, entry.findings, ()):
            self.entries.append(entry)

    def say(self, problem: Problem) -> None:
        """Take what a later search met."""
        self._say([problem])

    def _put_by(self, request: Message | None, is_recoded: bool) -> None:
        if request is not None:
            self.spool.add(((request,), ()), request.flow, _first_frame(request), is_recoded)

    def _leave_out(self, taken: BuiltExchange, seen: Inspection) -> None:
        """Count a message that is listed only with findings, and has none."""
        assert taken.request is not None
        self._say(seen.problems)
        self.searched.add(places_of(taken.request, (taken.response,)))
        self._count_unlisted(unlisted_bytes(taken.request))
        self._put_by(taken.request, seen.is_recoded)

    def _entry(self, taken: BuiltExchange, seen: Inspection) -> ExchangeFindings:
        """The exchange as it is listed: the owner's identifiers masked, content as far as there is room."""
        request, response, findings, pings = (
            taken.request,
            taken.response,
            list(seen.findings),
            list(seen.pings),
        )
        if request is not None and request.protocol in SPARSE:
            findings = [_narrowed(f, request) if f.message != ANSWER else f for f in findings]
        self._say(taken.said)
        self._say(seen.problems)
        self.searched.add(places_of(request, (response, *(message for message, _ in taken.interim))))
        if request is not None and seen.secrets:
            request = without_secrets(request, seen.secrets)
            pings = [ping_without(ping, seen.secrets) for ping in pings]
        if request is not None:
            self._search(request, findings)
            trimmed = self._trimmed(request, bool(findings or pings))
            if trimmed is not request:
                self._put_by(request, seen.is_recoded)
            request = replace(trimmed, dossiers=seen.senders) if seen.senders else trimmed
        if response is not None:
            self._search(response)
            response = self._trimmed(response, bool(pings) or any(f.message == ANSWER for f in findings))
        if self._known:
            request, response = self._masked(request), self._masked(response)
            findings = [masked_finding(found) for found in findings]
            pings = [masked_ping(ping, self._known) for ping in pings]
        interim = tuple(self._interim(*each) for each in taken.interim)
        return ExchangeFindings(request, response, tuple(findings), tuple(pings), interim, seen.is_recoded)

    def keep_read(self, read: Read) -> None:
        """The same of an exchange that was examined elsewhere; where it is not listed it is not even made.

        Nobody looks for the owner's identifiers then, and nobody else is told.
        """
        if read.light is None:
            self.keep(*read.whole())
            return
        self._say(read.light.problems)
        self.searched.add(read.light.places)
        if read.light.sparse is not None:
            self._count_unlisted(read.light.sparse)
            self._put_by_read(read.light, read.data)
            return
        self._say(read.light.said)
        fits = [each is None or self._fits(each.size, False, each.frame) for each in read.light.contents]
        sizes = [
            0 if each is None else each.size if fit else BEGINNING
            for each, fit in zip(read.light.contents, fits, strict=True)
        ]
        if self.shelf.takes_other(read.light.weight + sum(sizes)):
            taken, _ = read.whole()
            request, response = (
                message if message is None or fit else _begun(message)
                for message, fit in zip((taken.request, taken.response), fits, strict=True)
            )
            self.entries.append(ExchangeFindings(request, response, (), (), is_recoded=read.light.is_recoded))
            if fits[0]:
                return
        self._put_by_read(read.light, read.data)

    def _put_by_read(self, light: QuietExchange, data: bytes) -> None:
        if light.flow is not None:
            frame = light.contents[0].frame if light.contents[0] is not None else None
            self.spool.add_packed(data, light.flow, frame, light.is_recoded)

    def read_whole(self) -> set[tuple[int, str]]:
        """Return flow and kind of the owner's identifiers found in data that no reader takes."""
        return {
            (entry.request.flow, found.kind)
            for entry in self.entries
            if entry.request is not None and entry.request.protocol in SPARSE
            for found in entry.findings
            if found.known
        }

    def add(self, hits: Sequence[Hit], findings: Sequence[Finding]) -> None:
        """What was found of the owner's identifiers outside the exchanges."""
        self.hits += hits
        self.further += findings

    def hosts(self) -> dict[int, str]:
        """The flows that messages and findings are of, with the host that the first request was for."""
        found: dict[int, str] = {}
        for entry in self.entries:
            for message in entry.messages:
                found[message.flow] = found.get(message.flow) or message.host or ""
        return found

    def renumber(self, row: New) -> None:
        """Go on with new numbers of flows; `row` has one for each."""

        def change(part: Any) -> dict[str, Any]:
            flow = part.flow
            return {} if flow is None or row[flow] == flow else {"flow": int(row[flow])}

        self.entries = [rebuilt(entry, FLOW, change) for entry in self.entries]
        self.searched.renumber(row)
        self.spool.renumber(row)

    def problems(self) -> list[Problem]:
        """What was met on the way: limits, wrong labels, oddities; each kind once, counted."""
        return [*self._problems.values(), *self.shelf.problems()]

    def numbered(self) -> Iterator[ExchangeFindings]:
        """All entries in the order of their first frame, messages numbered from 1."""
        number = 0
        for entry in sorted(self.entries, key=_when):
            asked = number + 1 if entry.request is not None else None
            first_interim = number + 1 + (asked is not None)
            number += sum(1 for _ in entry.messages)
            answered = number if entry.response is not None else None
            yield ExchangeFindings(
                _numbered(entry.request, asked, answered),
                _numbered(entry.response, answered, asked),
                tuple(
                    replace(f, message=(answered if f.message == ANSWER else asked) or 0)
                    for f in entry.findings
                ),
                tuple(replace(p, message=asked) for p in entry.pings),
                tuple(replace(m, number=n, peer=asked) for n, m in enumerate(entry.interim, first_interim)),
                entry.is_recoded,
            )

    # ── parts ───────────────────────────────────────────────────────────

    def _count_unlisted(self, size: int) -> None:
        """Count a message of no known protocol that is not listed."""
        self.unlisted += size

    def _interim(self, message: Message, said: Sequence[Problem]) -> Message:
        """A 1xx response, which has no body."""
        self._say(said)
        self._search(message)
        return self._masked(message) or message

    def _search(self, message: Message, findings: Sequence[Finding] = ()) -> None:
        """All bytes of a message, and what `findings` tell of the content below its encodings."""
        if self._known:
            head = [message.target or "", *(f"{name}: {value}" for name, value in message.headers)]
            hits = self._known.search("\r\n".join(head).encode("latin-1", "replace"))
            hits += self._known.search(message.body.content)
            seen = {hit.kind for hit in hits}
            below = [f for f in findings if f.known and f.kind not in seen]
            hits += [Hit(f.kind, f.details.get("encoding", "plain"), 0, len(f.raw)) for f in below]
            room = max(MOST_HITS - len(self.hits), 0)
            self.hits += hits[:room]
            if len(hits) > room:
                what = f"hits of the owner's identifiers beyond {MOST_HITS:,} are not counted"
                self._say([Problem("hits-left-out", what, count=len(hits) - room)])

    def _masked(self, message: Message | None) -> Message | None:
        """The message without the owner's identifiers."""
        if message is None:
            return None
        frame = message.evidence.frames[0] if message.evidence.frames else None
        return masked_message(
            message, self._known, lambda what: self._say([Problem("known-hidden", what, frame)])
        )

    def _trimmed(self, message: Message, evidence: bool) -> Message:
        """The message with its content, or the content's beginning once the budget is spent."""
        if self._fits(len(message.body.content), evidence, _first_frame(message)):
            return message
        if self._put_aside is not None:
            whole = masked_message(message, self._known, lambda _: None) if self._known else message
            self._aside.append(whole.body)
        return _begun(message)

    def _fits(self, size: int, evidence: bool, frame: int | None) -> bool:
        """Whether content of this size is kept whole, which is taken from the budget."""
        if evidence or size <= BEGINNING or size <= self._budget:
            self._budget -= size
            return True
        what = f"of the content of some messages only the first {BEGINNING:,} bytes were kept"
        self._say([Problem("content-budget", what, frame)])
        return False

    def _say(self, problems: Sequence[Problem] | Iterator[Problem]) -> None:
        for problem in problems:
            key = (problem.code, problem.what)
            if key not in self._problems and len(self._problems) >= MOST_PROBLEMS:
                problem = replace(problem, what="further problems of this kind were met")
                key = (problem.code, problem.what)
            said = self._problems.get(key)
            self._problems[key] = problem if said is None else replace(said, count=said.count + problem.count)


def _frame_of(exchange: Exchange) -> int | None:
    made = exchange.request or exchange.response
    return made.frames[0] if made is not None and made.frames else None


def _place(taken: BuiltExchange) -> tuple[int | None, int | None]:
    """The flow and the first frame of an exchange."""
    made = taken.request or taken.response
    return (None, None) if made is None else (made.flow, _first_frame(made))


def _begun(message: Message) -> Message:
    """The message with the beginning of its content."""
    body, size = message.body, len(message.body.content)
    left_out = body.left_out or f"only the first {BEGINNING:,} of {size:,} bytes of content were kept"
    return replace(message, body=replace(body, content=body.content[:BEGINNING], left_out=left_out))


def _narrowed(found: Finding, message: Message) -> Finding:
    """The finding with only those frames as evidence that carried its value, where it stands as sent."""
    body, raw = message.body, found.raw.encode()
    at = body.content.find(raw) if raw and not body.codings and found.evidence.path[:1] == ("body",) else -1
    if at < 0 or body.content.find(raw, at + 1) >= 0:
        return found
    start = message.evidence.end - body.length + at
    frames = tuple(sorted(message.frames_of(start, start + len(raw))))
    return replace(found, evidence=replace(found.evidence, frames=frames)) if frames else found


def _first_frame(message: Message) -> int | None:
    return message.evidence.frames[0] if message.evidence.frames else None


def _when(entry: ExchangeFindings) -> tuple[int, int, int]:
    first = next(entry.messages)
    frames = first.evidence.frames
    return (frames[0] if frames else 0, first.flow, first.evidence.start)


def _numbered(message: Message | None, number: int | None, peer: int | None) -> Message | None:
    return None if message is None else replace(message, number=number or 0, peer=peer)


def is_unlisted(taken: BuiltExchange, seen: Inspection) -> bool:
    """Whether a message is of a kind that is listed only with findings, and has none."""
    request = taken.request
    return (
        request is not None
        and request.protocol in SPARSE
        and not (seen.findings or seen.pings or seen.senders)
    )


def unlisted_bytes(request: Message) -> int:
    """Return the bytes of no known protocol that an unlisted message holds."""
    return len(request.body.content) if request.protocol == UNCLASSIFIED else 0
