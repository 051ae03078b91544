"""The language a document is written in: English text → words, plurals and numbers of that language.

English texts are the keys of the catalogues in `locale/`. What a report itself holds (reasons, problems, the
words of dossiers) was written when the capture was read and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from gettext import NullTranslations, translation
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("en", "nb")
# Of thousands, of decimals. A space that doesn't break would be shown as an escape (`report.text`).
_SEPARATORS = {"en": (",", "."), "nb": (" ", ",")}


@dataclass(frozen=True)
class Language:
    """A language by its code of ISO 639 and its catalogue."""

    code: str = "en"
    catalogue: NullTranslations = field(default_factory=NullTranslations)


_current: ContextVar[Language] = ContextVar("language", default=Language())  # noqa: B039


@contextmanager
def language(code: str) -> Iterator[None]:
    """What is written inside is in this language; LookupError where there is no catalogue of it."""
    if code not in LANGUAGES:
        raise LookupError(f"no catalogue of the language {code!r}; there are {', '.join(LANGUAGES)}")
    catalogue = NullTranslations() if code == "en" else translation("phonehome", LOCALE, [code])
    token = _current.set(Language(code, catalogue))
    try:
        yield
    finally:
        _current.reset(token)


def code() -> str:
    """The code of the language in force: "en"."""
    return _current.get().code


def _(text: str) -> str:
    """A text of ours in the language in force."""
    return _current.get().catalogue.gettext(text) if text else text  # "" is the catalogue's own header


def mark(text: str) -> str:
    """Marks a text of a table for the catalogue; `_` translates it where it is used."""
    return text


def plural(count: int, one: str, many: str) -> str:
    """The form that fits the count, `{n}` in it replaced by the count."""
    return _current.get().catalogue.ngettext(one, many, count).replace("{n}", number(count))


def number(count: int) -> str:
    """A whole number with its thousands set apart: "1,204", "1 204"."""
    return f"{count:,}".replace(",", _SEPARATORS[code()][0])


def decimal(text: str) -> str:
    """A number that was written with a decimal point."""
    return text.replace(".", _SEPARATORS[code()][1])
