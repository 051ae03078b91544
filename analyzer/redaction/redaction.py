"""A report → the same report with pseudonyms for everything that tells one phone or person from others.

`redact` goes through the whole report, whatever its fields are: each text in it is read with the decode
ladder, and each original in it, however encoded, becomes its pseudonym (`docs/evidence.md` says what is
kept, what changes and what is withheld).
"""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import chain
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from analyzer.codecs.limits import LIMIT_MET
from analyzer.inspection.decode import decode
from analyzer.model import (
    CaptureInfo,
    Conflict,
    Finding,
    FragmentConflict,
    GeoSource,
    Identifier,
    Message,
    Opinion,
    Ping,
    PingField,
    Place,
    Redaction,
    Report,
    Table,
)
from analyzer.redaction.carriers import Carriers, is_worth_opening
from analyzer.redaction.commitment import commitment, key_mark
from analyzer.redaction.document_rewrite import Path, Rewriter, Short
from analyzer.redaction.messages import MessageRewriter, digest_pairs, replaced_parts, texts_of
from analyzer.redaction.pseudonyms import Pseudonyms, coarse
from analyzer.redaction.replacement import MOST_ENCODED, Replacer
from analyzer.redaction.secrets import SURE, secrets_in
from analyzer.redaction.spellings import Pair
from analyzer.redaction.targets import FACTS, originals

T = TypeVar("T")
KEY_BYTES = 32
LEAST_ALONE = 4  # characters of a value that is told wherever a text is nothing else
SAYS = (
    "Identifiers in this report are pseudonyms: each was replaced by another of the same form. Should one of "
    "them exist somewhere, that is chance, and whoever it belongs to has nothing to do with this."
)
HOW = (
    "Each value was replaced by a keyed permutation (HMAC-SHA-256): the same value has the same pseudonym "
    "everywhere in this report, different values have different ones, and only the key leads back.",
    "Kept, because many share it: the TAC of an IMEI, country and issuer of an ICCID, country and network of "
    "an IMSI, the maker's part of a MAC address, the domain of an e-mail address, the country and first two "
    "digits of a phone number, country, network and area of a cell. Check digits are valid where they were.",
    "Passwords, log-ins in headers and the values of cookies were replaced likewise.",
    "So was whatever has the form of a hash, and values with marks between their characters, in pieces or in "
    "tokens of other text. Bodies of which not everything was read were withheld.",
    "Coordinates are cut to one decimal of a degree (some 11 km).",
    "Bodies were decoded, changed and encoded again in the same way; what could not be was withheld, and "
    "says so. Of a changed body no hash of what was sent is shown, by which anyone could confirm a guess; "
    "each message says which of its parts were replaced.",
    "Names of capture files, their SHA-256 and the excerpts of conflicts were left out for the same reason; "
    "a commitment to each SHA-256 under the key stands in their place.",
    "Addresses of the devices' own line are from 198.18.0.0/15 and 2001:db8::/32; private ones stay.",
)
PLAIN_ONLY = (
    f"More than {MOST_ENCODED:,} values were to be replaced. Those beyond were replaced where they stand as "
    "text or in an encoding that was undone; other encodings of them were not looked for."
)
# What our own words or tables say, never a capture.
SKIPPED_TYPES = (GeoSource, Opinion)
SKIPPED_FIELDS = frozenset(
    ("code", "kind", "schema", "version", "dossier", "protocol", "format", "confidence", "geo_sources",
     "regions", "region", "scope_claims", "verdict", "licence", "redaction", "sha256",
     "content_sha256", "replaced_sha256", "other_sha256", "charset", "charset_from", "messages", "captures")
)  # fmt: skip
MASKED = "*"
ACCOUNT = re.compile(r"\(account (.*)\)\Z", re.DOTALL)
ENDINGS = re.compile(r"(?:\.(?:pcap|pcapng|cap|dmp|snoop|gz|zst|xz|lz4|bz2))+\Z", re.IGNORECASE)
LONGEST_TOKEN = 1024  # characters of a token that gets a pseudonym
STANDARD_INPUT = "-"
PATH = r"(?<![\w./\-]){}(?![\w/\-])"  # of its own, and not as letters of a word


def new_key() -> bytes:
    """A key for one run, which is thrown away after it."""
    return secrets.token_bytes(KEY_BYTES)


def redact(report: Report, key: bytes | None = None) -> Report:
    """The report with pseudonyms by `key`, or by one that nobody keeps; a redacted report as it is."""
    if report.redaction is not None:
        return report
    return Redactor(report, key or new_key()).report()


class Redactor:
    """The pseudonyms of one report, for the report itself and for bytes of its captures."""

    def __init__(self, report: Report, key: bytes) -> None:
        self._report, self._key = report, key
        self.pseudonyms = Pseudonyms(key)
        self._found_in: dict[int, list[Path]] = defaultdict(list)
        for found in report.findings:
            self._found_in[found.message].append(found.evidence.path)
        self._secrets = {m.number: list(self._secrets_of(m)) for m in report.messages}
        self.known = {(kind, value): self.pseudonyms.of(kind, value) for kind, value in originals(report)}
        for _, value in chain.from_iterable(self._secrets.values()):
            if SURE.fullmatch(value):
                self.known["secret", value] = self.pseudonyms.of("secret", value)
        self.replacer = Replacer(self.known)
        self.rewriter = Rewriter(self.replacer)
        self._exact = {value: made for (_, value), made in self.known.items() if len(value) >= LEAST_ALONE}
        self._paths = dict(_paths(report))
        self._beyond = frozenset(m.number for m in report.messages if _is_beyond(m))
        self.replacer.add(dict(self._carried()).items())
        self.rewriter.text.cache_clear()
        self._messages = MessageRewriter(self.rewriter, self._exact)
        self._short = self._short_values()
        self._contents = self._rewritten_contents()

    def report(self) -> Report:
        """The report with pseudonyms, and with what says so."""
        report = self._report
        made: dict[str, Any] = {
            name: self._walk(getattr(report, name)) for name in _names(Report) if name not in SKIPPED_FIELDS
        }
        captures = tuple(self._capture(info) for info in report.captures)
        messages = tuple(map(self.message, report.messages))
        redacted = replace(report, **made, captures=captures, messages=messages)
        return replace(redacted, redaction=self._redaction())

    def message(self, message: Message) -> Message:
        """One message of the report with pseudonyms."""
        content = self._contents.get(message.number, message.body.content)
        made = self._messages.message(message, content, self._short.get(message.number, {}))
        others = {
            name: self._walk(getattr(made, name))
            for name in _names(Message)
            if name not in ("target", "headers", "body", *SKIPPED_FIELDS)
        }
        made = replace(made, **others)
        return replace(made, replaced=replaced_parts(message, made))

    def commitment(self, sha256: str | None) -> str | None:
        """What stands for a capture's SHA-256: the capture and the key together show that it was this one."""
        return None if sha256 is None else commitment(self._key, sha256)

    # ── before the report ───────────────────────────────────────────────

    def _short_values(self) -> dict[int, Short]:
        found: dict[int, dict[tuple[str, ...], list[tuple[str, str]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for each in self._report.findings:
            if each.kind in FACTS or MASKED in each.value:
                continue
            for old, new in self._of_finding(each):
                found[each.message][each.evidence.path].append((old, new))
        for number, secrets_there in self._secrets.items():
            for path, value in secrets_there:
                found[number][path].append((value, self.pseudonyms.of("secret", value)))
        return {number: dict(paths) for number, paths in found.items()}

    def _secrets_of(self, message: Message) -> Iterator[tuple[Path, str]]:
        paths = frozenset(self._found_in.get(message.number, ()))
        return ((path, value) for path, value in secrets_in(message, paths) if MASKED not in value)

    def _carried(self) -> Iterator[Pair]:
        """What holds an identifier otherwise than in its spellings, and what takes its place."""
        contents = {m.body.content for m in self._report.messages if m.body.content}
        sums = {old for content in contents for old, _ in digest_pairs(content, content)}
        carriers = Carriers(
            self.known,
            lambda data: self.replacer.found(data) or (is_worth_opening(data) and self.rewriter.hides(data)),
            lambda text: text.rstrip(b"=") in sums or self.replacer.found(text),
            self._of_token,
        )
        for message in self._report.messages:
            yield from carriers.in_message(texts_of(message))
        for text in set(_texts(self._report)):
            yield from carriers.in_text(text)

    def _of_token(self, token: str) -> str:
        """What takes the place of a token: its pseudonym, or asterisks where that would take long."""
        return self.pseudonyms.of("secret", token) if len(token) <= LONGEST_TOKEN else MASKED * len(token)

    def _of_finding(self, found: Finding) -> Iterator[tuple[str, str]]:
        new = self._value(found.kind, found.value)
        yield found.value, new
        if found.raw != found.value and found.kind != "location":
            raw = self._exact.get(found.raw) or self.rewriter.text(found.raw)
            yield found.raw, raw if raw != found.raw else self.pseudonyms.of(found.kind, found.raw)

    def _rewritten_contents(self) -> dict[int, bytes]:
        made: dict[int, bytes] = {}
        digests: list[Pair] = []
        for message in self._report.messages:
            is_beyond = message.number in self._beyond
            content = b"" if is_beyond else self._messages.content(message, self._short_of(message))
            made[message.number] = content
            if content != message.body.content and message.body.content:
                digests += digest_pairs(message.body.content, content)
                self.rewriter.withheld += not content
        self.replacer.add(digests)
        self.rewriter.text.cache_clear()
        return made

    def _short_of(self, message: Message) -> Short:
        return self._short.get(message.number, {})

    # ── the report ──────────────────────────────────────────────────────

    def _walk(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, tuple):
            return tuple(map(self._walk, value))
        if isinstance(value, Table):
            return Table({name: self._column(column) for name, column in value.columns.items()})
        if isinstance(value, Mapping):
            return {self._text(key): self._walk(item) for key, item in value.items()}
        if not is_dataclass(value) or isinstance(value, SKIPPED_TYPES):
            return value
        return SPECIAL.get(type(value), Redactor._plain)(self, value)

    def _text(self, text: str) -> str:
        exact = self._exact.get(text)
        if exact is not None:
            return exact
        for path, short in self._paths.items():
            if path in text:
                text = re.sub(PATH.format(re.escape(path)), short, text)
        return self.rewriter.text(text)

    def _column(self, column: Any) -> Any:
        values = column.tolist() if hasattr(column, "tolist") else column
        return [self._text(value) if isinstance(value, str) else value for value in values]

    def _plain(self, value: T) -> T:
        """Any dataclass: its texts changed, its codes and numbers not."""
        entry = cast(Any, value)
        made = {name: self._walk(getattr(entry, name)) for name in _names(entry.__class__)}
        return cast(T, replace(entry, **made))

    def _finding(self, found: Finding) -> Finding:
        made = self._plain(found)
        if found.kind in FACTS or MASKED in found.value:
            return replace(made, value=self._of_fact(found.value)) if found.kind == "password" else made
        pairs = dict(self._of_finding(found))
        value = pairs[found.value]
        raw = coarse(found.raw) if found.kind == "location" else pairs.get(found.raw, made.raw)
        details = made.details
        if found.kind == "location":
            details = {**details, "coarsened": "to one decimal of a degree; what was sent had more"}
        return replace(made, value=value, raw=raw, details=details)

    def _of_fact(self, text: str) -> str:
        """Where a text of ours names an account in brackets."""
        found = ACCOUNT.search(text)
        return text if found is None else f"{text[: found.start(1)]}{self._value('account', found[1])})"

    def _identifier(self, each: Identifier) -> Identifier:
        made = self._plain(each)
        if each.kind == "password":
            return replace(made, value=self._of_fact(each.value))
        if each.kind in FACTS or MASKED in each.value:
            return made
        return replace(made, value=self._value(each.kind, each.value))

    def _value(self, kind: str, value: str) -> str:
        if kind == "account" and "@" in value:
            kind = "email"
        return self.known.get((kind, value)) or self._exact.get(value) or self.pseudonyms.of(kind, value)

    def _ping(self, ping: Ping) -> Ping:
        """A field is short too where a finding of its message says so."""
        short = {path[-1]: pairs for path, pairs in self._short.get(ping.message or 0, {}).items() if path}
        made = self._plain(replace(ping, fields=()))
        return replace(made, fields=tuple(self._field(field, short) for field in ping.fields))

    def _field(self, field: PingField, short: Mapping[str, Any]) -> PingField:
        value = field.value
        for old, new in short.get(field.key, ()):
            value = new if value == old else value
        return self._plain(replace(field, value=value))

    def _conflict(self, conflict: Conflict | FragmentConflict) -> Any:
        """Bytes that differ may be a piece of an identifier: neither they nor their hashes are shown."""
        return replace(self._plain(conflict), sha256="", other_sha256="", excerpt="", other_excerpt="")

    def _capture(self, info: CaptureInfo) -> CaptureInfo:
        made = self._plain(info)
        return replace(made, path=self._paths.get(info.path, made.path), sha256=None)

    def _place(self, place: Place) -> Place:
        """Of the own line's address only what a country is: its network is that of the home."""
        made = self._plain(place)
        if made.address == place.address:
            return made
        said, today = (tuple(replace(o, detail="") for o in each) for each in (place.opinions, place.today))
        return replace(made, opinions=said, today=today, asn=None, as_name=None)

    def _redaction(self) -> Redaction:
        kinds = Counter(kind for kind, _ in self.known)
        return Redaction(
            says=SAYS,
            how=HOW if len(self.known) <= MOST_ENCODED else (*HOW, PLAIN_ONLY),
            key=key_mark(self._key),
            pseudonyms=dict(sorted(kinds.items())),
            withheld=self.rewriter.withheld,
            commitments=tuple(self.commitment(info.sha256) for info in self._report.captures),
        )


SPECIAL: dict[type, Any] = {
    Finding: Redactor._finding,
    Identifier: Redactor._identifier,
    Ping: Redactor._ping,
    Conflict: Redactor._conflict,
    FragmentConflict: Redactor._conflict,
    Place: Redactor._place,
}


def _is_beyond(message: Message) -> bool:
    """Whether a message holds more than is read of it, so that no one can say what its body hides."""
    return bool(message.body.content) and any(each.code in LIMIT_MET for each in decode(message).problems)


def _texts(value: Any) -> Iterator[str]:
    """Every text of a report but those of its messages, wherever it stands."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        yield from chain.from_iterable(map(_texts, value))
    elif isinstance(value, Table):
        for column in value.columns.values():
            yield from (each for each in column if isinstance(each, str))
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_texts, (*value, *value.values())))
    elif is_dataclass(value) and not isinstance(value, (type, *SKIPPED_TYPES)):
        names = _names(value.__class__)
        yield from chain.from_iterable(_texts(getattr(value, name)) for name in names)


def _paths(report: Report) -> Iterator[tuple[str, str]]:
    """Each capture's path, which may name a person, and what it is called instead."""
    for number, info in enumerate(report.captures, start=1):
        if info.path != STANDARD_INPUT and info.path:
            ending = ENDINGS.search(info.path)
            yield info.path, f"capture-{number}{ending[0].lower() if ending else ''}"


@cache
def _names(cls: type) -> tuple[str, ...]:
    """The fields of a dataclass that may hold text of a capture."""
    hints = get_type_hints(cls)
    return tuple(
        f.name for f in fields(cls) if f.name not in SKIPPED_FIELDS and not _is_literal(hints[f.name])
    )


def _is_literal(hint: Any) -> bool:
    return get_origin(hint) is Literal or any(get_origin(each) is Literal for each in get_args(hint))
