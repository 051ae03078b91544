"""Claims → sentences: the words for places, identifiers and what became of a ping.

Located, registered, operated and named are four claims; attempted, delivered, answered and
accepted are four things; encoded is not encrypted. Every writer takes its words from here.
"""

from __future__ import annotations

from analyzer.model import Finding, Opinion, Ping, Place

_CLAIMS = (("located", "located"), ("second", "second"), ("registered", "registered"))

# kind → article and name
_KINDS = {
    "imei": ("an", "IMEI"),
    "imeisv": ("an", "IMEISV"),
    "meid": ("an", "MEID"),
    "esn": ("an", "ESN"),
    "iccid": ("an", "ICCID"),
    "imsi": ("an", "IMSI"),
    "mac": ("a", "MAC address"),
    "phone": ("a", "phone number"),
    "msisdn": ("a", "phone number"),
    "location": ("", "coordinates"),
    "coordinates": ("", "coordinates"),
    "cell": ("a", "cell id"),
    "serial": ("a", "serial number"),
    "android_id": ("an", "Android ID"),
}

STATUSES = ("attempted", "delivered", "answered", "accepted")

NEVER_PROCESSED = "That data was never processed cannot be tested from a capture."
NAMES_NO_APP = "A capture names no app: the client is the one known to send this grammar."
ENCODED = "encoded, not encrypted"


def place_line(place: Place) -> str:
    """`located: SG (DB-IP 2026-10) · second: US (IPFire 2026-08) · … · network: AS45102 Alibaba`.

    A special-purpose address carries its purpose and no country at all.
    """
    read_as = [f"read as {place.unwrapped}"] if place.unwrapped else []
    if place.special:
        return " · ".join([f"special-purpose: {place.special}", *read_as])
    claims = [f"{word}: {_said(place, claim)}" for claim, word in _CLAIMS]
    operated = [f"operated: {_opinion(o)}" for o in place.opinions if o.claim == "operated" and o.code]
    return " · ".join([*claims, f"network: {network(place)}", *operated, *_anycast(place), *read_as])


def today_line(place: Place) -> str:
    """The present answer where the one in force is older; empty where there is none."""
    return " · ".join(f"{o.claim}: {_opinion(o)}" for o in place.today)


def network(place: Place) -> str:
    """ "AS45102 Alibaba", or what is known of it."""
    number = f"AS{place.asn}" if place.asn is not None else ""
    return f"{number} {place.as_name or ''}".strip() or "unknown"


def where(place: Place | None) -> str:
    """The shortest honest word for a place: a code, the special purpose, or "unknown"."""
    if place is None:
        return "not looked up"
    if place.special:
        return place.special
    return place.code("located") or "unknown"


def kind_name(kind: str) -> str:
    """ "IMEI", "MAC address"; an unknown kind is its own name."""
    return _KINDS.get(kind, ("", kind))[1]


def looks_like(kind: str) -> str:
    """ "looks like an IMEI"."""
    article, name = _KINDS.get(kind, ("a", kind))
    return f"looks like {article} {name}".replace("  ", " ")


def is_established(finding: Finding, pings: dict[int, Ping]) -> bool:
    """May the report say "an IMEI" outright? Only by the owner's word or by a recognised grammar.

    `pings` maps the numbers of messages to the pings recognised in them.
    """
    return finding.known is True or (finding.confidence == "high" and finding.message in pings)


def reached(status: str) -> tuple[str, ...]:
    """The statuses that a ping of this status has passed through."""
    return STATUSES[: STATUSES.index(status) + 1]


def _said(place: Place, claim: str) -> str:
    said = [_opinion(o) for o in place.opinions if o.claim == claim]
    return ", ".join(said) or "no data"


def _opinion(opinion: Opinion) -> str:
    return f"{opinion.code or 'unknown'} ({opinion.source} {opinion.date})".replace(" )", ")")


def _anycast(place: Place) -> list[str]:
    return ["anycast: one address in many places"] if place.anycast else []
