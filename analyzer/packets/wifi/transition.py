"""Fast transition between access points (802.11r): a pre-shared key → session keys (IEEE 802.11 §12.7.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from analyzer.packets.wifi.frames import elements
from analyzer.packets.wifi.handshake import PTK_BITS, SessionKeys, kdf_sha256, unwrapped

MOBILITY_DOMAIN, FAST_TRANSITION = 54, 55
R1_HOLDER, GROUP_KEY, R0_HOLDER = 1, 2, 3
GROUP_KEY_FIXED = 11  # key information, length, counter
# Bytes of a fast transition element before its subelements: control, MIC, both nonces (§9.4.2.47).
NONCES_AT, FIXED = 18, 82
# The version of key descriptors whose MIC is AES-CMAC, as fast transition has it.
CMAC_VERSION = 3


class Transition(NamedTuple):
    """What a station and the access points of a mobility domain tell each other in the clear."""

    domain: bytes
    r0_holder: bytes
    r1_holder: bytes
    anonce: bytes
    snonce: bytes


def transition(data: bytes, fixed: int = 0) -> Transition | None:
    """Return what the elements behind `fixed` bytes say of a fast transition; None where they say nothing."""
    found = elements(data, fixed)
    domain, body = found.get(MOBILITY_DOMAIN, b""), found.get(FAST_TRANSITION, b"")
    if len(domain) < 2 or len(body) < FIXED:
        return None
    holders = elements(body, FIXED)
    if not holders.get(R0_HOLDER) or len(holders.get(R1_HOLDER, b"")) != 6:
        return None
    nonces = body[NONCES_AT:FIXED]
    return Transition(domain[:2], holders[R0_HOLDER], holders[R1_HOLDER], nonces[:32], nonces[32:])


def group_key(data: bytes, fixed: int, kek: bytes) -> bytes | None:
    """Return the group key that an answer to a reassociation holds, wrapped (§9.4.2.47), or None."""
    body = elements(data, fixed).get(FAST_TRANSITION, b"")
    wrapped = elements(body, FIXED).get(GROUP_KEY, b"")
    if len(wrapped) <= GROUP_KEY_FIXED:
        return None
    return unwrapped(kek, wrapped[GROUP_KEY_FIXED:])[: wrapped[2]] or None


def candidates(
    key: bytes, ssid: bytes, told: Transition, bssid: bytes, station: bytes, nonces: tuple[bytes, bytes]
) -> Iterator[SessionKeys]:
    """Yield the pairwise transient keys of a pre-shared key, for ciphers of 128 and of 256 bits.

    `nonces` are those of the access point and of the station.
    """
    holder = bytes([len(told.r0_holder)]) + told.r0_holder
    first = kdf_sha256(
        key, b"FT-R0", bytes([len(ssid)]) + ssid + told.domain + holder + station, 384
    )  # the last 128 bits only name it
    second = kdf_sha256(first[:32], b"FT-R1", told.r1_holder + station, 256)
    anonce, snonce = nonces
    for bits in PTK_BITS:
        ptk = kdf_sha256(second, b"FT-PTK", snonce + anonce + bssid + station, bits)
        yield SessionKeys(ptk[:16], ptk[16:32], ptk[32:64], CMAC_VERSION)
