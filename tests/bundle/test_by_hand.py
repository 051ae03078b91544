"""Who doubts repeats a finding with tshark and a bundle, by the very commands that the docs print."""

from __future__ import annotations

import hashlib
import json as standard
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.cli import main
from analyzer.report import json

ROOT = Path(__file__).parent.parent.parent
CAPTURE = ROOT / "captures" / "nokia7plus-reconstruction.pcap"
NEEDED = ("tshark", "sha256sum", "base64", "sh", "python3")
pytestmark = pytest.mark.skipif(
    any(shutil.which(each) is None for each in NEEDED), reason=f"one of {', '.join(NEEDED)} is not installed"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report and its bundle, as the page's first lines make them."""
    place = tmp_path_factory.mktemp("by-hand")
    report, bundle = place / "report.json", place / "bundle"
    assert main(["scan", "-q", str(CAPTURE), "--json", str(report)]) == 0
    assert main(["evidence", str(report), "-q", "-o", str(bundle)]) == 0
    return place


def commands(text: str, start: str) -> list[str]:
    """The lines of the first block of commands behind `start`."""
    found = re.search(rf"{re.escape(start)}\n```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def said_by(lines: list[str], place: Path) -> str:
    done = subprocess.run(
        ["sh", "-ec", "\n".join(lines)], cwd=place, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_the_page_show_what_the_report_says(folder: Path) -> None:
    said = said_by(commands((ROOT / "docs" / "evidence.md").read_text(), "<!-- by hand -->"), folder)
    report = json.read((folder / "report.json").read_text())
    ping = report.pings[0]
    message = next(each for each in report.messages if each.number == ping.message)
    assert message.body.sha256 is not None
    assert message.body.sha256 in said
    assert "README.txt: OK\n" in said
    assert f"[frame {ping.evidence.frames[0]} of " in said
    decoded = standard.loads(said[said.rindex("\n{\n") :])
    found = {each.name: each.raw for each in report.findings if each.message == message.number}
    assert len(found) >= 7
    assert {name: decoded[name] for name in found} == found


def test_the_commands_in_the_bundles_own_readme_work(folder: Path) -> None:
    bundle = folder / "bundle"
    lines = [line.strip() for line in (bundle / "README.txt").read_text().splitlines()]
    ours = [line for line in lines if line.startswith(("sha256sum", "tshark"))]
    assert len(ours) >= 4
    shutil.rmtree(folder / "by-hand", ignore_errors=True)
    said = said_by(ours, bundle)
    bodies = [path.read_bytes() for path in (folder / "by-hand").iterdir()]
    assert len(bodies) == 2
    assert main(["verify", str(bundle)]) == 0
    assert all(hashlib.sha256(body).hexdigest() in said for body in bodies)
