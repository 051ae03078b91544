"""Messages → the requests to be shown: decoded, identifiers marked, alike ones together.

The values of passwords and tokens are in no report; a mask replaces them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from analyzer.dossiers.purposes import Purpose, purpose_of
from analyzer.model import Finding, Message, Ping, Report
from analyzer.report.groups import grouped, pings_by_message
from analyzer.report.ladder import ladder, quoted, readable
from analyzer.report.language import _, mark
from analyzer.report.quote import Quote, QuotePart, quote, spans_of
from analyzer.report.sendings import LASTING, LOG_INS
from analyzer.report.text import clip
from analyzer.report.wording import FACTS, called, is_established, is_worth_checking, kind_name

MOST_FIELDS = 200  # of a request
MOST_HEADERS = 40
_DEEPEST = 6  # containers inside containers
_VALUE = 2_000  # characters of a value
_LINE = 2_000  # characters of a first line
_BODY = 4_096  # characters of a body that has no fields
_OF_LOG_INS = LOG_INS - {"email"}
_SECRETS = frozenset(("password", "access_token"))
NO_PROTOCOL = mark("no protocol that is known")
MASK = "***"  # replaces a secret in what a report keeps of a message
_UPDATE = "undocumented-update-check"

# What a request is called; what no documentation tells is by the request's own words.
PURPOSES: dict[str, str] = {
    "activation": mark("Activation payload (a message by which a phone registers itself)"),
    "registration": mark("Registration, by its own words"),
    "log-in": mark("Log-in"),
    "update check": mark("Update check, by its own words"),
    "telemetry": mark("Telemetry (measurements or events), by its own words"),
    "log": mark("Log entry"),
    "announcement": mark("Announcement or query of the network"),
    "": mark("Request"),
}
_ORDER = tuple(PURPOSES)


@dataclass(frozen=True, slots=True)
class ShownField:
    """A name with its value; `kind` names the identifier in it, or is empty."""

    name: str
    value: Quote
    is_telling: bool = False  # it holds something that a headline counts

    @property
    def kind(self) -> str:
        """Return what is marked in the value: "IMEI"; empty where nothing is."""
        return ", ".join(dict.fromkeys(part.kind for part in self.value.pieces if part.kind))


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """One request as a reader sees it: first line, query, headers and body, the identifiers in it marked."""

    message: Message
    start: Quote
    query: tuple[ShownField, ...]
    headers: tuple[ShownField, ...]
    steps: tuple[str, ...]  # what was undone to read the body: "base64", "json"
    fields: tuple[ShownField, ...]  # of the body
    text: Quote  # of a body that has no fields
    left_out: int  # fields

    @property
    def marked(self) -> list[ShownField]:
        """Return the query, headers and fields that hold an identifier."""
        return [field for field in (*self.query, *self.headers, *self.fields) if field.kind]


@dataclass(frozen=True, slots=True)
class RequestGroup:
    """Requests of one purpose to one host and path, in the order of time."""

    purpose: str  # a key of PURPOSES
    title: str  # what documents it: "China Telecom self-registration"
    messages: tuple[Message, ...]
    kinds: frozenset[str]  # of what was found in them
    rank: int  # 0 the most harmful

    @property
    def is_telling(self) -> bool:
        """Return whether something was found in them, or they were recognised."""
        return self.rank < _NOTHING


def request_groups(report: Report) -> list[RequestGroup]:
    """Return all readable requests in groups, those that tell the most first."""
    found, pings = _findings(report), pings_by_message(report)
    sent = [message for message in report.messages if message.role == "request"]
    groups = grouped(sent, lambda m: _alike(m, found.get(m.number, []), pings.get(m.number)))
    made = [_group(group, found, pings) for group in groups]
    return sorted(made, key=lambda g: (g.rank, _ORDER.index(g.purpose), -len(g.messages)))


def telling(groups: Sequence[RequestGroup]) -> list[RequestGroup]:
    """Return the groups in which something was found, or that were recognised."""
    return [group for group in groups if group.is_telling]


def shown(report: Report, message: Message) -> ShownRequest:
    """Return one request, decoded as far as what was found in it shows the way."""
    return _shown(message, [f for f in report.findings if f.message == message.number])


# ── groups ──────────────────────────────────────────────────────────────────

_NOTHING = 4  # the rank of requests in which nothing was found


def _findings(report: Report) -> dict[int, list[Finding]]:
    return {group[0].message: group for group in grouped(report.findings, lambda f: f.message)}


def _alike(message: Message, found: Sequence[Finding], ping: Ping | None) -> tuple[object, ...]:
    kinds = frozenset(f.kind for f in found if _is_told(f))
    title = ping.title if ping else ""
    host = message.host or message.destination.address
    return title, host, message.method, _path(message), kinds, message.tunnel


def _group(messages: list[Message], found: dict[int, list[Finding]], pings: dict[int, Ping]) -> RequestGroup:
    first = messages[0]
    here, ping = found.get(first.number, []), pings.get(first.number)
    every = [f for message in messages for f in found.get(message.number, []) if _is_told(f)]
    return RequestGroup(
        purpose=_purpose(first, here, ping),
        title=ping.title if ping else "",
        messages=tuple(messages),
        kinds=frozenset(f.kind for f in every),
        rank=_rank(every, bool(ping)),
    )


def _is_told(finding: Finding) -> bool:
    return finding.kind not in FACTS and not is_worth_checking(finding)


def _rank(found: Sequence[Finding], is_ping: bool) -> int:
    if any(is_established(f) and f.kind in LASTING | LOG_INS and f.owner != "server" for f in found):
        return 0
    if is_ping:
        return 1
    return 2 if any(map(is_established, found)) else 3 if found else _NOTHING


def _purpose(message: Message, found: Sequence[Finding], ping: Ping | None) -> str:
    if ping:
        return "update check" if ping.dossier == _UPDATE else "activation"
    if any(f.kind in _OF_LOG_INS and is_established(f) for f in found):
        return "log-in"
    said: Purpose = purpose_of(message, ((f.name, f.raw) for f in found))
    return said


def _path(message: Message) -> str:
    return (message.target or "").partition("?")[0]


# ── one request ─────────────────────────────────────────────────────────────

Values = Sequence[tuple[str, str]]


def _shown(message: Message, found: Sequence[Finding]) -> ShownRequest:
    values = tuple({f.raw: _called(f) for f in found if f.raw and f.kind not in _SECRETS}.items())
    secret = {f.name.lower(): called(f) for f in found if f.kind in _SECRETS}
    told = frozenset(_called(f) for f in found if _is_told(f))
    steps, fields, text = _body(message, found, values)
    query = [_field(name, value, values, secret, told) for name, value in _query(message)]
    headers = [_field(name, value, values, secret, told) for name, value in message.headers[:MOST_HEADERS]]
    body = [_field(name, value, values, secret, told) for name, value in fields[:MOST_FIELDS]]
    start = _marked(_first_line(message, bool(query)), values, _LINE)
    return ShownRequest(
        message, start, tuple(query[:MOST_FIELDS]), tuple(headers), steps, tuple(body), text,
        max(len(fields) - MOST_FIELDS, 0),
    )  # fmt: skip


def start_line(message: Message) -> str:
    """Return the first line as HTTP writes it, of what the message holds."""
    version = message.protocol.upper() if message.protocol.startswith("http/") else message.protocol
    if message.role == "request":
        return clip(f"{message.method or '?'} {message.target or ''} {version}", _LINE)
    status = "?" if message.status is None else str(message.status)
    return clip(f"{version} {status} {message.reason or ''}".rstrip(), _LINE)


def _first_line(message: Message, has_query: bool) -> str:
    """The first line; a query that is shown field by field becomes dots in it."""
    if not message.protocol.startswith("http/"):
        protocol = _(NO_PROTOCOL) if message.protocol == "unclassified" else message.protocol
        return clip(" ".join(filter(None, (protocol, message.method, message.target))), _LINE)
    short = replace(message, target=f"{_path(message)}?…") if has_query else message
    return start_line(short)


def _marked(text: str, values: Values, limit: int) -> Quote:
    return quote(text, spans_of(text, values), limit)


def _called(finding: Finding) -> str:
    return kind_name(finding.kind) if finding.kind in FACTS else called(finding)


def _field(name: str, value: str, values: Values, secret: dict[str, str], told: frozenset[str]) -> ShownField:
    if said := secret.get(name.rpartition(".")[2].lower()):
        masked = clip(value, _VALUE) if MASK in value else MASK
        return ShownField(name, Quote((QuotePart(masked, said),), 0), True)
    marked = _marked(value, values, _VALUE)
    return ShownField(name, marked, any(part.kind in told for part in marked.pieces))


def _query(message: Message) -> list[tuple[str, str]]:
    try:
        query = urlsplit(message.target or "").query
    except ValueError:
        return []
    return _pairs(query)


def _body(
    message: Message, found: Sequence[Finding], values: Values
) -> tuple[tuple[str, ...], list[tuple[str, str]], Quote]:
    """The steps that were undone, the fields that they gave, or text where there are none."""
    content = message.body.content
    path = next((f.evidence.path for f in found if f.evidence.path[:1] == ("body",)), ())
    rungs = [rung for rung in ladder(content, path, values) if rung.done and rung.gives.pieces]
    text = "".join(part.text for part in rungs[-1].gives.pieces) if rungs else readable(content)
    data = rungs[-1].data if rungs else content
    fields = _fields(data, message)
    steps = (*message.body.codings, *(rung.name for rung in rungs))
    if fields:
        return steps, fields, Quote((), 0)
    return steps, [], quoted(data, values, _BODY) if text else Quote((), 0)


def _fields(data: bytes, message: Message) -> list[tuple[str, str]]:
    """Names and values of JSON or of a form; empty where the data is neither."""
    try:
        return list(_flat(json.loads(data)))
    except (ValueError, RecursionError):
        pass
    is_form = "form-urlencoded" in (message.header("content-type") or "")
    text = readable(data)
    return _pairs(text) if is_form or _looks_like_a_form(text) else []


def _looks_like_a_form(text: str) -> bool:
    pairs = text.split("&")
    return len(pairs) > 1 and all(name and "=" in pair for pair in pairs for name in [pair.partition("=")[0]])


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=2_000)
    except ValueError:
        return []


def _flat(value: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The values in a JSON document with the names that lead to them: "device.imei"."""
    if isinstance(value, dict) and value and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list) and value and depth < _DEEPEST:
        for at, inner in enumerate(value):
            yield from _flat(inner, f"{name}[{at}]", depth + 1)
    elif name:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
