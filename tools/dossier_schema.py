"""The dataclasses of dossiers and layouts → `analyzer/dossiers/dossier.schema.json`, for editors.

It knows names and types. What a schema can't say (that a rule is not content with weak evidence, that a
structure ends) `phonehome dossiers test` tells.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from analyzer.codecs.published_keys import BLOCKS, DERIVATIONS, RC4, XOR, CarriedKey
from analyzer.dossiers import schema
from analyzer.layouts import checks, value_forms
from analyzer.layouts import layout_tables as layouts

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
TEXTS = {"type": "array", "items": TEXT}
GRADE = {"enum": list(schema.GRADES)}
VALUES = {"anyOf": [TEXT, WHOLE, {"type": "array", "items": {"type": ["string", "integer"]}}]}
BY_PYTHON = {
    "str": TEXT, "int": WHOLE, "float": {"type": "number"}, "bool": {"type": "boolean"},
    "tuple[str, ...]": TEXTS,
    "tuple[int, ...]": {"type": "array", "items": WHOLE}, "frozenset[str]": TEXTS,
    "Mapping[str, str]": {"type": "object", "additionalProperties": TEXT},
    "bytes": {"type": "string", "pattern": "^([0-9A-Fa-f]{2})*$"},
    "Confidence": {"enum": list(schema.CONFIDENCES)},
    "tuple[int | str, ...]": {"type": "array", "items": {"type": ["string", "integer"]}},
    "re.Pattern[bytes]": TEXT, "re.Pattern[bytes] | None": TEXT, "re.Pattern[str] | None": TEXT,
    "Mapping[str, tuple[int | str, ...]]": {"type": "object", "additionalProperties": VALUES},
    "Mapping[str, re.Pattern[bytes]]": {"type": "object", "additionalProperties": TEXT},
    "Mapping[str, re.Pattern[str]]": {"type": "object", "additionalProperties": TEXT},
    "Mapping[bytes, bytes]": {"type": "object", "additionalProperties": TEXT},
}  # fmt: skip
# What the form of a file differs in from the class that is made of it.
CIPHER = {
    "type": "object",
    "properties": {
        "algorithm": {"enum": [*BLOCKS, RC4, XOR]}, "mode": {"enum": ["ECB", "CBC"]}, "key": TEXT,
        "key_hex": TEXT, "derivation": {"enum": list(DERIVATIONS)}, "iv": TEXT, "iv_hex": TEXT,
        "padding": {"enum": ["pkcs7", "zero"]},
        "alphabet": TEXT, "source": TEXT, "says": TEXT,
    },
    "required": ["algorithm", "source"],
    "additionalProperties": False,
}  # fmt: skip
EXAMPLE = {
    "type": "object",
    "properties": {
        "host": TEXT, "target": TEXT, "method": TEXT, "port": WHOLE, "body": TEXT, "body_hex": TEXT,
        "body_base64": TEXT, "hex": TEXT, "text": TEXT, "case": TEXT,
        "headers": {"type": "object", "additionalProperties": TEXT},
        "values": {"type": "object", "additionalProperties": TEXT},
    },
    "additionalProperties": False,
}  # fmt: skip


def text() -> str:
    """Return the schema as a file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a dossier."""
    carried = _object(CarriedKey, salt=TEXT)
    cipher = {**CIPHER, "properties": {**CIPHER["properties"], "carried": carried}}  # type: ignore[dict-item]
    known = _object(
        schema.Dossier,
        kind={"enum": list(schema.KINDS)},
        client=_object(schema.KnownClient, confidence=GRADE),
        sources=_list(_object(schema.DossierSource, confidence=GRADE)),
        recognise=_list(_object(
            schema.EvidenceRule, needs={"type": "array", "items": {"enum": sorted(schema.EVIDENCE)}}
        )),
        grammar=_object(schema.Grammar),
        status=_object(schema.StatusRule),
        retry=_object(schema.Retry),
        fields=_by_name(_object(schema.Explanation, kind={"enum": ["", *sorted(schema.HELD)]})),
        layout=_layout(),
        ciphers=_list(cipher),
        example=EXAMPLE,
    )  # fmt: skip
    for made in ("holds", "kinds"):  # of the object, not of the file
        known["properties"].pop(made)
    known["required"] = [name for name in known["required"] if name not in ("holds", "kinds")]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "phonehome dossier", **known}


def _layout() -> dict[str, Any]:
    kinds, forms = {"enum": sorted(checks.KINDS)}, {"enum": list(value_forms.FORMS)}
    repeated = _object(layouts.Repeated)
    value = _object(layouts.ValueRule, form=forms, negative={"type": "object"}, absent=TEXTS)
    value["required"] = []
    return _object(
        layouts.MessageLayout,
        begins=TEXT,
        separator=TEXT,
        framing=_object(layouts.MessageFraming),
        checks=_list(_object(layouts.IntegrityCheck, kind=kinds)),
        cases=_list(_object(
            layouts.MessageCase, members={"type": "array", "items": {"anyOf": [TEXT, repeated]}}
        )),
        values=_by_name(value),
        tags=_list(_object(layouts.TagNames, names={"type": "object", "additionalProperties": TEXT})),
    )  # fmt: skip


def _object(of: type, **other: Any) -> dict[str, Any]:
    properties, required = {}, []
    for field in dataclasses.fields(of):
        properties[field.name] = other.get(field.name) or BY_PYTHON[str(field.type)]
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _by_name(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": items}
