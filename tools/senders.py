"""The dossiers → `docs/senders.md`: all documented senders, by kind and country, with their confidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analyzer.dossiers import Dossier, load

DOSSIERS = Path(__file__).parent.parent / "analyzer" / "dossiers"
FOLDERS = {
    "carriers": "Mobile operators",
    "firmware": "Updates of a device's software",
    "sdk": "Components of apps",
    "location": "Location",
    "home": "Devices of a household",
    "trackers": "Trackers of vehicles, people and pets",
    "malware": "Malware",
    "benign": "Ordinary checks of a connection",
}
KINDS = {"activation-ping": "registration", "telemetry": "telemetry", "benign": "connectivity check"}
BEGIN = """# Documented senders

`tools/update_docs.py` makes this page of the dossiers. A dossier says what public sources document of a
sender. That a capture has a message of this form says who is known to send it, not which software did.

*Confidence* is that of the surest source. A is code, a capture or a document of the maker, which was read.
B is a report, or a list of facts that has not been checked a second time. C is a weak source.
*Fields* are those of which the source says that they hold an identifier. Countries are those of the
operator's seat (ISO 3166-1), where it is known.
"""


def page() -> str:
    """Return the page."""
    folders = {path.stem: path.parent.name for path in DOSSIERS.glob("*/*.toml")}
    known = load()
    parts = [BEGIN, f"{len(known)} senders.\n"]
    for folder, title in FOLDERS.items():
        of_it = [dossier for dossier in known if folders[dossier.id] == folder]
        parts.append(
            "\n".join((f"## {title}\n", *_table(sorted(of_it, key=lambda d: (d.country, d.id))), ""))
        )
    return "\n".join(parts)


def _table(dossiers: list[Dossier]) -> Iterator[str]:
    yield "| sender | operator | country | what | hosts | fields | confidence |"
    yield "|---|---|---|---|---|---|---|"
    for d in dossiers:
        cells = (
            f"{d.title} (`{d.id}`)", d.operator, d.country or "–", KINDS[d.kind], _few(d.hosts),
            _few(dict.fromkeys(d.holds.values())), min(source.confidence for source in d.sources),
        )  # fmt: skip
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _few(names: object) -> str:
    """Three names at most, and how many there are beside them."""
    every = [f"`{name}`" for name in names] if isinstance(names, tuple | dict) else []
    more = f" and {len(every) - 3} more" if len(every) > 3 else ""
    return (", ".join(every[:3]) + more) or "–"
