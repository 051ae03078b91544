"""The registry's rows → `docs/protocols.md`: what is recognised, read and not read of each protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analyzer.codecs.binary_formats import FORMATS
from analyzer.dissectors.signatures import TCP_SIGNATURES, UDP_SIGNATURES, Signature

TEXT = Path(__file__).parent / "protocols.md"


def page() -> str:
    """Return the page: a text with the tables in their places."""
    text = TEXT.read_text("utf-8")
    for name, rows in (("tcp", TCP_SIGNATURES), ("udp", UDP_SIGNATURES)):
        text = text.replace(f"<!-- {name} -->\n", "".join(_table(rows)))
    return text.replace("<!-- formats -->", ", ".join(f"`{form.step}`" for form in FORMATS))


def _table(rows: tuple[Signature, ...]) -> Iterator[str]:
    yield "| protocol | recognised by | read | not read | after |\n|---|---|---|---|---|\n"
    for row in rows:
        ports = ", ".join(map(str, row.ports))
        side = {"client": "the client's", "server": "the server's", "either": "either side's"}[row.side]
        form = f"{side} first bytes" if rows is TCP_SIGNATURES else "its form"
        how = f"{form} on port {ports} alone" if row.on_port_only else f"{form}, on any port"
        yield f"| {row.title} | {how} | {row.reads} | {row.unread or '–'} | {row.source} |\n"
