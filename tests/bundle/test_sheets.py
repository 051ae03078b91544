"""The sheets of a bundle: what they say, that no change in them goes unseen, and that their commands work."""

from __future__ import annotations

import json as standard
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.bundle.bundle import PRINTED
from tests.builders import conversation, http_request, http_response, pcap
from tests.bundle import forging
from tests.bundle.making import ICCID, IMEI, MAC, SECRETS, bundle, call, capture, post

NEEDED = ("tshark", "openssl", "sha256sum", "sh")
COMMAND = re.compile(r"^   \$ (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two sends of the same, one of them in base64."""
    folder = tmp_path_factory.mktemp("sheets")
    body = standard.dumps({"imei": IMEI, "iccid": ICCID, "mac": MAC}).encode()
    answer = (False, http_response(200, b"OK"))
    frames = [
        packet
        for at, data in enumerate((body, body, b"bye " + body))
        for packet in conversation((True, post(data)), answer, ports=(40000 + at, 80))
    ]
    (folder / "phone.pcap").write_bytes(pcap(frames))
    return bundle(folder, folder / "phone.pcap")


def test_the_custody_sheet_says_what_the_files_show_and_leaves_the_rest_to_a_pen(
    made: Path, original: Path
) -> None:
    text = (made / "custody.txt").read_text()
    assert forging.sha256(original.read_bytes()) in text
    assert f"{original.stat().st_size:,} bytes" in text
    assert "[ ] 192.0.2.10" in text
    for line in ("recorded by", "device, model", "method, settings", "Handed over", "signature"):
        assert line in text
    assert text.count("____") > 20


def test_the_company_is_told_what_was_seen_and_no_value(made: Path) -> None:
    text = (made / "right-of-reply.txt").read_text()
    assert "TCP to 198.51.100.20 port 80 (www.example.com), 2 times" in text
    assert "2019-02-20 16:01:00 UTC" in text
    assert "IMEI, class identifier, in field imei (body → json → imei)" in text
    assert not [each for each in SECRETS if each in text]
    assert "Please answer by" in text


def test_covers_say_how_far_each_claim_goes(made: Path) -> None:
    editor, lawyer = ((made / f"cover-{who}.txt").read_text() for who in ("editor", "lawyer"))
    assert "values of the class 'identifier': 9" in editor
    assert "phonehome verify" in editor
    assert "Sums alone prove no origin" in lawyer
    assert all(len(line) <= 116 for text in (editor, lawyer) for line in text.splitlines())


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_sheet_that_was_changed_is_named(copy: Path, original: Path, name: str) -> None:
    path = copy / name
    path.write_text(path.read_text().replace("the", "thy", 1))
    forging.resealed(copy)
    alone = forging.checked(copy)
    assert [each for each in alone.wrong if each.startswith(f"{name}:")]
    assert not forging.checked(copy, original).is_built_again


def test_sheets_of_a_redacted_bundle_hold_no_original(tmp_path: Path) -> None:
    target = bundle(tmp_path, capture(tmp_path, "plain JSON in many segments"), "--redact")
    text = "".join((target / name).read_text() for name in PRINTED)
    assert not [each for each in SECRETS if each in text]
    assert text.count("are pseudonyms") >= 4
    assert call("verify", target) == 0


def test_what_a_capture_says_cannot_write_into_a_sheet(tmp_path: Path) -> None:
    host = "a\x1b[31m.example"
    request = http_request("GET", f"/?imei={IMEI}", host)
    frames = conversation((True, request), (False, http_response(200, b"ok")))
    (tmp_path / "phone.pcap").write_bytes(pcap(frames))
    target = bundle(tmp_path, tmp_path / "phone.pcap")
    for name in PRINTED:
        assert (target / name).read_text().replace("\n", "").isprintable(), name


@pytest.mark.skipif(any(shutil.which(each) is None for each in NEEDED), reason="a program is not installed")
def test_the_commands_by_hand_print_what_stands_below_them(copy: Path) -> None:
    text = (copy / "by-hand.txt").read_text()
    commands = COMMAND.findall(text)
    assert len(commands) >= 3 + 2 * 3
    done = subprocess.run(
        ["sh", "-ec", "\n".join(commands)], cwd=copy, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    sums = re.findall(r"has to print ([0-9a-f]{64})", text)
    assert len(sums) == 3
    assert all(each in done.stdout for each in sums)
    assert call("verify", copy) == 0
