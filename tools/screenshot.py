"""The HTML report of the reconstruction → `docs/html-report.png`. Needs playwright and chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CAPTURE = "captures/nokia7plus-reconstruction.pcap"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        page_path = Path(folder) / "report.html"
        command = [sys.executable, "-m", "analyzer", "scan", CAPTURE, "-q", "--show-identifiers"]
        subprocess.run([*command, "--html", str(page_path)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 1400}, color_scheme="light")
        page.goto(page_path.as_uri())
        page.screenshot(path=ROOT / "docs" / "html-report.png")
        browser.close()


if __name__ == "__main__":
    main()
