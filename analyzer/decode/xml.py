"""XML (with Apple's property lists and Android's preference files) → one part an attribute and text.

No document type is followed: entities are never expanded, nothing is ever loaded, so that the
known attacks by XML have nothing to work with. A document that breaks off gives what came before.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from xml.parsers import expat

from analyzer.decode.limits import Budget
from analyzer.decode.part import Part, neighbours

START = re.compile(r"\s*+<(?:\?xml\b|!--|!DOCTYPE\b|[A-Za-z_][\w.:\-]*+(?:\s[^<>]*+)?/?>)")
HTML = re.compile(r"\s*+<(?:!doctype\s+html|html|head|body|script|div|p|br)\b", re.IGNORECASE)
# Attributes that name the value beside them: <string name="imei">…</string>, <param key="" value="">.
NAMING = ("name", "key", "id")


@dataclass
class _Element:
    tag: str
    path: tuple[str, ...]
    name: str  # what its text is called: the tag, the name in an attribute, the <key> before it
    text: list[str] = field(default_factory=list)
    key: str = ""  # of a property list: the last <key>
    counts: Counter[str] = field(default_factory=Counter)


class _TooDeepError(Exception):
    pass


def decode_xml(part: Part, budget: Budget) -> list[Part]:
    """One part for each attribute and each text, named by attribute, key or tag; nothing of HTML."""
    value = part.value
    if isinstance(value, bytes):
        return []
    if not START.match(value) or HTML.match(value) or not budget.take_octets(len(value)):
        return []
    reader = _Reader(part, budget)
    reader.read(value)
    return reader.parts if reader.parts and (reader.whole or len(reader.parts) > 1) else []


class _Reader:
    """Collects parts while expat reads."""

    def __init__(self, part: Part, budget: Budget) -> None:
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

    @property
    def parts(self) -> list[Part]:
        """In the order of the document, each with the names of those that stood in the same element."""
        made: list[Part] = []
        for _, group in groupby(self._found, key=lambda found: found[2][:-1]):
            members = list(group)
            names = neighbours(name for name, _, _ in members)
            made += [Part(name, text, path, names - {name}) for name, text, path in members]
        return made

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) > self._budget.limits.nesting:
            self._budget.meet("decode-nesting")
            raise _TooDeepError
        above = self._open[-1]
        above.counts[tag] += 1
        named = next((attributes[key] for key in NAMING if attributes.get(key)), "")
        element = _Element(tag, (*above.path, tag), above.key or named or tag)
        if element.name != tag:
            element.path = (*above.path, element.name)
        elif above.counts[tag] > 1:
            element.path = (*above.path, f"{tag}[{above.counts[tag] - 1}]")
        self._open.append(element)
        for key, value in attributes.items() if tag != "plist" else ():  # the version of the format
            if named and key == "value":
                self._keep(named, value, element.path)
            elif value != named:
                self._keep(key, value, (*element.path, f"@{key}"))

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        above, text = self._open[-1], "".join(element.text).strip()
        if tag == "key":
            above.key = text
            return
        if text:
            self._keep(element.name, text, element.path)
        above.key = ""

    def _text(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _keep(self, name: str, text: str, path: tuple[str, ...]) -> None:
        if len(self._found) < self._room:
            self._found.append((name, text, path))

    def _refuse(self, *_: object) -> None:
        raise _TooDeepError
