"""A dossier tried on its own example, on look-alikes and on the examples of all others.

What is said of it are sentences for whoever wrote it; none means that it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from analyzer.dossiers import Dossier
from analyzer.dossiers.examples import ExampleMessage, example_of, look_alike_of, message_of
from analyzer.identifiers.owner_values import KnownValues
from analyzer.inspection.decode import decode
from analyzer.inspection.inspect import Inspection, examined
from analyzer.layouts import CutStructureError, LayoutReader, NoRecordError, layout_of
from analyzer.model import Field, Message

DATE = re.compile(r"\b(?:19|20)\d\d\b")


class ReadExample(NamedTuple):
    """An example as it is read: the message, its fields, and what was found in it."""

    message: Message
    fields: Sequence[Field]
    found: Inspection


def read_example(example: ExampleMessage, dossiers: Sequence[Dossier]) -> ReadExample | None:
    """Return what is read in an example; None where it is of no form."""
    message = message_of(example)
    if example.data:
        read = _of_layout(example, message, dossiers)
        if read is None:
            return None
        message = read
    found = examined((message, None), KnownValues.none(), dossiers)
    return ReadExample(message, list(decode(message).fields), found)


def _of_layout(example: ExampleMessage, message: Message, dossiers: Sequence[Dossier]) -> Message | None:
    """The message that the first fitting layout reads."""
    for dossier in dossiers:
        if not dossier.layout or example.transport not in dossier.layout.get("transports", ("tcp",)):
            continue
        reader = LayoutReader(layout_of(dossier.layout))
        try:
            size = reader.length(example.data) if reader.layout.begins.match(example.data) else 0
            record = reader.read(example.data) if size == len(example.data) else None
        except (NoRecordError, CutStructureError):
            continue
        if record is not None and record.case:
            protocol = reader.layout.protocol
            return replace(message, protocol=protocol, method=record.case, target=None, headers=record.values)
    return None


def trial(dossier: Dossier, dossiers: Sequence[Dossier]) -> list[str]:
    """Return what is wrong with a dossier when it is tried together with these; empty when all is well."""
    return [*_of_sources(dossier), *_of_example(dossier, dossiers), *_of_others(dossier, dossiers)]


def _of_sources(dossier: Dossier) -> Iterator[str]:
    if not any(DATE.search(f"{source.title} {source.says} {source.seen}") for source in dossier.sources):
        yield "no source says when it was written or read"
    if dossier.recognise and all(source.confidence == "C" for source in dossier.sources):
        yield "only weak sources (C): such a dossier may name a host and recognise nothing (name_only)"


def _of_example(dossier: Dossier, dossiers: Sequence[Dossier]) -> Iterator[str]:
    if dossier.recognise and all(rule.confidence == "low" for rule in dossier.recognise):
        return  # such a dossier is never named
    if _is_of_dissector(dossier):
        return  # its example is read by a dissector, in a capture
    try:
        example = example_of(dossier)
    except (ValueError, KeyError) as problem:
        yield f"its example can't be read ({problem})"
        return
    if example is None:
        if not dossier.name_only:
            yield "it has no example, and none can be made of its grammar: add [example]"
        return
    read = read_example(example, dossiers)
    if read is None or dossier.id not in read.found.senders:
        yield "its example is not recognised"
        return
    others = [name for name in read.found.senders if name != dossier.id]
    if others:
        yield f"its example is recognised as {', '.join(others)} too"
    values = {(field.name.lower(), str(field.value)) for field in read.fields}
    for name, value in example.expects.items():
        if (name.lower(), value) not in values:
            yield f"its example should give {name} = {value}, which is not read"
    stranger = read_example(look_alike_of(example, dossier), dossiers)
    if stranger is not None and dossier.id in stranger.found.senders:
        yield "a look-alike of its example is recognised: its rules are content with too little"


def _is_of_dissector(dossier: Dossier) -> bool:
    """Whether its messages are of a protocol that a dissector of ours reads."""
    return (
        bool(dossier.protocols)
        and not dossier.layout
        and not any(protocol.startswith("http") for protocol in dossier.protocols)
    )


def _of_others(dossier: Dossier, dossiers: Sequence[Dossier]) -> Iterator[str]:
    """Examples of other dossiers that this one takes for its own."""
    for other in dossiers:
        try:
            example = None if other.id == dossier.id else example_of(other)
        except (ValueError, KeyError):
            continue  # said of the other
        if example is None:
            continue
        read = read_example(example, (dossier, other))
        if read is not None and dossier.id in read.found.senders:
            yield f"it takes the example of {other.id} for its own"
