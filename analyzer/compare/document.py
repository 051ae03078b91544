"""Comparison → a versioned JSON document in pure ASCII, with the state of each row and the sentences."""

from __future__ import annotations

import json
from typing import Any

from analyzer.compare.comparison import ROWS, SCHEMA, Comparison, state
from analyzer.compare.comparison_limits import cautions
from analyzer.compare.difference import answer
from analyzer.report.language import language
from analyzer.report.type_codecs import codec

TEXTS = {"type": "array", "items": {"type": "string"}}
STATE = {
    "enum": ["new", "gone", "unchanged"],
    "description": "gone: seen in A, not seen in B; no proof of more",
}


def write(diff: Comparison, version: str) -> str:
    """The document; it ends in a newline. Its sentences are English whatever language is in force."""
    document = codec(Comparison).dump(diff)
    for name in ROWS:
        for row, entry in zip(getattr(diff, name), document[name], strict=True):
            entry["state"] = state(row)
    head = {"schema": SCHEMA, "tool": {"name": "phonehome", "version": version}}
    with language("en"):
        said = {"answer": answer(diff), "cannot_show": cautions(diff)}
    return (
        json.dumps({**head, **said, **document}, indent=1, allow_nan=False).replace("\x7f", "\\u007f") + "\n"
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the documents that `write` makes."""
    described = codec(Comparison).schema
    properties = {**described["properties"], "schema": {"const": SCHEMA}}
    for name in ROWS:
        row = properties[name]["items"]
        made = {
            **row,
            "properties": {**row["properties"], "state": STATE},
            "required": [*row["required"], "state"],
        }
        properties[name] = {"type": "array", "items": made}
    properties |= {"answer": TEXTS, "cannot_show": TEXTS, "tool": {"type": "object"}}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA}
    return {
        **head,
        **described,
        "properties": properties,
        "required": ["schema", "answer", "cannot_show", *ROWS],
    }
