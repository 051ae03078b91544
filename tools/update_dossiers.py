"""The dossiers' files → what the program reads: all of them in one file, and their published keys in another.

    python tools/update_dossiers.py          # write
    python tools/update_dossiers.py --check  # exit 1 where it is out of date

Reading a hundred TOML files takes longer than the scan of a small capture; one JSON file does not.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

DOSSIERS = Path(__file__).resolve().parent.parent / "analyzer" / "dossiers"
COMPILED = DOSSIERS / "compiled.json"
KEYS = DOSSIERS.parent / "codecs" / "published_keys.json"


def tables() -> list[dict[str, Any]]:
    """Return the tables of all dossiers, in the order of their ids."""
    found = [tomllib.loads(path.read_text("utf-8")) for path in DOSSIERS.glob("*/*.toml")]
    return sorted(found, key=lambda table: table["id"])


def compiled() -> str:
    """Return all dossiers as JSON, one a line."""
    return _as_lines(tables())


def keys() -> str:
    """Return the published keys of all dossiers as JSON, one a line."""
    return _as_lines(
        [
            {"dossier": table["id"], "cipher": cipher}
            for table in tables()
            for cipher in table.get("ciphers", ())
        ]
    )


def _as_lines(found: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(table, ensure_ascii=False) for table in found) + "\n]\n"


def main() -> int:
    """Write the files, or say whether they are those of today."""
    made = {COMPILED: compiled(), KEYS: keys()}
    if "--check" in sys.argv[1:]:
        old = [
            path.name for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text
        ]
        print(f"{', '.join(old)}: out of date, run tools/update_dossiers.py" if old else "up to date")
        return 1 if old else 0
    for path, text in made.items():
        path.write_text(text, "utf-8")
        print(f"{path.name}: {text.count(chr(10)) - 2} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
