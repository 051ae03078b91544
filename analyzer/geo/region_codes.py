"""The countries that a user names → ISO 3166-1 alpha-2 codes, or a sentence that helps.

A code that no source can name would find nothing, in silence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from analyzer.geo.iso import ASSIGNED, NOT_ASSIGNED

# What people write for the regions that are asked for most; ISO 3166-1 alpha-3 among it.
_MEANT = {
    **dict.fromkeys(("CHINA", "CHN", "PRC"), "CN"),
    **dict.fromkeys(("HONGKONG", "HONG KONG", "HKG"), "HK"),
    **dict.fromkeys(("MACAO", "MACAU", "MAC"), "MO"),
    **dict.fromkeys(("TAIWAN", "TWN", "ROC"), "TW"),
    **dict.fromkeys(("SINGAPORE", "SGP"), "SG"),
    **dict.fromkeys(("USA", "AMERICA"), "US"),
    **dict.fromkeys(("UK", "GBR"), "GB"),
    **dict.fromkeys(("RUSSIA", "RUS"), "RU"),
    **dict.fromkeys(("NORWAY", "NOR"), "NO"),
    "EL": "GR",
}


def regions_of(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return ISO 3166-1 alpha-2 codes in upper case, each once, in the order given.

    `given` is a text with commas between codes, or several such texts. Raises ValueError with a hint.
    """
    texts = [given] if isinstance(given, str) else list(given)
    if not texts:
        raise ValueError("not one code is named; a code has two letters, such as CN, HK, MO, TW")
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not an ISO 3166-1 alpha-2 code (a code is a text, such as CN)")
    return tuple(dict.fromkeys(region_of(part) for text in texts for part in text.split(",")))


def region_of(given: str) -> str:
    """Return one ISO 3166-1 alpha-2 code in upper case. Raises ValueError with a hint."""
    text = given.strip() if isinstance(given, str) else repr(given)
    code = text.upper()
    if code in ASSIGNED:
        return code
    said = f"{_quoted(text)} is not an ISO 3166-1 alpha-2 code"
    if near := difflib.get_close_matches(code, _MEANT, n=1, cutoff=0.85):
        raise ValueError(f"{said}; did you mean {_MEANT[near[0]]}?")
    why = NOT_ASSIGNED[code][1] if code in NOT_ASSIGNED else "a code has two letters, such as CN, HK, MO, TW"
    raise ValueError(f"{said} ({why})")


def _quoted(text: str) -> str:
    return f'"{text}"' if text else "an empty text"
