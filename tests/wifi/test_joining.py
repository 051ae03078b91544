"""Networks of each kind of key management: opened with the right key, or named where no key opens them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.packets.wifi.clients import clients
from tests import builders
from tests.wifi.joining import CIPHERS, FT_PSK, OWE, PSK, PSK_SHA256, SAE, Network, joined, psk
from tests.wifi.test_session import scanned

PASSPHRASE = "correct horse"
REQUEST = builders.tcp(builders.http_request(target="/?imei=490154203237518"), 0x18)[14:]
SUITES = {"PSK": PSK, "PSK with SHA-256": PSK_SHA256, "fast transition": FT_PSK}


def note(network: Network, folder: Path, *keys: str) -> tuple[int, str]:
    """Frames decrypted with these keys, and what is said of the rest."""
    path = folder / "air.pcap"
    path.write_bytes(builders.pcap(joined(network, [REQUEST] * 3), link_type=105))
    session = scanned(path, *keys).wifi
    assert session is not None
    (client,) = clients(session, bool(keys))
    return client.decrypted, client.note


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("akm", SUITES.values(), ids=SUITES.keys())
def test_right_key_wrong_key_and_no_key_give_different_answers(akm: int, cipher: str, tmp_path: Path) -> None:
    network = Network(akm, psk(PASSPHRASE), cipher)
    assert note(network, tmp_path, f":{PASSPHRASE}") == (3, "")
    assert note(network, tmp_path, psk(PASSPHRASE).hex()) == (3, "")
    decrypted, wrong = note(network, tmp_path, ":wrong horse")
    assert decrypted == 0
    assert "none of the keys given fits" in wrong
    assert note(network, tmp_path) == (0, "no key was given: use --wifi")
    _, other = note(network, tmp_path, f"othernet:{PASSPHRASE}")
    assert "for this network" in other


@pytest.mark.parametrize(("akm", "name"), [(SAE, "SAE"), (OWE, "OWE")])
def test_what_no_passphrase_opens_is_named_and_a_master_key_opens_it(
    akm: int, name: str, tmp_path: Path
) -> None:
    network = Network(akm, bytes(range(32)))
    decrypted, said = note(network, tmp_path)
    assert decrypted == 0
    assert name in said
    assert "can't decrypt" in said
    assert note(network, tmp_path, bytes(range(32)).hex()) == (3, "")


@pytest.mark.parametrize("akm", SUITES.values(), ids=SUITES.keys())
def test_tshark_opens_the_same_frames(akm: int, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    (tmp_path / "wireshark").mkdir()
    (tmp_path / "wireshark" / "80211_keys").write_text(f'"wpa-pwd","{PASSPHRASE}:examplenet"\n')
    path = tmp_path / "air.pcap"
    path.write_bytes(builders.pcap(joined(Network(akm, psk(PASSPHRASE)), [REQUEST] * 3), link_type=105))
    command = ["tshark", "-r", path, "-o", "wlan.enable_decryption:TRUE", "-Y", "tcp", "-T", "fields"]
    surroundings = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    found = subprocess.run(
        [*command, "-e", "frame.number"], capture_output=True, text=True, check=True, env=surroundings
    )
    if len(found.stdout.split()) != 3:
        pytest.skip("this tshark opens no such network")
