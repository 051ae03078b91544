"""Bytes and a layout → a record: which kind of message it is, and its values in words.

Whatever is not as the layout says (a checksum, a length, a value that has to be there) makes it no record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

from analyzer.layouts.checks import IS, LENGTH, SUMS
from analyzer.layouts.layout_tables import IntegrityCheck, MessageCase, MessageLayout, Repeated, ValueRule
from analyzer.layouts.structures import CutStructureError, Members, ParsedStructure, StructureReader
from analyzer.layouts.value_forms import written

FEW = 8  # bytes that are too few to tell what they begin
MOST_VALUES = 256
MOST_REPEATED = 32
BLANKS = b"\r\n"


class NoRecordError(ValueError):
    """The bytes are not of the layout."""


class Record(NamedTuple):
    """A message of a layout. `case` is empty where no case describes it."""

    case: str
    values: tuple[tuple[str, str], ...]
    checks: tuple[str, ...]  # that held
    key: bytes = b""  # a published one, under which a part of it was
    is_partial: bool = False  # not all of it is described


class LayoutReader:
    """Reads messages of one layout."""

    def __init__(self, layout: MessageLayout) -> None:
        self.layout = layout

    @cached_property
    def _structures(self) -> StructureReader:
        return StructureReader(self.layout)

    def check(self) -> None:
        """Raise LayoutError where the structures are not right."""
        if not self.layout.is_text:
            _ = self._structures

    def length(self, data: bytes) -> int:
        """Return how many bytes the message that `data` begins with has; 0 where more are needed.

        Raises NoRecordError where none begins.
        """
        layout = self.layout
        lead = len(data) - len(data.lstrip(BLANKS)) if layout.framing.ends else 0
        found = self._end(data, lead)
        if not found and len(data) > layout.most:
            raise NoRecordError("it has no end")
        return found

    def read(self, data: bytes) -> Record:
        """Return the record of one whole message. Raises NoRecordError."""
        if len(data) > self.layout.most:
            raise NoRecordError("it is too long")
        return self._of_text(data) if self.layout.is_text else self._of_structure(data)

    def _end(self, data: bytes, lead: int) -> int:
        framing = self.layout.framing
        if framing.mark:
            end = data.find(framing.mark, len(framing.mark), self.layout.most)
            return end + len(framing.mark) if end > 0 and data.startswith(framing.mark) else 0
        if framing.ends:
            found = framing.ends.search(data, lead, self.layout.most)
            return found.end() if found else 0
        if framing.head:
            head = framing.head.match(data)
            if not head:
                return 0
            size = head.end() + int(head["size"], framing.base) + framing.adds
            if size > self.layout.most:
                raise NoRecordError("it is too long")
            return size if size <= len(data) else 0
        if self.layout.is_text:
            return len(data)
        try:
            return self._structures.read(self._whole(data), data[: self.layout.most]).size
        except CutStructureError:
            return 0

    # ── structures ──────────────────────────────────────────────────────

    def _whole(self, data: bytes) -> str:
        """The structure of the message that bytes begin with."""
        name = next((name for name, start in self.layout.starts.items() if start.match(data)), "")
        if name:
            return name
        if len(data) < FEW:
            raise CutStructureError("too few bytes")
        raise NoRecordError("it begins otherwise")

    def _of_structure(self, data: bytes) -> Record:
        layout = self.layout
        content = self._unescaped(data)
        try:
            name = self._whole(content)
            whole = self._structures.read(name, content)
        except CutStructureError as problem:
            raise NoRecordError(f"cut: {problem}") from None
        if whole.size != len(content):
            raise NoRecordError("bytes are left over")
        checks = [check for check in layout.checks if not check.of or name in check.of]
        for check in checks:
            if not holds(check, whole, content):
                raise NoRecordError(f"{check.kind} does not hold")
        held = tuple(check.kind for check in checks if check.kind != IS)
        members = whole.members
        case = next((case for case in layout.cases if _has_form(case, members)), None)
        if case is None:
            return Record("", (), held)
        if case.inside:
            members = self._inner(case, members)
        self._add_tagged(members)
        return Record(case.name, tuple(values_of(layout.values, members)), held, case.xor, case.search)

    def _inner(self, case: MessageCase, members: Members) -> Members:
        inside = members.get(case.inside, [b""])[0]
        if case.xor:
            key = case.xor * (len(inside) // len(case.xor) + 1)
            inside = bytes(a ^ b for a, b in zip(inside, key, strict=False))
        try:
            return {**members, **self._structures.read(case.struct, inside).members}
        except CutStructureError:
            return members

    def _unescaped(self, data: bytes) -> bytes:
        framing = self.layout.framing
        if not framing.mark:
            return data
        if not (data.startswith(framing.mark) and data.endswith(framing.mark)):
            raise NoRecordError("no mark")
        inner = data[len(framing.mark) : -len(framing.mark)]
        if not framing.escapes:
            return inner
        escaped = re.compile(b"|".join(map(re.escape, framing.escapes)), re.DOTALL)
        return escaped.sub(lambda found: framing.escapes[found[0]], inner)

    def _add_tagged(self, members: Members) -> None:
        """Give tagged values their tags' names."""
        for tags in self.layout.tags:
            kinds = members.get(f"{tags.member}.{tags.tag}", ())
            for tag, value in zip(kinds, members.get(f"{tags.member}.{tags.value}", ()), strict=False):
                if tag in tags.names:
                    members.setdefault(tags.names[tag], []).append(value)

    # ── text ────────────────────────────────────────────────────────────

    def _of_text(self, data: bytes) -> Record:
        layout = self.layout
        text = data.decode("utf-8", "backslashreplace").strip("\r\n\0")
        pieces = layout.separator.split(text) if layout.separator else []
        numbered: Members = {str(at): [piece] for at, piece in enumerate(pieces)}
        for case in layout.cases:
            found = self._of_case(case, text, pieces, numbered)
            if found is not None:
                return Record(case.name, tuple(values_of(layout.values, found)), (), b"", case.search)
        return Record("", (), ())

    def _of_case(self, case: MessageCase, text: str, pieces: list[str], numbered: Members) -> Members | None:
        found = case.pattern.fullmatch(text) if case.pattern else None
        if not _fits(case.when, numbered) or (case.pattern and not found):
            return None
        groups = {k: [v] for k, v in found.groupdict().items() if v is not None} if found else {}
        anywhere = {name: each.findall(text)[:MOST_REPEATED] for name, each in case.find.items()}
        members = groups or named(case.members, pieces)
        return {**members, **{name: values for name, values in anywhere.items() if values}}


def named(members: Sequence[str | Repeated], pieces: Sequence[str]) -> Members:
    """Return pieces of text under the names of their places; those with no name are left out."""
    found: Members = {}
    at = 0
    for member in members:
        if isinstance(member, str):
            if at < len(pieces) and member:
                found.setdefault(member, []).append(pieces[at])
            at += 1
            continue
        count = found.get(member.times, [""])[0]
        for _ in range(min(int(count), MOST_REPEATED) if re.fullmatch(r"\d{1,3}", count) else 0):
            for name in member.each:
                if at < len(pieces) and name:
                    found.setdefault(name, []).append(pieces[at])
                at += 1
    return found


def values_of(rules: Mapping[str, ValueRule], members: Members) -> Iterator[tuple[str, str]]:
    """Yield names and texts of the values that rules make of members, the first of each before the second."""
    used = {
        rule.name or name: rule
        for name, rule in rules.items()
        if rule.member in members and _fits(rule.only_when, members) and not _any_fits(rule.unless, members)
    }
    chosen = {name: members[rule.member][rule.skip :][: rule.most or None] for name, rule in used.items()}
    rounds = max(map(len, chosen.values()), default=0)
    for at in range(min(rounds, MOST_VALUES // max(len(used), 1))):
        for name, rule in used.items():
            values = chosen[name]
            if at < len(values) and (text := _written(rule, values[at], at, members)):
                yield name, text


def _written(rule: ValueRule, raw: Any, at: int, members: Members) -> str:
    if rule.mask and isinstance(raw, int):
        raw &= rule.mask
    text = written(raw, rule.form, rule.charset)
    if text in rule.absent:
        return ""
    if rule.digits:
        text = text[-rule.digits :]
    if rule.divide and text:
        text = f"{float(text) / rule.divide:.6f}"
    if rule.negative and text and _is_negative(rule, at, members):
        text = f"-{text.lstrip('-')}"
    return text


def _is_negative(rule: ValueRule, at: int, members: Members) -> bool:
    assert rule.negative is not None
    values = members.get(rule.negative.member, ())
    value = values[min(at, len(values) - 1)] if values else None
    if rule.negative.mask:
        value = value & rule.negative.mask if isinstance(value, int) else None
    return any(value == each for each in rule.negative.is_)


def holds(check: IntegrityCheck, whole: ParsedStructure, data: bytes) -> bool:
    """Return whether a check is fulfilled by a structure that was read from `data`."""
    if check.kind == IS:
        value = whole.first(check.equals)
        if check.mask and isinstance(value, int):
            value &= check.mask
        return (value.hex() if isinstance(value, bytes) else value) in check.values
    begin, end = whole.places[check.over[0]][0], whole.places[check.over[-1]][1]
    wanted = whole.first(check.equals)
    if isinstance(wanted, bytes):
        wanted = int.from_bytes(wanted, "big")
    if not isinstance(wanted, int):
        return False
    if check.mask:
        wanted &= check.mask
    if check.kind == LENGTH:
        return end - begin + check.adds == wanted
    return SUMS[check.kind](data[begin:end]) == wanted


def _fits(when: Mapping[str, tuple[int | str, ...]], members: Members) -> bool:
    """Whether each member named has one of the values named; text may have an asterisk."""
    return all(
        any(_is_one(value, wanted) for value in members.get(name, ())) for name, wanted in when.items()
    )


def _any_fits(unless: Mapping[str, tuple[int | str, ...]], members: Members) -> bool:
    return any(_fits({name: values}, members) for name, values in unless.items())


def _is_one(value: Any, wanted: Sequence[int | str]) -> bool:
    if isinstance(value, bytes):
        value = value.hex()
    return any(
        fnmatchcase(value, one) if isinstance(one, str) and isinstance(value, str) else value == one
        for one in wanted
    )


def _has_form(case: MessageCase, members: Members) -> bool:
    inside = members.get(case.inside, (b"",))[0] if case.inside else b""
    return _fits(case.when, members) and len(inside) >= case.least
