"""Country codes → names in the language in force, as the Unicode CLDR has them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.report.language import code as language_code

HERE = Path(__file__).parent


@cache
def _names() -> Any:
    return json.loads((HERE / "countries.json").read_text("utf-8"))


def country(code: str) -> str:
    """The name of a country as the Unicode CLDR has it; a code that it lacks is its own name."""
    return str(_names().get(code, {}).get(language_code(), code))
