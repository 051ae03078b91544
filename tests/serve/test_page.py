"""The page in a real browser: headless Chromium, driven by Playwright; nothing beyond loopback is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.running import CAPTURE, Served

pytest.importorskip("starlette", reason="serve's packages are not installed")
PATIENCE = 60_000  # milliseconds


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page, opened; at the end: no error in the console, nothing asked of anybody else."""
    with Served(tmp_path / "served" if (tmp_path / "served").mkdir() is None else tmp_path) as served:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE)
        opened = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(served.address)
        yield opened
        assert [text for text in said if "status of 4" not in text] == []
        assert [url for url in asked if not url.startswith(served.base)] == []
        context.close()


def upload(page: Any, *paths: Path) -> None:
    page.set_input_files("#captures", [str(path) for path in paths])
    page.click("button[type=submit]")


def test_a_capture_is_dropped_and_its_report_opens(page: Any) -> None:
    assert "token" not in page.url
    upload(page, CAPTURE)
    page.wait_for_selector("text=The answer")
    assert "RECONSTRUCTION" in page.inner_text("main")
    assert page.url.partition("/jobs/")[2]
    assert "7 activation payloads" in page.inner_text("main")
    with page.expect_download() as waiting:
        page.click("text=(report.json)")
    assert waiting.value.suggested_filename == "nokia7plus-reconstruction-report.json"
    page.click("header a")
    assert "nokia7plus-reconstruction.pcap" in page.inner_text("table")


def test_progress_is_shown_while_it_reads(page: Any, tmp_path: Path) -> None:
    data = CAPTURE.read_bytes()
    big = tmp_path / "big.pcap"
    big.write_bytes(data[:24] + data[24:] * 60)
    upload(page, big)
    page.wait_for_selector("#done[value]")
    assert "packets so far" in page.inner_text("#state") or "writing" in page.inner_text("#state")
    page.wait_for_selector("text=The answer")


def test_a_bad_file_is_said(page: Any, tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7\n" * 20)
    upload(page, tmp_path / "letter.pdf")
    page.wait_for_selector("[role=alert]")
    assert "letter.pdf" in page.inner_text("[role=alert]")


def test_it_works_by_keyboard_alone(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.type"))
        if seen[-1] == "captures":  # the dialog that it opens is the browser's own
            page.set_input_files("#captures", str(CAPTURE))
        if seen[-1] == "submit":
            page.keyboard.press("Enter")
            break
    assert seen[-1] == "submit", seen
    page.wait_for_selector("text=The answer")


def test_files_can_be_dragged_in(page: Any) -> None:
    import base64

    data = base64.b64encode(CAPTURE.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """octets => { const data = new DataTransfer();
        const bytes = Uint8Array.from(atob(octets), c => c.charCodeAt(0));
        data.items.add(new File([bytes], "dragged.pcap")); return data; }""",
        data,
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    page.wait_for_selector("text=The answer")
    assert "dragged.pcap" in page.inner_text("h1")


def test_two_uploads_at_once(page: Any) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        one.set_input_files("#captures", str(CAPTURE))
    page.click("button[type=submit]")
    other.click("button[type=submit]")
    for one in (page, other):
        one.wait_for_selector("text=The answer")
    assert page.url != other.url


def test_two_scans_are_compared(page: Any) -> None:
    for _ in range(2):
        upload(page, CAPTURE)
        page.wait_for_selector("text=The answer")
        page.click("header a")
    page.click("form[action='/compare'] button")
    page.wait_for_selector("pre")
    assert "nokia7plus-reconstruction.pcap" in page.inner_text("pre")


def test_without_script_it_works_too(browser: Any, tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        context = browser.new_context(java_script_enabled=False)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(served.address)
        upload(page, CAPTURE)
        page.wait_for_selector("text=The answer")
        context.close()


def test_axe_finds_no_serious_violation(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()

    def check() -> None:
        found = axe.run(page).response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert serious == [], [(v["id"], [n["html"] for n in v["nodes"]]) for v in serious]

    check()
    upload(page, CAPTURE)
    page.wait_for_selector("text=The answer")
    check()
    page.emulate_media(color_scheme="dark")
    check()
    page.goto(page.url.partition("/jobs")[0])
    check()


def test_hostile_text_of_a_capture_stays_text(page: Any, tmp_path: Path) -> None:
    from tests.hostile.captures import attacks

    path = tmp_path / "<img src=x onerror=alert(1)>.pcap"
    path.write_bytes(attacks())
    page.on("dialog", lambda dialog: pytest.fail(f"script ran: {dialog.message}"))
    upload(page, path)
    page.wait_for_selector("text=The answer")
    assert page.locator("main img, main script, main svg, main iframe").count() == 0
    if (page.locator("text=Open the report")).count():
        page.click("text=Open the report")
        page.wait_for_load_state()
        assert page.evaluate("window.attacked === undefined")


@pytest.mark.skipif("PHONEHOME_SCREENSHOTS" not in os.environ, reason="PHONEHOME_SCREENSHOTS names no folder")
def test_screenshots(page: Any) -> None:
    folder = Path(os.environ["PHONEHOME_SCREENSHOTS"])
    page.screenshot(path=folder / "home.png")
    upload(page, CAPTURE)
    page.wait_for_selector("text=The answer")
    page.screenshot(path=folder / "job.png", full_page=True)
    page.emulate_media(color_scheme="dark")
    page.click("header a")
    page.screenshot(path=folder / "dark.png")
