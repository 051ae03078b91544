"""XML (with Apple's property lists and Android's preference files) → one part an attribute and text.

No document type is followed: entities are never expanded, nothing is ever loaded, so that the
known attacks by XML have nothing to work with. A document that breaks off gives what came before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from analyzer.codecs.limits import Budget
from analyzer.codecs.name_pairs import local, name_in, only_holds, roles_of
from analyzer.codecs.part import MessagePart, neighbours

START = re.compile(r"\s*+<(?:\?xml\b|!--|!DOCTYPE\b|[A-Za-z_][\w.:\-]*+(?:\s[^<>]*+)?/?>)")
HTML = re.compile(r"\s*+<(?:!doctype\s+html|html|head|body|script|div|p|br)\b", re.IGNORECASE)
# Attributes that name the value beside them: <string name="imei">…</string>, <param key="" value="">.
NAMING = ("name", "key", "id")
ALONE: frozenset[str] = frozenset()
FARTHEST = 512  # characters before a document
MOST_IN_PAIR = 12  # elements around a pair


@dataclass(slots=True)
class _Element:
    tag: str
    path: tuple[str, ...]
    name: str  # what its text is called: the tag, the name in an attribute, the <key> before it
    start: int = 0  # how many were found before it
    at: tuple[str, ...] = ()  # of what gave it its name, where that is around it
    text: list[str] = field(default_factory=list)
    key: str = ""  # of a property list: the last <key>
    counts: dict[str, int] = field(default_factory=dict)
    children: list[_Child] = field(default_factory=list)


class _Child(NamedTuple):
    """An element that ended: its name, its text, and where what it holds stands among all that was found."""

    name: str
    text: str
    start: int
    end: int


def _named_by(attributes: dict[str, str]) -> tuple[str, int]:
    """The name that an element's attributes give it, and which of them holds its value, or -1."""
    roles = roles_of(tuple(map(local, attributes)))
    named = next((attributes[key] for key in NAMING if attributes.get(key)), "")
    return named or name_in(roles, list(attributes.values())), roles.value


class _TooDeepError(Exception):
    pass


def decode_xml(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """One part for each attribute and each text, named by attribute, key or tag; nothing of HTML."""
    value = part.value
    if isinstance(value, bytes):
        return []
    if not START.match(value) or HTML.match(value) or not budget.take_bytes(len(value)):
        return []
    reader = _Reader(part, budget)
    reader.read(value)
    parts = reader.parts()
    return parts if reader.whole or len(parts) > 1 else []


def decode_xml_behind(part: MessagePart, budget: Budget) -> list[MessagePart]:
    """The same of a whole document behind other text, which stays to be read as text."""
    value = part.value
    if isinstance(value, bytes) or "<" not in value[:FARTHEST] or not value.rstrip("\0 \t\r\n").endswith(">"):
        return []
    start = value.find("<")
    before, document = value[:start].strip(), value[start:]
    if not before or not START.match(document) or HTML.match(document) or not budget.take_bytes(len(value)):
        return []
    reader = _Reader(part, budget)
    reader.read(document)
    if not reader.whole:
        return []
    return [MessagePart(part.name, before, (*part.path, "xml", "text before"), part.beside), *reader.parts()]


class _Reader:
    """Collects parts while expat reads."""

    def __init__(self, part: MessagePart, budget: Budget) -> None:
        self.whole = False
        self._found: list[tuple[str, str, tuple[str, ...]]] = []
        self._room = budget.fields_left + 1
        self._budget = budget
        self._open = [_Element("", (*part.path, "xml"), part.name)]
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse  # the way of entity expansion attacks
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def read(self, text: str) -> None:
        plain = re.sub(r"(<\?xml[^>]*?)\s+encoding\s*=\s*[\"'][^\"']*[\"']", r"\1", text.lstrip(), count=1)
        try:
            self._parser.Parse(plain.strip("\ufeff\0 \t\r\n").encode("utf-8", "replace"), True)
            self.whole = True
        except (expat.ExpatError, _TooDeepError, ValueError):
            pass  # what came before still counts

    def parts(self) -> list[MessagePart]:
        """In the order of the document, each with the names of those that stood in the same element."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for name, _, path in self._found:
            groups.setdefault(path[:-1], []).append(name)
        beside = {path: neighbours(names) for path, names in groups.items() if len(names) > 1}
        return [
            MessagePart(name, text, path, beside.get(path[:-1], ALONE) - {name})
            for name, text, path in self._found
        ]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) > self._budget.limits.nesting:
            self._budget.meet("decode-nesting")
            raise _TooDeepError
        above = self._open[-1]
        count = above.counts[tag] = above.counts.get(tag, 0) + 1
        named, pair = _named_by(attributes) if attributes else ("", -1)
        called, around = self._called(tag)
        element = _Element(tag, (*above.path, tag), above.key or named or called, len(self._found))
        element.at = around if around and element.name == called else ()
        if element.name != local(tag):
            element.path = (*above.path, element.name if above.key or named else tag)
        if not (above.key or named) and count > 1:
            element.path = (*above.path, f"{tag}[{count - 1}]")
        self._open.append(element)
        if not attributes or tag == "plist":  # whose attribute is the version of the format
            return
        for at, (key, value) in enumerate(attributes.items()):
            if named and (key == "value" or at == pair):
                self._keep(named, value, element.path)
            elif value != named and not key.startswith("xmlns"):
                is_all = len(attributes) == 1 and local(key) in ("value", "val")
                self._keep(element.name if is_all else local(key), value, (*element.path, f"@{key}"))

    def _called(self, tag: str) -> tuple[str, tuple[str, ...]]:
        """What the text of an element is called: by its tag, or by what is around it where that says nothing.

        The path of what is around it stands beside the name then.
        """
        name = local(tag)
        if only_holds(name):
            for each in reversed(self._open[1:]):
                if not only_holds(each.name):
                    return each.name, each.at or each.path
        return name, ()

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        above, text = self._open[-1], "".join(element.text).strip()
        if tag == "key":
            above.key = text
        else:
            if text:
                self._keep(element.name, text, element.at or element.path)
            above.key = ""
        if (
            2 <= len(element.children) <= MOST_IN_PAIR and tag != "dict"
        ):  # a property list's, whose keys name what follows them
            self._pair(element)
        if len(above.children) <= MOST_IN_PAIR:
            above.children.append(_Child(tag, text, element.start, len(self._found)))

    def _pair(self, element: _Element) -> None:
        """Give the value in an element the name beside it: `<Name>imei</Name><Value>…</Value>`."""
        children = element.children
        roles = roles_of(tuple([local(child.name) for child in children]))
        named = roles.naming and name_in(roles, [child.text for child in children])
        if not named:
            return
        value = children[roles.value]
        for at in range(value.start, value.end):
            name, text, _ = self._found[at]
            if only_holds(name) or name in (named, element.name, element.tag, local(value.name)):
                self._found[at] = (named, text, (*element.path[:-1], named))

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _keep(self, name: str, text: str, path: tuple[str, ...]) -> None:
        if len(self._found) < self._room:
            self._found.append((name, text, path))

    def _refuse(self, *_: object) -> None:
        raise _TooDeepError
