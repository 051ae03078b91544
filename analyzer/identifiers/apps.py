"""Lists of installed apps: what somebody uses tells much about who they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.labels import kinds_named
from analyzer.model import Field, Finding

# Names of packages as Android asks for them: two segments at least, separated by dots.
PACKAGE = re.compile(r"(?<![\w./:@-])[a-z][a-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*){1,6}(?![\w./:@-])", re.ASCII)
STARTS = ("com.", "org.", "net.", "io.", "cn.", "no.", "de.", "ru.", "me.", "app.", "air.", "jp.", "kr.")
FEWEST = 3
SHOWN = 8


class Apps:
    """Finds three or more names of packages in fields that are named for a list of apps."""

    kind = "apps"
    examples = (("installed_apps", "com.example.mail,org.example.chat,no.example.bank"),)
    counterexamples = (
        ("installed_apps", "com.example.mail"),
        ("text", "com.example.mail,org.example.chat,no.example.bank"),
        ("apps", "index.html,style.css,main.js"),
    )

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """One for the whole list, at its first field."""
        if "apps" not in kinds_named(field.name):
            return
        fields = _list_of(field, context)
        if not fields or fields[0] is not field:
            return
        packages = list(dict.fromkeys(name for each in fields for name in _packages(str(each.value))))
        if len(packages) >= FEWEST:
            shown = ", ".join(packages[:SHOWN]) + (", …" if len(packages) > SHOWN else "")
            reasons = (f"the field is named {field.name}", f"{len(packages)} names of Android packages")
            details = {"count": str(len(packages))}
            raw = str(field.value)[:256]
            yield finding(self.kind, shown, raw, field, Verdict("high", reasons), context, details)


def _list_of(field: Field, context: Context) -> list[Field]:
    """The fields of the same name in the same list, which has a path that ends in [0], [1] …"""
    if not field.evidence.path[-1:] or not field.evidence.path[-1].startswith("["):
        return [field]
    return [other for other in context.next_to(field) if other.name == field.name]


def _packages(text: str) -> list[str]:
    return [name for name in PACKAGE.findall(text) if name.startswith(STARTS)]
