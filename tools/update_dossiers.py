"""The dossiers' files → the one file that the program reads when it begins.

    python tools/update_dossiers.py          # write
    python tools/update_dossiers.py --check  # exit 1 where it is out of date

Reading a hundred TOML files takes longer than the scan of a small capture; one JSON file does not.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

DOSSIERS = Path(__file__).resolve().parent.parent / "analyzer" / "dossiers"
COMPILED = DOSSIERS / "compiled.json"


def compiled() -> str:
    """Return all dossiers as JSON, one a line, in the order of their ids."""
    tables = [tomllib.loads(path.read_text("utf-8")) for path in DOSSIERS.glob("*/*.toml")]
    lines = (json.dumps(table, ensure_ascii=False) for table in sorted(tables, key=lambda table: table["id"]))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main() -> int:
    """Write the file, or say whether it is that of today."""
    text = compiled()
    if "--check" in sys.argv[1:]:
        is_same = COMPILED.exists() and COMPILED.read_text("utf-8") == text
        print("up to date" if is_same else f"{COMPILED.name} is out of date: run tools/update_dossiers.py")
        return 0 if is_same else 1
    COMPILED.write_text(text, "utf-8")
    print(f"{COMPILED.name}: {text.count(chr(10)) - 2} dossiers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
