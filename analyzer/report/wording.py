"""Claims → sentences: the words for places, identifiers and what became of a ping.

Located, registered, operated and named are four claims; attempted, delivered, answered and
accepted are four things; encoded is not encrypted. Every writer takes its words from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model import Clue, Finding, Name, Opinion, Ping, Place

_CLAIMS = (("located", "located"), ("second", "second"), ("registered", "registered"))  # always shown

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
    "gaid": ("a", "Google advertising ID"),
    "oaid": ("an", "OAID (advertising ID)"),
    "idfa": ("an", "IDFA (advertising ID)"),
    "advertising_id": ("an", "advertising ID"),
    "ssid": ("a", "name of a Wi-Fi network"),
    "bssid": ("an", "address of an access point"),
    "email": ("an", "e-mail address"),
    "account": ("an", "account name"),
    "push_token": ("a", "push token"),
    "apps": ("a", "list of apps"),
    "model": ("a", "model"),
    "build": ("a", "software version"),
    "operator": ("a", "mobile operator"),
    "local_ip": ("an", "address in the home network"),
}
# Kinds of findings that tell about a phone and identify nobody.
FACTS = frozenset(("model", "build", "operator", "local_ip"))

STATUSES = ("attempted", "delivered", "answered", "accepted")

NEVER_PROCESSED = "That data was never processed cannot be tested from a capture."
NAMES_NO_APP = "A capture names no app: the client is the one known to send this grammar."


def place_line(place: Place) -> str:
    """`located: SG (DB-IP 2026-10) · second: US (IPFire 2026-08) · … · network: AS45102 Alibaba`.

    A special-purpose address carries its purpose and no country at all.
    """
    read_as = [f"read as {place.unwrapped}"] if place.unwrapped else []
    if place.special:
        return " · ".join([f"special-purpose: {place.special}", *read_as])
    claims = [f"{word}: {_said(place, claim)}" for claim, word in _CLAIMS]
    operated = [f"operated: {_opinion(o)}" for o in place.opinions if o.claim == "operated" and o.code]
    given = [f"given: {_opinion(o)}" for o in place.opinions if o.claim == "given"]
    rest = (*operated, *given, *_anycast(place), *read_as)
    return " · ".join([*claims, f"network: {network(place)}", *rest])


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


def name_text(name: Name) -> str:
    """A host name, with its Unicode form where it has another."""
    return f"{name.name} = {name.unicode}" if name.unicode else name.name


def clue_line(clue: Clue) -> str:
    """ "DHCP vendor class: android-dhcp-9, frame 3 → an Android device"."""
    frame = f", frame {clue.frame}" if clue.frame is not None else ""
    return f"{clue.kind}: {clue.value}{frame}{f' → {clue.suggests}' if clue.suggests else ''}"


def suggestions(clues: Sequence[Clue]) -> list[str]:
    """What kinds of clue speak for, the most first: "an Android device: 4 kinds of clue (DHCP …)"."""
    kinds: dict[str, dict[str, None]] = {}
    for clue in clues:
        if clue.suggests:
            kinds.setdefault(clue.suggests, {})[clue.kind] = None
    ranked = sorted(kinds.items(), key=lambda item: -len(item[1]))
    several = [(what, by) for what, by in ranked if len(by) > 1]
    return [f"taken together, {len(by)} kinds for {what} ({', '.join(by)})" for what, by in several]


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
    said = f"{opinion.code or 'unknown'} ({opinion.source} {opinion.date})".replace(" )", ")")
    return f"{said} [{opinion.detail}]" if opinion.detail else said


def _anycast(place: Place) -> list[str]:
    return ["anycast: one address in many places"] if place.anycast else []
