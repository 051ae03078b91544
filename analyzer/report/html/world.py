"""Country codes → outlines and label points of the map."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@cache
def outlines() -> Any:
    """`width`, `height`, `shapes` (code → SVG path), `land` (without a code), `points` (code → [x, y])."""
    return json.loads((HERE / "world.json").read_text("utf-8"))
