"""What a phone is and runs: model, build, operator, its address at home. Facts, not identifiers.

A model's name identifies nobody; beside an IMEI it becomes part of a profile. So facts are
reported only of messages in which an identifier was found.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.identifiers.base import Context, Verdict, finding
from analyzer.identifiers.labels import kinds_named
from analyzer.identifiers.network_codes import network_of
from analyzer.identifiers.placeholders import EMPTY_WORDS
from analyzer.model import Field, Finding

NUMERIC_OPERATOR = re.compile(r"(\d{3})[-,]?(\d{2,3})", re.ASCII)
TEXT = re.compile(r"[^\x00-\x1f<>{}]{2,128}")
# What kind of thing a device is, or who sends, which is no model.
NO_MODELS = frozenset(
    ("user", "phone", "mobile", "smartphone", "tablet", "pad", "device", "client", "app", "web", "wap", "h5",
     "pc", "desktop", "tv", "watch", "android", "ios", "iphone os", "ipados", "windows", "linux", "other",
     "default", "generic", "emulator", "router", "gateway", "camera", "admin", "guest")
)  # fmt: skip
# A number of a build beside one of these is of the library that sends, not of the phone's system.
OF_A_LIBRARY = re.compile(
    r"(^|_|\b)(sdk|lib|library|plugin|agent)|(sdk|lib)(ver|version|name|build)", re.IGNORECASE
)
BUILD_NUMBER = re.compile(r"build[_-]?(number|no|num|id)?", re.IGNORECASE)
HAS_LETTER = re.compile(r"[^\W\d_]")
HAS_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class FactDetector:
    """Finds one kind of fact by the name of the field; `is_one` gives what else speaks for it."""

    kind: str
    is_one: Callable[[str], dict[str, str] | None]
    described: str
    examples: Sequence[tuple[str, str]]
    counterexamples: Sequence[tuple[str, str]]

    def find(self, field: Field, context: Context) -> Iterator[Finding]:
        """At most one: the whole value."""
        if self.kind not in kinds_named(field.name) or self._is_of_a_library(field):
            return
        text = str(field.value).strip()
        details = self.is_one(text) if text.lower() not in EMPTY_WORDS else None
        if details is not None:
            verdict = Verdict("medium", (f"the field is named {field.name}", self.described))
            yield finding(self.kind, text, str(field.value), field, verdict, context, details)

    def _is_of_a_library(self, field: Field) -> bool:
        """Whether a software version is that of what the app sends with."""
        if self.kind != "build":
            return False
        if OF_A_LIBRARY.search(field.name):
            return True
        return bool(BUILD_NUMBER.fullmatch(field.name)) and any(map(OF_A_LIBRARY.search, field.beside))


def _model(text: str) -> dict[str, str] | None:
    is_one = TEXT.fullmatch(text) and HAS_LETTER.search(text) and text.lower() not in NO_MODELS
    return {} if is_one else None


def _text_with_letters(text: str) -> dict[str, str] | None:
    return {} if TEXT.fullmatch(text) and HAS_LETTER.search(text) else None


def _text_with_digits(text: str) -> dict[str, str] | None:
    return {} if TEXT.fullmatch(text) and HAS_DIGIT.search(text) and not text.isdigit() else None


def _operator(text: str) -> dict[str, str] | None:
    if code := NUMERIC_OPERATOR.fullmatch(text):
        return network_of(code[1] + code[2]) or None
    return _text_with_letters(text)


def _local_ip(text: str) -> dict[str, str] | None:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return None
    return {} if address in PRIVATE_USE[0] or address in PRIVATE_USE[1] or address in PRIVATE_USE[2] else None


# RFC 1918 §3.
PRIVATE_USE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

FACTS: tuple[FactDetector, ...] = (
    FactDetector("model", _model, "a text, as names of models are",
         [("MODELSMS", "HMD-Nokia 7 plus"), ("model", "TA-1046")], [("model", "7"), ("mode", "TA-1046"),
         ("deviceType", "phone"), ("deviceType", "User")]),
    FactDetector("build", _text_with_digits, "a text with digits, as versions of software are",
         [("SWVER", "00WW_3_22C"), ("os_version", "9.0.1")], [("version", "3"), ("v", "00WW_3_22C")]),
    FactDetector("operator", _operator, "a mobile network, by code or by name",
         [("operator", "24201"), ("carrier_name", "Telenor")],
         [("operator", "00000"), ("operation", "24201")]),
    FactDetector("local_ip", _local_ip, "an address of a private network (RFC 1918)",
         [("local_ip", "192.168.1.23"), ("ip", "10.0.0.7")], [("ip", "198.51.100.7"), ("x", "192.168.1.23")]),
)  # fmt: skip
