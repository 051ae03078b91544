"""The command `phonehome dossiers`: what is known of senders, listed or explained."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from analyzer.dossiers import Dossier, DossierError, load
from analyzer.report.text import visible

KINDS = {
    "activation-ping": "Activation and registration",
    "telemetry": "Telemetry",
    "benign": "Benign look-alikes",
}
GRADES = {
    "A": "primary source or source code",
    "B": "independent reports agree",
    "C": "a single weak source, or inference",
}


def dossiers(ids: Sequence[str], directories: Sequence[str], *, width: int) -> str:
    """The list, or everything about the dossiers named; ValueError where one can't be found or used."""
    try:
        known = {dossier.id: dossier for dossier in load(*directories)}
    except DossierError as error:
        raise ValueError(str(error)) from None
    if missing := [name for name in ids if name not in known]:
        raise ValueError(f"no dossier {missing[0]}; there are: {', '.join(sorted(known))}")
    lines = _listed(list(known.values())) if not ids else explained([known[name] for name in ids])
    return "".join(f"{line}\n" for text in lines for line in wrapped(visible(text), width))


def _listed(all_of_them: list[Dossier]) -> Iterator[str]:
    for kind, title in KINDS.items():
        of_kind = [dossier for dossier in all_of_them if dossier.kind == kind]
        if of_kind:
            yield f"{title} ({len(of_kind)})"
            yield from (f"  {d.id}: {d.title}{' (name only)' if d.name_only else ''}" for d in of_kind)
    yield "phonehome dossiers ID explains one."


def explained(chosen: list[Dossier]) -> Iterator[str]:
    """Yield all that a dossier says, a line each."""
    for dossier in chosen:
        yield f"{dossier.title} ({dossier.id})"
        yield from (f"  {name}: {text}" for name, text in _facts(dossier) if text)
        yield from _rules(dossier)
        yield from _forms(dossier)
        yield from _fields(dossier)
        yield from (f"  caution: {caution}" for caution in dossier.cautions)
        for source in dossier.sources:
            grade = GRADES[source.confidence]
            yield f"  source: {source.title}: {source.says} ({source.confidence}, {grade})"


def _facts(dossier: Dossier) -> Iterator[tuple[str, str]]:
    client, retry = dossier.client, dossier.retry
    yield "what it is", " ".join(dossier.summary.split())
    yield "kind", KINDS[dossier.kind].lower()
    yield "operator", dossier.operator
    yield "hosts", ", ".join(dossier.hosts)
    yield "paths", ", ".join(dossier.paths)
    yield "ports", ", ".join(map(str, dossier.ports))
    yield "methods", ", ".join(dossier.methods).upper()
    yield "content types", ", ".join(dossier.content_types)
    yield "encoding", dossier.encoding
    note = f"; {client.note}" if client.note else ""
    yield "client", f"{client.name} ({client.confidence}, {GRADES[client.confidence]}{note})"
    if retry.interval_s:
        yield "retries", f"every {retry.interval_s:,} s, at most {retry.most} times; set off by {retry.when}"


def _rules(dossier: Dossier) -> Iterator[str]:
    if dossier.name_only:
        yield "  recognised by: the name alone; what is sent can't be read"
    for rule in dossier.recognise:
        yield f"  recognised by: {' + '.join(rule.needs)} → confidence {rule.confidence}"
    grammar = dossier.grammar
    if grammar.keys:
        own = grammar.distinctive_minimum
        yield f"  grammar: {grammar.minimum} of {len(grammar.keys)} keys, {own} of them used by it alone"


def _forms(dossier: Dossier) -> Iterator[str]:
    layout = dossier.layout
    if layout:
        cases = ", ".join(dict.fromkeys(case["name"] for case in layout["cases"]))
        checks = ", ".join(check["kind"] for check in layout.get("checks", ()))
        over = ", ".join(layout.get("transports", ["tcp"]))
        yield f"  layout: {layout['protocol']} over {over}; messages: {cases}"
        yield f"  checked by: {checks or 'its form alone'}"
    for cipher in dossier.ciphers:
        mode = f"-{cipher['mode']}" if "mode" in cipher else ""
        whose = "made of the message itself" if "carried" in cipher else "published"
        yield f"  cipher: {cipher['algorithm']}{mode}, key {whose}: anyone can know it ({cipher['source']})"


def _fields(dossier: Dossier) -> Iterator[str]:
    for key, known in dossier.fields.items():
        values = "; ".join(f"{value} = {means}" for value, means in known.values.items())
        yield f"  field {key}: {known.means}{f' ({values})' if values else ''}"


def wrapped(text: str, width: int) -> list[str]:
    """Return a line in rows of this width, the further ones indented."""
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, max(40, width), subsequent_indent=indent + "    ") or [""]
