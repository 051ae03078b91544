"""Code → the parts of the documentation that code can state: printed output, help, JSON Schema.

A part stands between `<!-- output: COMMAND -->` and `<!-- end -->` and is what that command prints
at 80 columns; `<!-- output: COMMAND | head N -->` keeps the first N lines. The commands of a page run one
after another in a folder of their own that has `captures/`; what one writes there, the next can read.

    python tools/update_docs.py          # write
    python tools/update_docs.py --check  # exit 1 where something is out of date

Beside the documentation, the outlines of the HTML reports of `captures/` under `tests/report/html/golden/`.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", DOCS / "example-report.md", DOCS / "nrk.md", DOCS / "diff.md")
SCHEMA = ROOT / "analyzer" / "report" / "schema.json"
DOSSIER_SCHEMA = ROOT / "analyzer" / "dossiers" / "dossier.schema.json"
DIFF_SCHEMA = ROOT / "analyzer" / "report" / "diff-schema.json"
GOLDEN = ROOT / "tests" / "report" / "html" / "golden"
OUTLINES = {  # name of the golden file → capture, language
    "reconstruction-en": ("nokia7plus-reconstruction.pcap", "en"),
    "reconstruction-nb": ("nokia7plus-reconstruction.pcap", "nb"),
    "unanswered-en": ("nokia7plus-reconstruction-unanswered.pcap", "en"),
}
_PART = re.compile(
    r"(<!-- output: (?P<command>.+?)(?: \| head (?P<lines>\d+))? -->\n).*?(<!-- end -->)", re.DOTALL
)
SETTINGS = {"COLUMNS": "80", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONUTF8": "1"}
_VERSION = runpy.run_path(str(ROOT / "analyzer" / "version.py"))["VERSION"]
# What differs from run to run, and between a source tree and an installed package.
_PASSING = (
    (re.compile(r"(report made +)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), r"\1(the time of the run)"),
    (re.compile(r"\Aphonehome \S+"), f"phonehome {_VERSION}"),
)


def printed(command: str, lines: int | None = None, folder: Path = ROOT) -> str:
    """What a `phonehome …` command prints at 80 columns, run by this interpreter in a folder."""
    program, *arguments = shlex.split(command)
    if program != "phonehome":
        raise ValueError(f"only phonehome is run for the documentation, not {program}")
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "COLUMNS": "80",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    text = done.stdout
    for pattern, lasting in _PASSING:
        text = pattern.sub(lasting, text)
    kept = text.splitlines(keepends=True)[:lines]
    return "".join(kept) + ("…\n" if lines and lines < text.count("\n") else "")


def renewed(page: str) -> str:
    """The page with every marked part printed anew."""

    def part(found: re.Match[str]) -> str:
        lines = int(found["lines"]) if found["lines"] else None
        return f"{found[1]}```text\n{printed(found['command'], lines, folder)}```\n{found[4]}"

    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "captures").symlink_to(ROOT / "captures")
        return _PART.sub(part, page)


def schema() -> str:
    """The JSON Schema of saved reports as a file."""
    from analyzer.report.json import schema

    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def diff_schema() -> str:
    """The JSON Schema of saved comparisons as a file."""
    from analyzer.compare.document import schema

    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def outlined(capture: str, language: str) -> str:
    """What a reader meets on the HTML report of a capture."""
    from tools.outline import outline

    command = ["scan", f"captures/{capture}", "-q", "--show-identifiers", "--lang", language, "--html", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", *command],
        cwd=ROOT,
        env={**os.environ, **SETTINGS},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return outline(done.stdout)


def references() -> dict[Path, str]:
    """The reference pages, each with the text it should have."""
    from tools import dossier_schema, protocols, reference, senders

    return {
        DOCS / "protocols.md": protocols.page(),
        DOCS / "senders.md": senders.page(),
        DOSSIER_SCHEMA: dossier_schema.text(),
        DOCS / "commands.md": renewed(reference.commands()),
        DOCS / "report-json.md": reference.json_report(),
    }


def wanted() -> dict[Path, str]:
    """Each generated file with the text it should have."""
    pages = {page: renewed(page.read_text("utf-8")) for page in PAGES}
    outlines = {GOLDEN / f"{name}.txt": outlined(*about) for name, about in OUTLINES.items()}
    return {SCHEMA: schema(), DIFF_SCHEMA: diff_schema(), **references(), **pages, **outlines}


def main() -> int:
    stale = {path: text for path, text in wanted().items() if _stands(path) != text}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)} is out of date")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if stale and "--check" in sys.argv else 0


def _stands(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
