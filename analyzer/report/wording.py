"""Claims → sentences: the words for places, identifiers and what became of a ping.

Located, registered, operated and named are four claims; attempted, delivered, answered and
accepted are four things; encoded is not encrypted. Every writer takes its words from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model import Clue, Destination, Finding, Message, Name, Opinion, Owner, Place, Report
from analyzer.report.language import _, mark, number
from analyzer.report.reverse_translation import spoken

_SHOWN = 3  # of alike facts
# Always shown: claim and word.
_CLAIMS = (("located", mark("located")), ("second", mark("second")), ("registered", mark("registered")))

# kind → article and name
_KINDS = {
    "imei": ("an", mark("IMEI")),
    "imeisv": ("an", mark("IMEISV")),
    "meid": ("an", mark("MEID")),
    "pesn": ("a", mark("pseudo-ESN")),
    "esn": ("an", mark("ESN")),
    "iccid": ("an", mark("ICCID")),
    "imsi": ("an", mark("IMSI")),
    "mac": ("a", mark("MAC address")),
    "phone": ("a", mark("phone number")),
    "msisdn": ("a", mark("phone number")),
    "location": ("", mark("coordinates")),
    "coordinates": ("", mark("coordinates")),
    "cell": ("a", mark("cell id")),
    "serial": ("a", mark("serial number")),
    "android_id": ("an", mark("Android ID")),
    "gaid": ("a", mark("Google advertising ID")),
    "oaid": ("an", mark("OAID (advertising ID)")),
    "idfa": ("an", mark("IDFA (advertising ID)")),
    "advertising_id": ("an", mark("advertising ID")),
    "device_id": ("a", mark("device ID")),
    "ssid": ("a", mark("name of a Wi-Fi network")),
    "bssid": ("an", mark("address of an access point")),
    "email": ("an", mark("e-mail address")),
    "account": ("an", mark("account name")),
    "password": ("a", mark("password")),
    "access_token": ("an", mark("access token")),
    "push_token": ("a", mark("push token")),
    "apps": ("a", mark("list of apps")),
    "model": ("a", mark("model")),
    "build": ("a", mark("software version")),
    "operator": ("a", mark("mobile operator")),
    "local_ip": ("an", mark("address in the home network")),
}
# code → whose a value is
_OWNERS: dict[Owner, str] = {
    "own device": mark("of the device that sent it"),
    "other device": mark("of another device"),
    "server": mark("of the server"),
    "unknown": "",
}
# Kinds of findings that tell about a phone and identify nobody.
FACTS = frozenset(("model", "build", "operator", "local_ip"))

STATUSES = (mark("attempted"), mark("delivered"), mark("answered"), mark("accepted"))

CONFIDENCES = {
    "high": mark("confidence high"), "medium": mark("confidence medium"), "low": mark("confidence low"),
}  # fmt: skip

# Words that a report holds, or that stand in f-strings, to be translated where they are shown.
HELD = (
    *(mark("high"), mark("medium"), mark("low")),
    *(mark("operated"), mark("given"), mark("network"), mark("special-purpose"), mark("a reply")),
    mark("base64 of JSON: encoded, not encrypted"),
    mark("base64 of JSON in CoAP: encoded, not encrypted"),
    mark("association request (joining a Wi-Fi network)"),
    mark("reassociation request (changing the access point)"),
    mark("first probe request (looking for Wi-Fi networks) after 30 s of silence"),
    mark("EAPOL (joining a Wi-Fi network)"),
    mark("DHCP request"),
    mark("first DNS query after 30 s of silence"),
    mark("connectivity check"),
    mark("burst of new connections after 30 s of silence"),
)

NEVER_PROCESSED = mark("That data was never processed cannot be tested from a capture.")
NO_MORE_THAN_FORM = mark(
    "These values have the form of an identifier and little else speaks for it. None is counted above."
)
NAMES_NO_APP = mark("A capture names no app: the client is one that is known to send such messages.")


WRITTEN = mark("written into the capture file, not seen in traffic")


def known_by(name: Name) -> str:
    """How a name is known, in a word or two: "dns"."""
    return _(WRITTEN) if name.how == "file" else name.how


def first_name(names: Sequence[Name]) -> str:
    """The first of some names, with its origin where that isn't the traffic."""
    return (
        _("{name} (said by the file)").format(name=names[0].name) if names[0].how == "file" else names[0].name
    )


def place_line(place: Place) -> str:
    """`located: SG (DB-IP 2026-10) · second: US (IPFire 2026-08) · … · network: AS45102 Alibaba`.

    A special-purpose address carries its purpose and no country at all.
    """
    read_as = [_("read as {address}").format(address=place.unwrapped)] if place.unwrapped else []
    if place.special:
        return " · ".join([f"{_('special-purpose')}: {place.special}", *read_as])
    claims = [f"{_(word)}: {_said(place, claim)}" for claim, word in _CLAIMS]
    operated = [f"{_('operated')}: {_opinion(o)}" for o in place.opinions if o.claim == "operated" and o.code]
    given = [f"{_('given')}: {_opinion(o)}" for o in place.opinions if o.claim == "given"]
    rest = (*operated, *given, *_anycast(place), *read_as)
    return " · ".join([*claims, f"{_('network')}: {network(place)}", *rest])


def today_line(place: Place) -> str:
    """The present answer where the one in force is older; empty where there is none."""
    return " · ".join(f"{_(o.claim)}: {_opinion(o)}" for o in place.today)


def network(place: Place) -> str:
    """ "AS45102 Alibaba", or what is known of it."""
    asn = f"AS{place.asn}" if place.asn is not None else ""
    return f"{asn} {place.as_name or ''}".strip() or _("unknown")


_PARTS = {
    "source address": mark("the sender's address"),
    "destination address": mark("the receiver's address"),
    "target": mark("the address asked for"),
    "host": mark("the host"),
    "reason": mark("the words of the status"),
    "body": mark("the body"),
    "body, which is withheld": mark("the body, which is withheld"),
}
_HEADER = "header "


def replaced(message: Message) -> str:
    """Return what of a redacted message is shown otherwise than it was sent; empty where nothing is."""
    return ", ".join(
        _("the header {name}").format(name=part.removeprefix(_HEADER))
        if part.startswith(_HEADER)
        else _(_PARTS.get(part, part))
        for part in message.replaced
    )


def no_body_hash(message: Message) -> str:
    """Return why the SHA-256 of a redacted body isn't there; empty where it is."""
    if message.body.sha256 or not message.replaced or not message.body.length:
        return ""
    return _("left out: what is shown is not what was sent")


def no_hash(report: Report) -> str:
    """Why a capture's SHA-256 isn't there."""
    return mark("left out, since the report is redacted") if report.redaction else mark("not made")


def where(place: Place | None) -> str:
    """The shortest honest word for a place: a code, the special purpose, or "unknown"."""
    if place is None:
        return _("not looked up")
    if place.special:
        return place.special
    return place.code("located") or _("unknown")


def name_text(name: Name) -> str:
    """A host name, with its Unicode form where it has another."""
    return f"{name.name} = {name.unicode}" if name.unicode else name.name


def hello_facts(row: Destination) -> Iterator[str]:
    """What the hellos of a row's flows told: "TLS 1.3 × 2", "offers h2,http/1.1 × 2", fingerprints."""
    for before, counts in (("{said}", row.versions), (_("offers {said}"), row.alpn), ("JA4 {said}", row.ja4)):
        shown = list(counts.items())[:_SHOWN]
        more = [_("{n} more").format(n=number(len(counts) - _SHOWN))] if len(counts) > _SHOWN else []
        if shown:
            said = ", ".join([*(f"{text} × {number(times)}" for text, times in shown), *more])
            yield before.replace("{said}", said)
    if row.ech:
        yield _(
            "an encrypted ClientHello came with {n}, true or as a decoy: where it is true, the name is not "
            "the server's own"
        ).format(n=number(row.ech))


def clue_line(clue: Clue) -> str:
    """ "DHCP vendor class: android-dhcp-9, frame 3 → an Android device"."""
    frame = f", {_('frame {number}').format(number=clue.frame)}" if clue.frame is not None else ""
    suggests = f" → {spoken(clue.suggests)}" if clue.suggests else ""
    return f"{spoken(clue.kind)}: {spoken(clue.value)}{frame}{suggests}"


def suggestions(clues: Sequence[Clue]) -> list[str]:
    """What kinds of clue speak for, the most first: "an Android device: 4 kinds of clue (DHCP …)"."""
    kinds: dict[str, dict[str, None]] = {}
    for clue in clues:
        if clue.suggests:
            kinds.setdefault(clue.suggests, {})[clue.kind] = None
    ranked = sorted(kinds.items(), key=lambda item: -len(item[1]))
    several = [(what, by) for what, by in ranked if len(by) > 1]
    return [
        _("taken together, {n} kinds of clue for {what} ({kinds})").format(
            n=len(by), what=spoken(what), kinds=", ".join(map(spoken, by))
        )
        for what, by in several
    ]


def kind_name(kind: str) -> str:
    """ "IMEI", "MAC address"; an unknown kind is its own name."""
    return _(_KINDS[kind][1]) if kind in _KINDS else kind


def looks_like(kind: str) -> str:
    """ "looks like an IMEI"."""
    article, _name = _KINDS.get(kind, ("a", kind))
    said = _("looks like {article} {name}").format(article=article, name=kind_name(kind))
    return said.replace("  ", " ")


def is_established(finding: Finding) -> bool:
    """Return whether the report says "an IMEI" outright: of the class `identifier` alone."""
    return finding.certainty == "identifier"


def is_worth_checking(finding: Finding) -> bool:
    """Return whether the value is no more than a number worth checking, which no headline counts."""
    return finding.certainty == "number worth checking"


def owner_words(owner: Owner) -> str:
    """Return whose a value is in words, empty where nothing shows it."""
    said = _OWNERS.get(owner, "")
    return _(said) if said else ""


def called(finding: Finding) -> str:
    """Return "IMEI" for an identifier, else "looks like an IMEI"."""
    return kind_name(finding.kind) if is_established(finding) else looks_like(finding.kind)


def reached(status: str) -> tuple[str, ...]:
    """The statuses that a ping of this status has passed through."""
    return STATUSES[: STATUSES.index(status) + 1]


def _said(place: Place, claim: str) -> str:
    said = [_opinion(o) for o in place.opinions if o.claim == claim]
    return ", ".join(said) or _("no data")


def _opinion(opinion: Opinion) -> str:
    said = f"{opinion.code or _('unknown')} ({opinion.source} {opinion.date})".replace(" )", ")")
    return f"{said} [{opinion.detail}]" if opinion.detail else said


def _anycast(place: Place) -> list[str]:
    return [_("anycast: one address in many places")] if place.anycast else []
