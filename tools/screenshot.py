"""HTML reports → pictures to look at. Needs playwright and chromium.

python tools/screenshot.py             # docs/html-report.png, the page of the reconstruction
python tools/screenshot.py --all DIR   # each first screen at 1440 and 390 pixels, dark, printed
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CAPTURE = "captures/nokia7plus-reconstruction.pcap"
# name, width, colour scheme
VIEWS = (("1440", 1440, "light"), ("390", 390, "light"), ("dark", 1440, "dark"))
TALLEST = 16_000  # pixels of a picture: what is below is more of the same


def main() -> None:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if sys.argv[1:2] == ["--all"]:
            everything(browser, Path(sys.argv[2]))
        else:
            of_documentation(browser)
        browser.close()


def of_documentation(browser: Browser) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        command = [sys.executable, "-m", "analyzer", "scan", CAPTURE, "-q", "--show-identifiers"]
        subprocess.run([*command, "--html", str(path)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        page = browser.new_page(viewport={"width": 1000, "height": 1400}, color_scheme="light")
        page.goto(path.as_uri())
        page.screenshot(path=ROOT / "docs" / "html-report.png")


def everything(browser: Browser, folder: Path) -> None:
    """Each situation in each view, and as it is printed."""
    from analyzer.report.html import write
    from tests.report.first_screens import SCREENS

    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SCREENS.items():
        path = folder / f"{name}.html"
        path.write_text(write(make()), "utf-8")
        for view, width, scheme in VIEWS:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.goto(path.as_uri())
            tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
            page.set_viewport_size({"width": width, "height": tall})
            page.screenshot(path=folder / f"{name}-{view}.png")
            if scheme == "light" and width > 1_000:
                page.pdf(path=folder / f"{name}-print.pdf", prefer_css_page_size=True, print_background=True)
            page.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
