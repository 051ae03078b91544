"""Texts of ours in the folders that write for people → catalogues for translation and for use.

    python tools/update_catalogue.py          # write
    python tools/update_catalogue.py --check  # exit 1 where something is out of date or untranslated

`locale/phonehome.pot` holds all texts; each `locale/XX/LC_MESSAGES/phonehome.po` is to be translated by hand,
and phonehome.mo beside it is what the program reads. Words of dossiers are extracted too; they may wait for
a translation, and tests/report/html/untranslated.txt lists those that do. A file whose texts and translations
are those of today stays as it is, for each version of Babel writes other headers and line breaks.
Needs babel.
"""

from __future__ import annotations

import io
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "analyzer" / "report"
FOLDERS = {"": REPORT, "compare/": ROOT / "analyzer" / "compare", "corpus/": ROOT / "analyzer" / "corpus"}
LOCALE = REPORT / "locale"
DOSSIERS = ROOT / "analyzer" / "dossiers"
OF_DOSSIERS = "dossiers/"
METHODS = [("**.py", "python"), ("html/templates/**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "mark": None, "plural": (2, 3)}
SAME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # the same bytes at every run
LANGUAGES = {"nb": "nplurals=2; plural=(n != 1);"}


def template() -> Catalog:
    """All texts, with the files that they stand in."""
    found = Catalog(project="phonehome", charset="utf-8")
    for prefix, folder in FOLDERS.items():
        for name, _line, message, comments, context in extract_from_dir(folder, METHODS, keywords=KEYWORDS):
            found.add(message, None, [(prefix + name, 1)], auto_comments=comments, context=context)
    for name, text in words_of_dossiers():
        found.add(text, None, [(name, 1)])
    return found


def words_of_dossiers() -> Iterator[tuple[str, str]]:
    """Yield each dossier's file with the words that a report takes from it: title, meanings, codes."""
    for path in sorted(DOSSIERS.glob("*/*.toml")):
        table = tomllib.loads(path.read_text("utf-8"))
        words = [table["title"], *table.get("status", {}).get("means", {}).values()]
        for entry in table.get("fields", {}).values():
            words += [entry["means"], *entry.get("values", {}).values()]
        yield from ((f"{OF_DOSSIERS}{path.parent.name}/{path.name}", text) for text in words)


def updated(language: str, texts: Catalog) -> Catalog:
    """The catalogue of a language with the texts of today; what has gone is gone."""
    path = LOCALE / language / "LC_MESSAGES" / "phonehome.po"
    made = Catalog(locale=language, project="phonehome", charset="utf-8")
    if path.exists():
        made = read_po(io.BytesIO(path.read_bytes()), locale=language)
    made.update(texts, no_fuzzy_matching=True)
    made.obsolete.clear()
    return made


def untranslated(catalogue: Catalog) -> list[str]:
    """Texts of the program without a translation; those of dossiers may wait for one (`waiting`)."""
    texts = (m for m in catalogue if m.id and not _is_of_dossiers(m))
    return [str(m.id) for m in texts if not (all(m.string) if m.pluralizable else m.string)]


def waiting(language: str) -> list[str]:
    """Return the words that stand in dossiers alone and have no translation yet; they stay English."""
    catalogue = updated(language, template())
    return sorted(str(m.id) for m in catalogue if m.id and not m.string and _is_of_dossiers(m))


def _is_of_dossiers(message: Message) -> bool:
    return all(file.startswith(OF_DOSSIERS) for file in _files_of(message))


def as_po(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalogue, omit_header=True, sort_output=True, include_lineno=False, width=100)
    return (
        b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        + _plurals(catalogue)
        + out.getvalue()
    )


def _plurals(catalogue: Catalog) -> bytes:
    form = LANGUAGES.get(str(catalogue.locale or ""))
    return f'"Plural-Forms: {form}\\n"\n\n'.encode() if form else b"\n"


def as_mo(po: bytes, language: str) -> bytes:
    out, catalogue = io.BytesIO(), read_po(io.BytesIO(po), locale=language)
    catalogue.creation_date = catalogue.revision_date = SAME_DAY
    write_mo(out, catalogue)
    return out.getvalue()


def meaning(name: str, content: bytes) -> dict[Any, Any]:
    """Return what a catalogue file says, whichever version of Babel wrote it.

    A `.po` or `.pot` file gives each text with its translation, the files that contain it and its comments;
    a `.mo` file gives each text with its translation. Both give the language's choice of plural forms.
    """
    if name.endswith(".mo"):
        read = GNUTranslations(io.BytesIO(content))
        texts = {key: text for key, text in vars(read)["_catalog"].items() if key}
        return {**texts, "": [read.plural(n) for n in range(200)]}  # type: ignore[attr-defined]
    catalogue = read_po(io.BytesIO(content))
    texts = {(m.context, m.id): (m.string, _files_of(m), m.auto_comments) for m in catalogue if m.id}
    return {**texts, "": catalogue.plural_expr}


def _files_of(message: Message) -> list[str]:
    return sorted({file for file, _line in message.locations})


def stale(files: dict[Path, bytes]) -> list[Path]:
    """Return the files that are absent, or say something else than they should."""
    return [
        path
        for path, content in files.items()
        if not path.exists() or meaning(path.name, path.read_bytes()) != meaning(path.name, content)
    ]


def wanted() -> tuple[dict[Path, bytes], list[str]]:
    """Each file with what it should hold, and the texts that are not translated."""
    texts = template()
    files, missing = {LOCALE / "phonehome.pot": as_po(texts)}, []
    for language in LANGUAGES:
        catalogue = updated(language, texts)
        po, folder = as_po(catalogue), LOCALE / language / "LC_MESSAGES"
        files |= {folder / "phonehome.po": po, folder / "phonehome.mo": as_mo(po, language)}
        missing += untranslated(catalogue)
    return files, missing


def main() -> int:
    files, missing = wanted()
    old = stale(files)
    for path in old:
        print(f"{path.relative_to(ROOT)} is out of date")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
    for text in missing:
        print(f"not translated: {text}")
    for language in LANGUAGES:
        print(f"{language}: {len(waiting(language))} texts of dossiers wait for a translation")
    return 1 if missing or (old and "--check" in sys.argv) else 0


if __name__ == "__main__":
    sys.exit(main())
