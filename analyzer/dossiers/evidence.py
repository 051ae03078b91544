"""A message against a dossier → which kinds of evidence speak for it, each as a sentence."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from analyzer.dossiers.schema import GENERAL, Dossier
from analyzer.model import Field, Fields, Finding, Message

NOT_READ_AS_PAYLOAD = "header"
FACTS = frozenset(("model", "build", "operator", "local_ip"))  # findings that identify nobody


class Payload(NamedTuple):
    """The values of one object, form or query, the steps that led to it, its keys in lower case."""

    fields: tuple[Field, ...]
    steps: tuple[str, ...]
    names: frozenset[str]


def payloads_in(fields: Sequence[Field]) -> list[Payload]:
    """The groups of fields that stood in one object, form or query of a message."""
    groups: dict[tuple[str, ...], list[Field]] = {}
    for field in fields:
        path = field.evidence.path
        if len(path) > 1 and path[0] != NOT_READ_AS_PAYLOAD:
            groups.setdefault(_holder(path, field.name), []).append(field)
    return [Payload(tuple(group), path, _names(group)) for path, group in groups.items()]


def _names(group: Sequence[Field]) -> frozenset[str]:
    """The names of the fields and of the first one's neighbours, some of which hold further objects."""
    return frozenset([name.lower() for name in group[0].beside.union([field.name for field in group])])


def _holder(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The path of what holds the key `name`, whose value may have been decoded further."""
    last = len(path) - 1 - path[::-1].index(name) if name in path else len(path) - 1
    return path[:last]


@dataclass(frozen=True)
class Contents:
    """What was read in one message: its fields, and what was found in them."""

    fields: Sequence[Field]
    findings: Sequence[Finding]

    @cached_property
    def names(self) -> frozenset[str]:
        """All names in lower case."""
        fields = self.fields
        names = fields.names if isinstance(fields, Fields) else [field.name for field in fields]
        return frozenset(map(str.lower, names))

    @cached_property
    def payloads(self) -> list[Payload]:
        """The groups of fields that stood together."""
        return payloads_in(self.fields)

    def payload_for(self, dossier: Dossier) -> Payload | None:
        """The payload that holds most keys of the grammar; the first one where there is no grammar."""
        keys = dossier.grammar.keys
        if keys and not keys & self.names:
            return None
        return max(self.payloads, key=lambda payload: len(payload.names & keys), default=None)


@dataclass(frozen=True)
class Case:
    """One message held against one dossier; every piece of evidence is looked at once, when asked for."""

    dossier: Dossier
    message: Message
    contents: Contents
    looked_at: dict[str, str] = dataclasses.field(default_factory=dict)

    @cached_property
    def payload(self) -> Payload | None:
        """The part of the message that is most like what the dossier describes."""
        if self.says("layout"):
            fields = tuple(self.contents.fields)
            return Payload(fields, (), frozenset(field.name.lower() for field in fields))
        return self.contents.payload_for(self.dossier)

    def says(self, kind: str) -> str:
        """The sentence of that kind of evidence; empty when it does not speak for the dossier."""
        if kind not in self.looked_at:
            self.looked_at[kind] = LOOKS[kind](self)
        return self.looked_at[kind]


def host_of(message: Message) -> str:
    """The host a request names, in lower case and without port or final dot; empty when none."""
    return _host_in(message.host or message.header("host") or "")


@lru_cache(maxsize=1024)
def _host_in(text: str) -> str:
    host = text.lower()
    if not host.endswith("]"):
        host = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and ":" in host else host
    return host.rstrip(".")


def is_documented(host: str, dossier: Dossier) -> bool:
    """Whether the dossier names the host, exactly or by a pattern such as `*.example.net`."""
    return any(host == name or ("*" in name and fnmatchcase(host, name)) for name in dossier.hosts)


def describes(dossier: Dossier, message: Message) -> bool:
    """Whether the dossier documents requests to this host and path."""
    return is_documented(host_of(message), dossier) and (not dossier.paths or has_path(dossier, message))


def has_path(dossier: Dossier, message: Message) -> bool:
    """Whether the dossier names the path of the request, exactly or by a pattern."""
    return bool(dossier.paths) and _pattern_of(dossier.paths).match(path_of(message)) is not None


@lru_cache(maxsize=1024)
def _pattern_of(paths: tuple[str, ...]) -> re.Pattern[str]:
    """All paths of a dossier as one pattern."""
    return re.compile("|".join(map(translate, paths)))


def path_of(message: Message) -> str:
    """The path of the target, without query; empty where the target can't be read."""
    return _path_in(message.target or "")


@lru_cache(maxsize=1024)  # every dossier asks for it
def _path_in(target: str) -> str:
    try:
        return urlsplit(target).path
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _host(case: Case) -> str:
    host = host_of(case.message) if case.dossier.hosts else ""
    return f"host: {host} is documented for {case.dossier.title}" if is_documented(host, case.dossier) else ""


def _path(case: Case) -> str:
    return f"path: {path_of(case.message)}" if has_path(case.dossier, case.message) else ""


def _port(case: Case) -> str:
    port = case.message.destination.port
    return f"port: {port}" if port in case.dossier.ports else ""


def _method(case: Case) -> str:
    method = case.message.method or ""
    return f"method: {method}" if method.lower() in case.dossier.methods else ""


def _content_type(case: Case) -> str:
    known = case.dossier.content_types
    media_type = _media_type(case.message.header("content-type") or "") if known else ""
    return f"media type: {media_type}" if media_type in known else ""


def _header(case: Case) -> str:
    known = case.dossier.headers
    named = [n for n, _ in case.message.headers if any(fnmatchcase(n.lower(), k) for k in known)]
    return f"header: {', '.join(named)}" if named else ""


def _grammar(case: Case) -> str:
    """Enough keys, some of which nobody else is known to use."""
    grammar = case.dossier.grammar
    keys = _known_keys(case)
    if not case.says("keys") or len(keys & grammar.distinctive) < grammar.distinctive_minimum:
        return ""
    written = [f.name for f in case.payload.fields if f.name.lower() in keys] if case.payload else []
    shown = ", ".join(written[:6]) + (", …" if len(keys) > 6 else "")
    asked = f"{grammar.minimum} are asked for"
    return f"grammar: {len(keys)} keys known of {case.dossier.title} ({shown}); {asked}"


def _keys(case: Case) -> str:
    """Enough keys, though each of them may be a common word."""
    keys, minimum = _known_keys(case), case.dossier.grammar.minimum
    return f"keys: {len(keys)} are known of {case.dossier.title}" if keys and len(keys) >= minimum else ""


def _known_keys(case: Case) -> frozenset[str]:
    return case.payload.names & case.dossier.grammar.keys if case.payload else frozenset()


def _encoding(case: Case) -> str:
    wanted = case.dossier.steps
    steps = iter(step.removesuffix(" (incomplete)") for step in (case.payload.steps if case.payload else ()))
    return f"encoding: {case.dossier.encoding}" if wanted and all(step in steps for step in wanted) else ""


def _identifiers(case: Case) -> str:
    found = [finding for finding in case.contents.findings if finding.confidence != "low"]
    kinds = dict.fromkeys(finding.kind for finding in found if finding.kind not in FACTS)
    return f"identifiers: {', '.join(kinds)} found in it" if kinds else ""


def _no_body(case: Case) -> str:
    return "" if case.message.body.length or case.message.body.content else "it has no body"


def _no_identifiers(case: Case) -> str:
    return "" if case.contents.findings else "no identifier was found in it"


def _layout(case: Case) -> str:
    """The message was read by the dossier's own layout, so that its form and its checks are right."""
    layout = case.dossier.layout
    if not layout or case.message.protocol != layout["protocol"] or not case.message.method:
        return ""
    checks = [check["kind"] for check in layout.get("checks", ()) if check["kind"] != "is"]
    held = f"; {', '.join(checks)} hold" if checks else ""
    return f"layout: the bytes have the form that is documented for {case.dossier.title}{held}"


def _protocol(case: Case) -> str:
    """A protocol of few senders; one that all kinds of them use tells nothing."""
    protocol, known = case.message.protocol, case.dossier.protocols
    is_told = bool(known) and protocol.startswith(known) and not protocol.startswith(GENERAL)
    return f"protocol: {protocol}" if is_told else ""


def _cipher(case: Case) -> str:
    """A part of the message was opened by a key that this dossier publishes; the steps of a path name it."""
    if not case.dossier.ciphers:
        return ""
    end = f" ({case.dossier.id})"
    opened = any(
        step.endswith(end)
        for field in case.contents.fields
        for step in field.evidence.path
        if " key " in step
    )
    return f"cipher: a key that is published for {case.dossier.title} opens it" if opened else ""


LOOKS: dict[str, Callable[[Case], str]] = {
    "cipher": _cipher,
    "layout": _layout,
    "host": _host,
    "grammar": _grammar,
    "keys": _keys,
    "encoding": _encoding,
    "identifiers": _identifiers,
    "content-type": _content_type,
    "method": _method,
    "path": _path,
    "port": _port,
    "protocol": _protocol,
    "header": _header,
    "no-body": _no_body,
    "no-identifiers": _no_identifiers,
}
