"""Handshakes and decryption over whole captures, against what tshark decrypts with the same keys."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import analyzer
from analyzer.packets.wifi import wifi_key
from analyzer.session.packet_reader import PacketReader

CAPTURES = Path("captures/wireshark__wireshark/test/captures")

# Keys as the corpus's wpa_keys.txt publishes them, in our notation.
KEYS = {
    "wpa-Induction.pcap.gz": ("Coherer:Induction", "wpa-pwd", "Induction:Coherer"),
    "wpa-ccmp-256.pcapng.gz": (":12345678", "wpa-pwd", "12345678"),
    "wpa-gcmp-256.pcapng.gz": (":12345678", "wpa-pwd", "12345678"),
    "wpa2-ft-psk.pcapng.gz": (":12345678", "wpa-pwd", "12345678"),
    "wpa-test-decode.pcap.gz": (":test0815", "wpa-pwd", "test0815"),
}


def scanned(path: Path, *keys: str) -> PacketReader:
    from analyzer.capture import Capture

    scan = PacketReader([wifi_key(key) for key in keys])
    for step in scan.steps(Capture(str(path))):
        list(scan.exchanges(step))
    return scan


@pytest.mark.parametrize("name", sorted(KEYS))
def test_every_frame_that_tshark_decrypts_is_decrypted(corpus, tmp_path, name):
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    ours, kind, value = KEYS[name]
    profile = tmp_path / "wireshark"
    profile.mkdir()
    (profile / "80211_keys").write_text(f'"{kind}","{value}"\n')
    command = ["tshark", "-r", corpus / CAPTURES / name, "-o", "wlan.enable_decryption:TRUE"]
    command += ["-Y", "wlan.fc.protected == 1 && llc && wlan.fc.retry == 0"]
    command += ["-T", "fields", "-e", "frame.number"]
    surroundings = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings)
    theirs = len(set(found.stdout.split()))
    session = scanned(corpus / CAPTURES / name, ours).wifi
    assert session is not None
    decrypted = sum(client.decrypted for client in session.clients.values())
    assert theirs > 0
    assert decrypted + session.counts["group decrypted"] >= theirs


def test_requests_behind_the_handshake_are_read_with_the_key_and_only_with_it(corpus):
    path = corpus / CAPTURES / "wpa-Induction.pcap.gz"
    without = analyzer.analyze(path)
    assert not without.messages
    report = analyzer.analyze(path, wifi=[wifi_key("Coherer:Induction")])
    requests = Counter((m.method, m.target) for m in report.messages if m.role == "request")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    truth = json.loads((corpus / "truth" / f"{digest}.json").read_text())["requests"]
    expected = Counter((r["method"], r["uri"]) for r in truth if r["core"] and {*r["found_by"]} & {"A", "B"})
    assert expected
    assert expected <= requests
    client = next(c for c in report.wifi if c.decrypted)
    assert (client.ssid, client.handshake, client.cipher) == ("Coherer", "complete", "CCMP")


def test_a_wrong_passphrase_is_said_and_opens_nothing(corpus):
    path = corpus / CAPTURES / "wpa-Induction.pcap.gz"
    report = analyzer.analyze(path, wifi=[wifi_key("Coherer:NotInduction")])
    assert not report.messages
    assert any("none of the keys given fits" in client.note for client in report.wifi)


def test_a_network_of_802_1x_is_named_as_not_decryptable(corpus):
    report = analyzer.analyze(corpus / CAPTURES / "wpa3-suiteb-192.pcapng.gz", wifi=[wifi_key(":12345678")])
    session = scanned(corpus / CAPTURES / "wpa3-suiteb-192.pcapng.gz").wifi
    assert session is not None
    assert "802.1X" in session.suites.values()
    assert not report.messages


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no colon", "SSID:passphrase"),
        ("net:short", "8 to 63"),
        ("wep:12", "10 or 26"),
        ("wep:zzzzzzzzzz", "10 or 26"),
    ],
)
def test_a_key_that_cannot_be_right_is_refused_in_one_sentence(text, says):
    with pytest.raises(ValueError, match=says):
        wifi_key(text)


def test_keys_do_not_show_when_printed():
    assert "Induction" not in repr(wifi_key("Coherer:Induction"))
    assert "a5" * 32 not in repr(wifi_key("a5" * 32))
