"""The sentences of the catalogues → how hard they are to read, the hardest first; a figure, not a target.

    python tools/readability.py          # both languages, the ten hardest sentences of each
    python tools/readability.py --all    # every sentence with its figures

LIX (Björnsson 1968): words a sentence and the share of words of more than six letters; below 40 is easy,
above 60 very hard. Flesch reading ease (Flesch 1948), of English alone: words a sentence and syllables a
word; above 60 is plain English.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from typing import NamedTuple

CATALOGUE = Path(__file__).resolve().parent.parent / "analyzer" / "report" / "locale"
LONG = 6  # letters: a longer word is a long one
FEWEST = 5  # words: what is shorter is a label
SHOWN = 10
PLACE = re.compile(r"\{\w*\}")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


class Readability(NamedTuple):
    """Figures of one text; `flesch` is None outside English."""

    lix: float
    flesch: float | None
    text: str


def main() -> int:
    texts = list(catalogued())
    for language, sentences in (("en", [s for s, _said in texts]), ("nb", [said for _s, said in texts])):
        found = sorted((readability(text, language) for text in sentences if is_sentence(text)), reverse=True)
        lix = sum(each.lix for each in found) / len(found)
        said = f"{language}: {len(found)} sentences, LIX {lix:.0f} on average"
        if language == "en":
            flesch = sum(each.flesch or 0 for each in found) / len(found)
            said += f", Flesch reading ease {flesch:.0f}"
        print(said)
        for each in found if "--all" in sys.argv else found[:SHOWN]:
            ease = "" if each.flesch is None else f"  Flesch {each.flesch:4.0f}"
            print(f"  LIX {each.lix:3.0f}{ease}  {each.text}")
    return 0


def catalogued() -> Iterator[tuple[str, str]]:
    """Each English text with its Norwegian one."""
    with (CATALOGUE / "nb" / "LC_MESSAGES" / "phonehome.mo").open("rb") as file:
        texts = vars(GNUTranslations(file))["_catalog"]
    for key, said in texts.items():
        source = key[0] if isinstance(key, tuple) else key
        if source:
            yield source, said


def is_sentence(text: str) -> bool:
    return len(WORD.findall(PLACE.sub("", text))) >= FEWEST


def readability(text: str, language: str) -> Readability:
    """Figures of a text; a place for a value counts as one short word."""
    plain = PLACE.sub("x", text)
    words = WORD.findall(plain) or ["x"]
    sentences = max(len(re.findall(r"[.:;?!](?:\s|$)", plain)), 1)
    lix = len(words) / sentences + 100 * sum(len(word) > LONG for word in words) / len(words)
    if language != "en":
        return Readability(lix, None, text)
    syllables = sum(map(syllables_of, words))
    return Readability(lix, 206.835 - 1.015 * len(words) / sentences - 84.6 * syllables / len(words), text)


def syllables_of(word: str) -> int:
    """Groups of vowels, without an e that is not spoken: a rule that is right for most English words."""
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    return max(groups - (word.lower().endswith("e") and not word.lower().endswith("le") and groups > 1), 1)


if __name__ == "__main__":
    sys.exit(main())
