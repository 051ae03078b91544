"""Sendings → the headline: who sent what, in what form, to whom and where, how often, what the answers were.

What the capture shows, what a device says of itself, what databases believe and what an answer says are kept
apart, each in words of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from analyzer.model import Device, Finding, Report
from analyzer.report.groups import messages_by_number, status_counts
from analyzer.report.language import _, mark, number, plural
from analyzer.report.local_time import moment
from analyzer.report.reverse_translation import spoken
from analyzer.report.sendings import LOG_INS, Harm, Sending
from analyzer.report.text import clip
from analyzer.report.units import span
from analyzer.report.whereabouts import Whereabouts
from analyzer.report.wording import kind_name

_SECOND = 10**9  # nanoseconds
_LONGEST = 60  # characters of a name that somebody else chose
_NAMED = 2  # of many devices or recipients
_KINDS_NAMED = 6
_CALLS_ITSELF = ("dhcp", "mdns")  # how a device tells its own name
_ANSWER_SAYS = re.compile(r'its \S+ is "(?P<words>.+)": (?P<meaning>the server says .+)')

# What numbers identify: of the sender, of somebody, of many; the kinds.
_THINGS = (
    (mark("the phone itself ({kinds})"), mark("a phone ({kinds})"), mark("phones ({kinds})"),
     ("imei", "imeisv", "meid", "esn", "pesn", "serial", "android_id", "device_id")),
    (mark("its SIM card ({kinds})"), mark("a SIM card ({kinds})"), mark("SIM cards ({kinds})"), ("iccid",)),
    (mark("its mobile subscription ({kinds})"), mark("a mobile subscription ({kinds})"),
     mark("mobile subscriptions ({kinds})"), ("imsi", "phone", "msisdn")),
    (mark("its network chip ({kinds})"), mark("a network chip ({kinds})"), mark("network chips ({kinds})"),
     ("mac",)),
)  # fmt: skip
# A cipher whose key is published is neither clear text nor real encryption (`Finding.details`).
CIPHER = "cipher"
SENT = mark("{who} sent {what}, unencrypted, to {whom}, {often}.")
SENT_HIDDEN = mark("{who} sent {what}, encrypted with a key that anyone can know, to {whom}, {often}.")
SENT_PARTLY_HIDDEN = mark(
    "{who} sent {what}, unencrypted or encrypted with a key that anyone can know, to {whom}, {often}."
)
_IDENTIFYING = frozenset(kind for *_words, kinds in _THINGS for kind in kinds)


def headline(report: Report, first: Sending, where: Whereabouts) -> str:
    """The most harmful sending in two or three sentences."""
    who, what = senders(report, first.devices), _what(first)
    hidden = [CIPHER in finding.details for finding in first.told]
    text = _(SENT_HIDDEN if hidden and all(hidden) else SENT_PARTLY_HIDDEN if any(hidden) else SENT)
    often = how_often(first, with_times=True)
    said = text.format(who=who, what=what, whom=recipients(first, where), often=often)
    if report.reconstruction:
        said = _("A reconstruction, not a real phone: {said}").format(said=said)
    said = said[:1].upper() + said[1:]
    readable = (
        _("Anyone on the way inside the local network could read this.")
        if first.is_local
        else _("Anyone on the way could read this.")
    )
    return f"{said} {readable} {answers(report, first)}"


# ── who ─────────────────────────────────────────────────────────────────────


def senders(report: Report, devices: Sequence[str]) -> str:
    """The devices by what they call themselves, MAC address beside; few of many."""
    known = {device.id: device for device in report.devices}
    if report.redaction:  # no device calls itself by a pseudonym
        return _by_pseudonym([_named(device, known.get(device)) for device in devices])
    if len(devices) == 1:
        return _one_sender(devices[0], known.get(devices[0]))
    ordered = sorted(devices, key=lambda device: not own_name(known.get(device)))
    named = [_named(device, known.get(device)) for device in ordered]
    many = plural(len(devices), "{n} device", "{n} devices")
    return f"{many} ({few(named)})"


def _by_pseudonym(named: Sequence[str]) -> str:
    many = _("a device") if len(named) == 1 else plural(len(named), "{n} device", "{n} devices")
    return _("{devices} (by pseudonym: {names})").format(devices=many, names=few(named))


def _one_sender(device: str, known: Device | None) -> str:
    if not device:
        return _("a device that the capture does not name")
    name = own_name(known)
    if not name:
        return _("the device {device}").format(device=device)
    address = _("MAC address {mac}").format(mac=device) if known and known.mac == device else device
    return _("a device that calls itself {name} ({address})").format(name=name, address=address)


def _named(device: str, known: Device | None) -> str:
    name = own_name(known)
    return f"{name} {device}" if name else device or _("not known")


def named_device(report: Report, device: str) -> str:
    """ "Phone-7 (02:00:5e:10:00:01)": what a device calls itself, with its address."""
    return device_name(device, next((known for known in report.devices if known.id == device), None))


def device_name(device: str, known: Device | None) -> str:
    """As `named_device`, of what is known of it."""
    name = own_name(known)
    return f"{name} ({device})" if name else device or _("a device that the capture does not name")


def own_name(device: Device | None) -> str:
    """What a device calls itself; empty where it doesn't."""
    names = device.names if device else ()
    return next((clip(name.name, _LONGEST) for name in names if name.how in _CALLS_ITSELF), "")


def few(names: Sequence[str], most: int = _NAMED) -> str:
    """Names in a row, "a, b and 597 more" where they are many."""
    if len(names) > most + 1:
        return _("{some} and {n} more").format(some=", ".join(names[:most]), n=number(len(names) - most))
    if len(names) < 2:
        return "".join(names)
    return _("{some} and {last}").format(some=", ".join(names[:-1]), last=names[-1])


# ── what ────────────────────────────────────────────────────────────────────


def _what(sending: Sending) -> str:
    told = sending.told
    if not told:
        return _("an activation payload ({title})").format(title=spoken(sending.pings[0].title))
    if sending.harm is Harm.DOUBTFUL or not sending.kinds:
        return _("values that are probably identifiers ({kinds})").format(kinds=kinds_of(told))
    things = [_thing(row, told, len(sending.devices)) for row in _THINGS if sending.kinds & set(row[3])]
    others = [finding for finding in told if finding.kind not in _IDENTIFYING]
    numbers = _("numbers that identify {things}").format(things=few(things, len(_THINGS))) if things else ""
    if not others:
        return numbers
    if not things and {finding.kind for finding in others} <= LOG_INS:
        return _("the data of log-ins ({kinds})").format(kinds=kinds_of(others))
    return (
        _("{numbers}, and beside them {others}").format(numbers=numbers, others=kinds_of(others))
        if things
        else _("readable values ({kinds})").format(kinds=kinds_of(others))
    )


def _thing(row: tuple[str, str, str, tuple[str, ...]], told: Sequence[Finding], devices: int) -> str:
    own, other, several, kinds = row
    those = [finding for finding in told if finding.kind in kinds]
    mine = devices == 1 and all(finding.owner == "own device" for finding in those)
    many = devices > 1 or (not mine and max(_values(those).values()) > 1)
    return _(own if mine else several if many else other).format(kinds=kinds_of(those))


def kinds_of(findings: Sequence[Finding]) -> str:
    """ "2 × IMEI, MEID": the kinds, with how many different values there are where they are several."""
    values = _values(findings)
    named = [
        f"{number(times)} × {kind_name(kind)}" if times > 1 else kind_name(kind)
        for kind, times in values.items()
    ]
    return few(named, _KINDS_NAMED)


def _values(findings: Sequence[Finding]) -> Counter[str]:
    return Counter(kind for kind, _value in dict.fromkeys((f.kind, f.value) for f in findings))


# ── to whom, how often ──────────────────────────────────────────────────────


def recipients(sending: Sending, where: Whereabouts) -> str:
    """The recipients by name, and what is believed of where they are."""
    if not sending.addresses[0]:
        return _("recipients that the capture does not name")
    place = where.said(sending.addresses)
    if len(sending.recipients) == 1:
        name = clip(sending.recipients[0], _LONGEST)
        known = (
            "" if name in sending.addresses or len(sending.addresses) > 1 else f" ({sending.addresses[0]})"
        )
        return f"{name}{known}, {place}"
    many = plural(len(sending.recipients), "{n} recipient", "{n} recipients")
    return f"{many} ({few([clip(name, _LONGEST) for name in sending.recipients])}; {place})"


def how_often(sending: Sending, with_times: bool = False) -> str:
    """ "7 times within 55 min", "once (2019-02-20 16:02:00 UTC)"; where asked, from when to when."""
    times = sorted(sending.sends.values())
    if len(times) == 1:
        return _("once ({time})").format(time=moment(times[0]))
    said = plural(len(times), "{n} time", "{n} times")
    if len(sending.devices) > 1 or len(sending.recipients) > 1:
        said = _("together {times}").format(times=said)
    took = times[-1] - times[0]
    if not took:
        return said
    within = _("{times} within {span}") if took >= _SECOND else _("{times} within one second")
    said = within.format(times=said, span=span(took))
    return (
        _("{times}, the first on {first}").format(times=said, first=moment(times[0])) if with_times else said
    )


# ── what the answers say ────────────────────────────────────────────────────


def answers(report: Report, sending: Sending) -> str:
    """What became of the sends, as far as answers tell."""
    if sending.pings and len(sending.pings) == len(sending.sends):
        return _answers_to_pings(sending)
    return _answers_to_messages(report, sending)


def _answers_to_pings(sending: Sending) -> str:
    count, found = len(sending.pings), status_counts(sending.pings)
    answered, accepted = found["answered"], found["accepted"]
    if not answered:
        return _("No answer was seen.")
    if accepted:
        return _("{accepted} of {n} answers said that the data was accepted.").format(
            accepted=number(accepted), n=number(answered)
        )
    said = _quoted(sending)
    how = _("The server answered") if count == 1 else _("Each time the server answered")
    if answered < count:
        how = _("The server answered {answered} of {n} times").format(
            answered=number(answered), n=number(count)
        )
    if not said:
        return _("{how}; no answer says that the data was accepted.").format(how=how)
    return f"{how} {said}."


def _quoted(sending: Sending) -> str:
    """The words that all answers gave, with what they are documented to mean."""
    shared = set.intersection(*({*p.status_reasons} for p in sending.pings if p.status == "answered"))
    for reason in sorted(shared):
        if found := _ANSWER_SAYS.fullmatch(reason):
            words, meaning = clip(found["words"], _LONGEST), spoken(found["meaning"])
            return _("“{words}” ({meaning})").format(words=words, meaning=meaning)
    return ""


def _answers_to_messages(report: Report, sending: Sending) -> str:
    messages = messages_by_number(report)
    sent = [messages[send] for send in sending.sends if isinstance(send, int) and send in messages]
    seen = [messages[m.peer] for m in sent if m.peer is not None and m.peer in messages]
    if not seen:
        return _("No answer was seen.")
    statuses = Counter(f"{m.protocol.partition('/')[0].upper()} {m.status}" for m in seen if m.status)
    told = ", ".join(f"{status} × {number(times)}" for status, times in statuses.most_common(3))
    said = _("{answered} of {n} were answered").format(
        answered=number(len(seen)), n=number(len(sending.sends))
    )
    return f"{said} ({told})." if told else f"{said}."
