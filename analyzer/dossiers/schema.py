"""A dossier file → a Dossier, with one clear sentence where the file is not right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.layouts import LayoutError, LayoutReader, layout_of
from analyzer.model import Confidence

KINDS = ("activation-ping", "telemetry", "benign")
GRADES = ("A", "B", "C")  # primary source or code, independent reports that agree, weak source or inference
CONFIDENCES = ("high", "medium", "low")
# What can be seen of a message. Host, port and method alone prove nothing.
WEAK_EVIDENCE = frozenset(("host", "port", "method", "no-body", "no-identifiers"))
EVIDENCE = WEAK_EVIDENCE | {
    "cipher",
    "layout",
    "protocol",
    "path",
    "content-type",
    "header",
    "grammar",
    "keys",
    "encoding",
    "identifiers",
}
# What a key may be said to hold: names by which the detectors of identifiers know a field.
HELD = frozenset((
    "imei", "imeisv", "meid", "imsi", "iccid", "msisdn", "mac", "bssid", "ssid", "android_id", "device_id",
    "serial_number", "email", "oaid", "gaid", "idfa", "latitude", "longitude",
))  # fmt: skip
WITHOUT_CASE = frozenset(("hosts", "content_types", "headers", "methods"))


class DossierError(ValueError):
    """A dossier that can't be used: which one, and why."""


@dataclass(frozen=True, slots=True)
class KnownClient:
    """The software known to send this; a capture never proves it."""

    name: str
    confidence: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Grammar:
    """Keys by which a payload is known, in lower case, and how many of them are enough."""

    keys: frozenset[str] = frozenset()
    minimum: int = 0
    distinctive: frozenset[str] = frozenset()
    distinctive_minimum: int = 0


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """Evidence that is enough together, and how sure it makes."""

    needs: tuple[str, ...]
    confidence: Confidence
    kind: str = ""  # of such a message, where it is not that of the dossier


@dataclass(frozen=True, slots=True)
class StatusRule:
    """How an answer says that the payload was accepted."""

    accepted_key: str = ""
    accepted_values: tuple[str, ...] = ()
    quote_key: str = ""
    means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """When the sender is documented to try again."""

    first_after_s: int = 0  # after power-on
    interval_s: int = 0  # after a failure
    most: int = 0
    when: str = ""  # what else is documented to set it off


@dataclass(frozen=True, slots=True)
class Explanation:
    """A key in plain words, its coded values, and the name of the identifier that it holds (`HELD`)."""

    means: str
    values: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DossierSource:
    """A public document, how far it is to be trusted (A, B, C), and what is taken from it."""

    title: str
    confidence: str
    says: str
    seen: str = ""  # when it was read, YYYY-MM-DD


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is publicly known of one sender. Hosts, headers, types and methods are compared without case."""

    id: str
    title: str
    operator: str
    kind: str
    summary: str
    encoding: str
    client: KnownClient
    sources: tuple[DossierSource, ...]
    recognise: tuple[EvidenceRule, ...] = ()
    country: str = ""  # of the operator's seat, ISO 3166-1
    name_only: bool = False  # what it sends can't be read, so that only the name of its server tells
    hosts: tuple[str, ...] = ()
    attempts: bool = False  # report a connection to a host that never carried a request
    paths: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    methods: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()  # decode steps in the order in which they are undone
    grammar: Grammar = Grammar()
    status: StatusRule = StatusRule()
    retry: Retry = Retry()
    fields: Mapping[str, Explanation] = field(default_factory=dict)  # by key in lower case
    cautions: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()  # how the names of its messages' protocols begin; any where none is given
    general: bool = False  # a standard's grammar: says nothing where a dossier of a sender speaks
    layout: Mapping[str, Any] = field(default_factory=dict)  # `layouts.layout_of` reads it where it is needed
    ciphers: tuple[Mapping[str, Any], ...] = ()  # published keys (`codecs.published_keys` reads them)
    example: Mapping[str, Any] = field(default_factory=dict)  # a message that it describes (`examples`)
    holds: Mapping[str, str] = field(init=False)  # keys of `fields` that hold an identifier, and its name
    kinds: frozenset[str] = field(init=False)  # of the messages that its rules recognise

    def __post_init__(self) -> None:
        """Collect what the keys hold, for it is asked of each request."""
        object.__setattr__(self, "holds", {key: k.kind for key, k in self.fields.items() if k.kind})
        object.__setattr__(self, "kinds", frozenset(rule.kind or self.kind for rule in self.recognise))


def parse(text: str, name: str) -> Dossier:
    """Read and check one dossier; `name` is the file's, for the error's sentence."""
    try:
        dossier = dossier_of(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, TypeError, KeyError, AttributeError) as problem:
        raise DossierError(f"{name}: not a dossier ({problem})") from None
    for complaint in complaints(dossier):
        raise DossierError(f"{name}: {complaint}")
    if dossier.layout:
        try:
            LayoutReader(layout_of(dossier.layout)).check()
        except LayoutError as problem:
            raise DossierError(f"{name}: {problem}") from None
    return dossier


def complaints(dossier: Dossier) -> list[str]:
    """What is wrong with a dossier, one sentence each; empty when all is well."""
    checks = (
        (re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", dossier.id), f"{dossier.id!r} is no id"),
        (dossier.kind in KINDS, f"kind {dossier.kind!r} is none of {', '.join(KINDS)}"),
        (re.fullmatch(r"([A-Z]{2})?", dossier.country), f"{dossier.country!r} is no code of a country"),
        (dossier.sources, "it names no source"),
        (dossier.recognise or dossier.name_only, "it has no rule to recognise anything by"),
        (not dossier.recognise or not dossier.name_only, "it has rules though only a name can be seen"),
        (dossier.hosts or not dossier.name_only, "it has neither a rule nor a host"),
        (
            all(s.confidence in GRADES and s.says for s in dossier.sources),
            "a source has no grade or says nothing",
        ),
        (dossier.client.confidence in GRADES, "the client has no grade"),
        (all(rule.confidence in CONFIDENCES for rule in dossier.recognise), "a rule has no confidence"),
        (all(rule.kind in ("", *KINDS) for rule in dossier.recognise), "a rule is of no known kind"),
        (all(set(rule.needs) <= EVIDENCE for rule in dossier.recognise), "a rule needs what can't be seen"),
        (not any(_is_weak(rule) for rule in dossier.recognise), "a rule is content with weak evidence"),
        (dossier.grammar.keys <= set(dossier.fields), "a key of the grammar is not explained"),
        (dossier.grammar.distinctive <= dossier.grammar.keys, "a distinctive key is not in the grammar"),
        (
            not any(_is_general(dossier, rule) for rule in dossier.recognise),
            "a rule is content with a protocol",
        ),
        (dossier.hosts or not dossier.attempts, "attempts can only be told by a host"),
        (all(k.kind in {"", *HELD} for k in dossier.fields.values()), "a key holds a kind that is not known"),
    )
    return [complaint for fine, complaint in checks if not fine]


def _is_weak(rule: EvidenceRule) -> bool:
    """Host and port of a registered service with the right method is the least that is enough."""
    needs = set(rule.needs)
    return needs <= WEAK_EVIDENCE and not ({"host", "port", "method"} <= needs and rule.confidence == "low")


# Protocols that all kinds of senders use.
GENERAL = (
    "http",
    "coap",
    "mqtt",
    "json",
    "xml",
    "form",
    "base64",
    "syslog",
    "ssdp",
    "sip",
    "unclassified",
    "dns",
)


def _is_general(dossier: Dossier, rule: EvidenceRule) -> bool:
    """A protocol that many senders use proves no more than a port does."""
    is_known = all(not p.startswith(GENERAL) for p in dossier.protocols) and bool(dossier.protocols)
    return "protocol" in rule.needs and set(rule.needs) <= WEAK_EVIDENCE | {"protocol"} and not is_known


def dossier_of(raw: dict[str, Any]) -> Dossier:
    """Return the dossier that a file's tables describe; they are used up. Raises TypeError, KeyError."""
    parts: dict[str, Any] = {
        "client": KnownClient(**raw.pop("client")),
        "grammar": Grammar(**_lowered(raw.pop("grammar", {}), ("keys", "distinctive"))),
        "retry": Retry(**raw.pop("retry", {})),
        "status": StatusRule(**_with_tuples(raw.pop("status", {}))),
        "recognise": tuple(EvidenceRule(**_with_tuples(rule)) for rule in raw.pop("recognise", ())),
        "sources": tuple(DossierSource(**source) for source in raw.pop("sources", ())),
        "fields": {key.lower(): Explanation(**known) for key, known in raw.pop("fields", {}).items()},
    }
    for key in WITHOUT_CASE & set(raw):
        raw[key] = [value.lower() for value in raw[key]]
    return Dossier(**_with_tuples(raw), **parts)


def _with_tuples(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _lowered(raw: dict[str, Any], lists: tuple[str, ...]) -> dict[str, Any]:
    return raw | {key: frozenset(value.lower() for value in raw.get(key, ())) for key in lists}
