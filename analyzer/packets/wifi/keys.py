"""`--wifi` arguments to keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEX_PSK = re.compile(r"[0-9A-Fa-f]{64}")
WEP_SIZES = (10, 26)  # hexadecimal digits of 40- and 104-bit keys


@dataclass(frozen=True, slots=True)
class WifiKey:
    """What opens a network: a passphrase with its SSID, a pre-shared key, or a WEP key."""

    ssid: bytes | None = None
    passphrase: str | None = field(default=None, repr=False)
    psk: bytes | None = field(default=None, repr=False)
    wep: bytes | None = field(default=None, repr=False)


def wifi_key(text: str) -> WifiKey:
    """From `SSID:passphrase`, `:passphrase` (any network), 64 hexadecimal digits, or `wep:` and digits.

    Raises ValueError with one sentence that doesn't show the key.
    """
    if HEX_PSK.fullmatch(text):
        return WifiKey(psk=bytes.fromhex(text))
    if text.startswith("wep:"):
        digits = re.sub(r"[:-]", "", text[4:])
        if len(digits) not in WEP_SIZES or not re.fullmatch(r"[0-9A-Fa-f]+", digits):
            raise ValueError("a WEP key is 10 or 26 hexadecimal digits")
        return WifiKey(wep=bytes.fromhex(digits))
    ssid, colon, passphrase = text.rpartition(":")
    if not colon:
        raise ValueError("a Wi-Fi key is SSID:passphrase, 64 hexadecimal digits, or wep: and digits")
    if HEX_PSK.fullmatch(passphrase):
        return WifiKey(ssid=ssid.encode() or None, psk=bytes.fromhex(passphrase))
    if not 8 <= len(passphrase.encode()) <= 63:
        raise ValueError(f"a WPA passphrase has 8 to 63 characters, the one given has {len(passphrase)}")
    return WifiKey(ssid=ssid.encode() or None, passphrase=passphrase)
