"""The owner's own identifiers in a field, in any encoding, where no detector has seen them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzer.identifiers.base import KIND_TITLES, Context, Verdict, finding
from analyzer.identifiers.owner_values import same_number
from analyzer.model import Field, Finding


def owned_in(field: Field, context: Context, found: Sequence[Finding]) -> Iterator[Finding]:
    """One Finding a kind and encoding; its value is what stood there, not what the owner gave."""
    if not context.known:
        return
    data = field.value if isinstance(field.value, bytes) else field.value.encode("utf-8", "surrogatepass")
    already = {same_number(finding.kind) for finding in found if finding.known}
    for hit in context.known.search(data):
        if same_number(hit.kind) in already:
            continue
        raw = _shown(data[hit.start : hit.end])
        reason = f"the {KIND_TITLES[hit.kind]} that the owner gave ({hit.encoding})"
        details = {"encoding": hit.encoding}
        made = finding(hit.kind, raw, raw, field, Verdict("high", (reason,)), context, details)
        yield replace(made, known=True)  # which its encoded value alone does not show


def _shown(data: bytes) -> str:
    return data.decode("ascii") if data.isascii() and data.decode("ascii").isprintable() else data.hex()
