"""Claims about one address → its class, its wording and the claims that name a region.

Located, second opinion, registered and operated are four different claims and are never merged.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model import Opinion, Place

SPECIAL = "special-purpose"
UNKNOWN = "anycast/unknown"
DISAGREE = "sources disagree"

# How a network is called whose AS number is registered in the region.
_ADJECTIVES = {"CN": "Chinese"}
_LABELS = {"located": "located", "second": "second", "registered": "registered", "given": "given"}
_SCOPE_LABELS = {**_LABELS, "second": "second opinion", "operated": "operated", "given": "given database"}


def verdict(place: Place, region: str = "CN") -> str:
    """The class of an address as seen from one region (ISO 3166-1 code)."""
    return SPECIAL if place.special else classify(place.opinions, place.anycast, region)


def classify(opinions: Sequence[Opinion], anycast: bool, region: str = "CN") -> str:
    """The class that these opinions make, for an address that isn't special-purpose.

    An address that is announced from many places has no one location, so anycast comes before
    agreement. Agreement needs the location and at least one more source, and no other opinion.
    """
    codes: dict[str, str] = {opinion.claim: opinion.code for opinion in reversed(opinions) if opinion.code}
    located, registered = codes.get("located"), codes.get("registered")
    operated = codes.pop("operated", None)
    if anycast or not located or len(codes) == 1:
        return UNKNOWN
    if registered and located != registered and region in (located, registered):
        return _split(located, region)
    if operated == region and region not in codes.values():
        return f"{_ADJECTIVES.get(region, region)}-operated network, located elsewhere"
    every = {opinion.code for opinion in opinions if opinion.code and opinion.claim != "operated"}
    return DISAGREE if every != {located} else f"agree {located}"


def region_in_question(opinions: Sequence[Opinion], regions: Sequence[str]) -> str:
    """Of several regions the first that a claim names: the one from which the class is worded."""
    named = {opinion.code for opinion in opinions}
    return next((region for region in regions if region in named), regions[0] if regions else "CN")


def _split(located: str, region: str) -> str:
    if located == region:
        return f"located {region}, registered elsewhere"
    return f"registered {region}, located elsewhere"


def wording(place: Place) -> str:
    """The line that a report prints of an address, each claim with its source and date.

    `located: SG (DB-IP 2026-10) · second: US (IPFire 2026-08) · registered: US (RIR 2026-10) ·
    network: AS45102 Alibaba`; today's answers follow where the capture is answered with older ones.
    """
    parts = [place.unwrapped] if place.unwrapped else []
    if place.special:
        return " · ".join([*parts, f"special-purpose: {place.special}"])
    parts += [_worded(opinion) for opinion in place.opinions if opinion.claim in _LABELS]
    if place.asn:
        parts.append(f"network: AS{place.asn} {place.as_name or ''}".rstrip())
    if place.anycast:
        parts.append("anycast: announced from several places")
    today = [_worded(opinion) for opinion in place.today if opinion.claim in _LABELS]
    return " · ".join([*parts, *([f"today: {', '.join(today)}"] if today else [])])


def _worded(opinion: Opinion) -> str:
    source = f"({opinion.source} {opinion.date}){_detail(opinion)}"
    return f"{_LABELS[opinion.claim]}: {opinion.code or 'unknown'} {source}"


def _detail(opinion: Opinion) -> str:
    return f" [{opinion.detail}]" if opinion.detail else ""


def scope_claims(place: Place, regions: Sequence[str]) -> tuple[str, ...]:
    """The claims in force that name one of the regions: ("located CN (DB-IP 2026-10)",)."""
    return tuple(
        f"{_SCOPE_LABELS[opinion.claim]} {opinion.code} ({_reason(place, opinion)})"
        for opinion in place.opinions
        if opinion.code in regions
    )


def _reason(place: Place, opinion: Opinion) -> str:
    source = f"{opinion.source} {opinion.date}"
    return f"AS{place.asn} registered there, {source}" if opinion.claim == "operated" else source


def located_in(place: Place, regions: Sequence[str]) -> bool:
    """Whether the location in force names one of the regions."""
    return place.code("located") in regions
