"""What a capture file says of how it was made, to what that leaves in the dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from analyzer.model import CaptureInfo

# Filters of interfaces that are told, the most frequent first.
MOST_FILTERS = 5


def spots(info: CaptureInfo) -> Iterator[str]:
    """Sentences on what the file itself says is missing, or holds and was not used."""
    filters = Counter(entry.filter for entry in info.interfaces if entry.filter)
    for rule, count in filters.most_common(MOST_FILTERS):
        part = (
            f"{count:,} of {len(info.interfaces):,} interfaces were"
            if info.interfaces[1:]
            else "The capture was"
        )
        yield (
            f"{part} recorded with the filter “{rule}”, as the file says: packets that it did not let "
            "through are not in it."
        )
    dropped = sum((entry.dropped or 0) + (entry.dropped_by_system or 0) for entry in info.interfaces)
    if dropped:
        yield f"The file says that {dropped:,} packets were dropped while capturing: they are not in it."
    for kind, count in info.secrets.items():
        yield (
            f"The file holds decryption secrets ({kind}, {count:,} of them). They were not used: what they "
            "open was encrypted on the way, and is not treated as readable."
        )
