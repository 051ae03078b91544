"""`phonehome geo`: the location databases listed, an address explained by each, a newer one imported."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from analyzer.geo.databases import Layer
    from analyzer.geo.user_databases import UserDatabase
    from analyzer.model import Opinion


def geo(
    words: Sequence[str], files: Sequence[str], day: date | None, regions: Sequence[str], width: int
) -> str:
    """What the command prints; ValueError, one sentence, where a file or an address is of no use."""
    from analyzer.geo.user_databases import UserDatabase

    if words[:1] == ["import"]:
        if len(words) < 2:
            raise ValueError("geo import needs a file: an .mmdb, plain or packed by gzip or xz")
        return "".join(_import(file) for file in words[1:])
    if wrong := next((word for word in words if not _is_address(word)), None):
        raise ValueError(f"{wrong!r} is no IP address; names are not looked up: nothing is sent anywhere")
    given = [UserDatabase(file) for file in files]
    blocks = _list(given) if not words else _explained(words, given, day, regions)
    return _printed(list(blocks), width)


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _printed(blocks: Sequence[RenderableType], width: int) -> str:
    import io

    from rich.console import Console

    console = Console(
        file=io.StringIO(), width=max(width, 40), color_system=None, highlight=False, _environ={}
    )
    with console.capture() as captured:
        for block in blocks:
            console.print(block)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])


def _import(file: str) -> str:
    from analyzer.geo.database_import import import_mmdb
    from analyzer.geo.databases import user_folder

    try:
        entry = import_mmdb(Path(file), user_folder())
    except OSError as error:
        raise ValueError(f"{error.filename or file}: {error.strerror}") from None
    claims = ", ".join(entry["claims"])
    return f"{file}: {entry['name']} of {entry['date']} is kept in {user_folder() / entry['id']} ({claims})\n"


# ── the list ────────────────────────────────────────────────────────────────


def _list(given: Sequence[UserDatabase]) -> Iterator[RenderableType]:
    from analyzer.geo.databases import layers, user_folder
    from analyzer.report.layout import facts, indented, say

    yield say("Location databases, the oldest first; which one answers depends on the capture's date.")
    for layer in layers():
        source = layer.source("")
        yield say("")
        yield say(f"{source.name} {source.date} — {source.says}", "bold")
        rows = [
            ("claims", ", ".join(sorted(layer.claims))),
            ("licence", source.licence),
            ("credit", source.attribution),
            ("path", str(layer.folder)),
            *(("SHA-256", f"{raw['sha256']}  {raw['file']}") for raw in layer.entry["inputs"]),
        ]
        yield indented(facts(rows))
    for own in given:
        source = own.source
        yield say("")
        yield say(f"{source.name} {source.date} — {source.says}", "bold")
        rows = [
            ("claims", "given"),
            ("licence", source.licence),
            ("path", str(own.path)),
            ("SHA-256", source.sha256),
        ]
        yield indented(facts(rows))
    yield say("")
    yield say(f"Imported databases are kept in {user_folder()}.")


# ── one address ─────────────────────────────────────────────────────────────


def _explained(
    addresses: Sequence[str], given: Sequence[UserDatabase], day: date | None, regions: Sequence[str]
) -> Iterator[RenderableType]:
    from analyzer.geo import Locator
    from analyzer.geo.databases import layers
    from analyzer.report.layout import facts, indented, say
    from analyzer.report.wording import place_line

    midnight = None if day is None else _midnight_ns(day)
    locator = Locator(midnight, regions=regions, given=given)
    for place in locator.places(addresses):
        yield say(place.address, "bold")
        rows = [("verdict", place.verdict), ("in force", place_line(place))]
        if not place.special:
            rows += [(layer.said, _said(layer, place.address)) for layer in layers()]
            rows += [(own.said, _opinion(own.opinion(place.address))) for own in given]
        yield indented(facts(rows))
    yield say(locator.note)
    for source in locator.sources:
        yield say(source.attribution, "dim")


def _midnight_ns(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400 * 1_000_000_000


def _said(layer: Layer, address: str) -> str:
    """Every claim that the database makes of the address."""
    from analyzer.geo.addresses import Addresses, numbers
    from analyzer.geo.iso import CODES

    rows = layer.rows(Addresses.of(*numbers([address])))
    said = [
        f"{claim}: {CODES[int(layer.take(claim, rows)[0])] or 'unknown'}"
        for claim in ("located", "second", "registered")
        if claim in layer.claims
    ]
    if "network" in layer.claims:
        asn = int(layer.take("asn", rows)[0])
        said.append(f"network: AS{asn} {layer.as_name(asn) or ''}".rstrip() if asn else "network: unknown")
        said += ["anycast"] if layer.take("anycast", rows)[0] else []
    return ", ".join(said) or "holders of network numbers only"


def _opinion(opinion: Opinion) -> str:
    return "; ".join(part for part in (opinion.code or "no country", opinion.detail) if part)
