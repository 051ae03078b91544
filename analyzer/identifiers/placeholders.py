"""Numbers that stand where an identifier would, but identify nothing."""

from __future__ import annotations

# Values that emulators and test firmware give: Android's emulator and the "004999010640000" of
# early Qualcomm and Samsung software among them.
DUMMIES = frozenset(
    (
        "004999010640000",
        "358240051111110",
        "310260000000000",
        "89014103211118510720",
        "0123456789abcdef",  # the serial number of boards that were given none
        "02:00:00:00:00:00",  # what Android 6 and later answer to apps that ask for the MAC address
    )
)
# What stands where a text is empty or not known.
EMPTY_WORDS = frozenset(
    ("", "null", "none", "nil", "unknown", "undefined", "n/a", "na", "0", "-1", "false", "true", "default",
     "test", "<unknown ssid>", "unknown ssid", "<none>", "0x", "(null)", "nan", "empty", "not available",
     "permission denied", "denied", "deny", "nodevice", "no device", "anonymous", "guest", "****")
)  # fmt: skip
UP = "01234567890123456789012345678901234567890"
DOWN = UP[::-1]


def is_placeholder(number: str) -> bool:
    """Whether digits are a dummy, nearly all the same, or counted up or down."""
    if number in DUMMIES or len(set(number)) <= 2:
        return True
    if any(digit * 12 in number for digit in set(number)):
        return True
    start = number[:-1]  # the last may be a check digit
    return len(number) >= 8 and (start in UP or start in DOWN)
