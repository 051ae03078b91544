"""Redacted bundles of protocols whose identifiers are not spelled as text: nothing of them is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import conversation, pcap, udp
from tests.bundle.making import bundle
from tests.dissectors.conversations import DATAGRAMS, GTP_1, kasa

MAC = "00:1B:44:11:3A:B7"
# An IMSI in bits that stand on no border of bytes (SUPL, UPER).
SUPL = bytes.fromhex("001002000080004c000404850d961fe4")
KASA = kasa({"system": {"get_sysinfo": {"mac": MAC, "latitude": 59.91273}}})
CAPTURES = {
    "bits": (conversation((True, SUPL), (False, SUPL[:9])), SUPL[8:]),
    "XOR over TCP": (conversation((True, KASA), (False, kasa({"system": {"get_sysinfo": {}}}))), KASA[40:60]),
    "XOR in a datagram": ([udp(KASA[4:], ports=(40000, 9999))], KASA[40:60]),
    "digits in halves of bytes": ([udp(GTP_1, ports=(40000, 2123))], bytes.fromhex("0121436587f9")),
    "a MAC address in a name": ([udp(DATAGRAMS[7].data, ports=(40000, 69))], b"001B44113AB7"),
}


@pytest.mark.parametrize("name", CAPTURES)
def test_what_can_not_be_replaced_is_withheld(name: str, tmp_path: Path) -> None:
    frames, hidden = CAPTURES[name]
    path = tmp_path / "phone.pcap"
    path.write_bytes(pcap(frames))
    assert hidden in path.read_bytes()
    made = bundle(tmp_path, path, "--redact")
    packets = b"".join(each.read_bytes() for each in made.rglob("*.pcap*"))
    assert packets
    assert hidden not in packets
    assert MAC.lower() not in (made / "report.json").read_text("utf-8").lower()
