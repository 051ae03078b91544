"""Suites of authentication and key management in an RSN element (IEEE 802.11-2020 §9.4.2.24.3)."""

from __future__ import annotations

# 00-0F-AC:n that no passphrase alone can open: keys come of an exchange that only both ends can follow.
UNOPENABLE = {
    1: "802.1X", 3: "802.1X with fast transition", 5: "802.1X", 8: "WPA3-SAE",
    9: "WPA3-SAE with fast transition", 11: "802.1X", 12: "802.1X", 13: "802.1X with fast transition",
    18: "OWE (no passphrase, yet encrypted)", 24: "WPA3-SAE", 25: "WPA3-SAE with fast transition",
}  # fmt: skip
# … whose keys are those of a mobility domain.
FAST = frozenset({3, 4, 9, 25})
# Suites of SHA-384, whose handshakes are not read.
LONG = {13: "802.1X with fast transition (SHA-384)", 19: "a pre-shared key with fast transition (SHA-384)",
        20: "a pre-shared key (SHA-384)", 12: "802.1X (192 bits)"}  # fmt: skip
IEEE = b"\x00\x0f\xac"
MOST = 16


def chosen_suites(rsn: bytes) -> frozenset[int]:
    """Return the numbers of the suites that an RSN element lists: of a station the one that it chose."""
    at = 8 + 4 * int.from_bytes(rsn[6:8], "little")
    count = int.from_bytes(rsn[at : at + 2], "little")
    suites = [rsn[at + 2 + 4 * i : at + 6 + 4 * i] for i in range(min(count, MOST))]
    return frozenset(suite[3] for suite in suites if len(suite) == 4 and suite[:3] == IEEE)


def unopenable(suites: frozenset[int]) -> str | None:
    """Return the name of what a station chose where no passphrase alone opens it; None where one does."""
    if not suites or not suites <= set(UNOPENABLE):
        return None
    return UNOPENABLE[min(suites)]
