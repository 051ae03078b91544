"""Sentences that a report holds, written in English when the capture was read → the language in force.

A template is a sentence as the layers below write it, with places: values in a place named n… are numbers,
in one named w… words that are spoken themselves, in others what stays as it is. The words of dossiers are
in the catalogues too (`tools/update_catalogue.py`). What fits no template stays in English, and the page
marks it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from analyzer.report.language import _, code, decimal, mark, number

PLACE = re.compile(r"\{(\w+)\}")
LONGEST = 2_000  # characters of a sentence that is looked at
DEEPEST = 8  # sentences within sentences

TEMPLATES = (
    # notices
    mark(
        "A program made this capture from the registration client's public sources; no phone was "
        "recorded, every identifier is synthetic, and the server's address is an assumption."
    ),
    mark(
        "Identifiers in this report are pseudonyms: each was replaced by another of the same form. "
        "Should one of them exist somewhere, that is chance, and whoever it belongs to has nothing to "
        "do with this."
    ),
    mark(
        "Each value was replaced by a keyed permutation (HMAC-SHA-256): the same value has the same "
        "pseudonym everywhere in this report, different values have different ones, and only the key "
        "leads back."
    ),
    mark(
        "Kept, because many share it: the TAC of an IMEI, country and issuer of an ICCID, country and "
        "network of an IMSI, the maker's part of a MAC address, the domain of an e-mail address, the "
        "country and first two digits of a phone number, country, network and area of a cell. Check "
        "digits are valid where they were."
    ),
    mark("Passwords, log-ins in headers and the values of cookies were replaced likewise."),
    mark(
        "So was whatever has the form of a hash, and values with marks between their characters, in pieces "
        "or in tokens of other text. Bodies of which not everything was read were withheld."
    ),
    mark("Coordinates are cut to one decimal of a degree (some 11 km)."),
    mark(
        "Bodies were decoded, changed and encoded again in the same way; what could not be was "
        "withheld, and says so. Of a changed body no hash of what was sent is shown, by which anyone "
        "could confirm a guess; each message says which of its parts were replaced."
    ),
    mark(
        "Names of capture files, their SHA-256 and the excerpts of conflicts were left out for the "
        "same reason; a commitment to each SHA-256 under the key stands in their place."
    ),
    mark(
        "More than {n_values} values were to be replaced. Those beyond were replaced where they stand as "
        "text or in an encoding that was undone; other encodings of them were not looked for."
    ),
    mark("Addresses of the devices' own line are from 198.18.0.0/15 and 2001:db8::/32; private ones stay."),
    # a live capture
    mark(
        "{n_lost} packets were lost before they got here, as the capturing program or the stream itself "
        "says: what was in them is missing from this report"
    ),
    mark(
        "Packets that were lost before they came through {names} are counted by nobody: neither the stream "
        "nor what wrote it says how many there were. The report can't be called complete for that reason."
    ),
    # rhythm and association
    mark("{w_rhythm}: {n_near} of {n_all} intervals lie within 10 % of the median"),
    mark("regular"),
    mark("partly regular"),
    mark("irregular"),
    mark("documented: every {n_s} s; {w_seen}"),
    mark("documented: every {n_s} s, at most {n_most} times after a failure; {w_seen}"),
    mark(
        "seen: {n_near} of {n_all} intervals fit this; {n_less} are shorter, so something else than "
        "this timer went before them"
    ),
    mark("seen: {n_near} of {n_all} intervals fit this"),
    mark("{w_found} An association in time; it does not show that one caused the other."),
    mark(
        "{w_found} Shifted in time at random {n_times} times, at least as many of them did {n_often} "
        "times (p = {n_p})."
    ),
    mark("{w_found} Too little was seen for a test against chance."),
    mark(
        "{n_some} of {n_all} sends came within {n_s} s after {w_what}, half of them within {n_half} s "
        "({n_events} such events)."
    ),
    mark("{n_some} of {n_all} sends came within {n_s} s after {w_what} ({n_events} such events)."),
    mark("the first DNS query after {n_s} s of silence"),
    mark("a burst of new connections after {n_s} s of silence"),
    mark("a DHCP request"),
    mark("a connectivity check"),
    # why a ping is called that
    mark("host: the address went by the name {name}, which is documented for {w_title}"),
    mark("host: {host} is documented for {w_title}"),
    mark("not explained by the sources of this dossier"),
    mark("no request was seen, so neither grammar nor identifiers can be judged"),
    mark("grammar: {n_keys} keys known of {w_title} ({keys}); {n_asked} are asked for"),
    mark("encoding: {w_encoding}"),
    mark("cipher: a key that is published for {w_title} opens it"),
    mark("layout: the bytes have the form that is documented for {w_title}; {checks} hold"),
    mark("layout: the bytes have the form that is documented for {w_title}"),
    mark("protocol: {protocol}"),
    mark("identifiers: {kinds} found in it"),
    mark("media type: {type}"),
    mark("method: {method}"),
    mark("path: {path}"),
    # how far it got
    mark("the server acknowledged the last byte of the request (TCP)"),
    mark("the server acknowledged the request (CoAP)"),
    mark("the server did not acknowledge the whole request"),
    mark("the capture does not show whether the server acknowledged the request"),
    mark("no answer was seen"),
    mark("the server answered with {status}"),
    mark("nothing is documented by which an answer tells acceptance"),
    mark('its {key} is "{code}", which means accepted'),
    mark('its {key} is "{code}", which does not mean accepted'),
    mark('its {key} is "{words}": {w_meaning}'),
    mark('its {key} is "{words}"'),
    mark("the server says that the content did not pass its check"),
    # why a value is called that
    mark("the field is named {name}"),
    mark("{field} is documented for {w_title_and_meaning}"),
    mark("{n_digits} digits with a valid check digit"),
    mark("{n_digits} digits"),
    mark("begins 89 (telecommunications) and {code} (country code of {country})"),
    mark("its check digit is valid"),
    mark("encrypted with a key that anyone can know: {cipher}, published for the dossier {dossier}"),
    mark("its last digit is not a check digit"),
    mark("six bytes in hexadecimal, an address of one interface"),
    mark("equal to the MAC address of the device that sent it"),
    mark("14 hexadecimal digits from {first}, in the range given to MEIDs (A0 to FF, 99)"),
    mark("begins {code}, the network code of {operator} ({country})"),
    mark("stands beside fields named for: {kinds}"),
    mark("without an area code it tells no position"),
    mark("a text, as names of models are"),
    mark("a text with digits, as versions of software are"),
    # the ledger
    mark("refused"),
    mark("unanswered"),
    mark("reset"),
    mark("closed"),
    mark("half-closed"),
    mark("open at the end"),
    mark("one-way"),
    mark("answered"),
    mark("no data"),
    mark("unknown binary"),
    mark("QUIC by its port alone: a guess, since no beginning of a connection was captured"),
    mark("DNS over {protocol} (port {port}): the names asked are hidden"),
    mark("private use ({rfc})"),
    mark("limited broadcast ({rfc})"),
    mark("agree {country}"),
    mark("located {country}, registered elsewhere"),
    mark("registered {country}, located elsewhere"),
    mark("Chinese-operated network, located elsewhere"),
    mark("sources disagree"),
    # blind spots
    mark("The capture shows what was sent while it ran, and nothing before or after."),
    mark(
        "{w_share} of the bytes exchanged with outside addresses were encrypted (TLS, QUIC, VPN) and "
        "were not read: what they held is unknown."
    ),
    mark(
        "{w_share} of the bytes exchanged with outside addresses were of kinds that are counted and not read."
    ),
    mark("Less than {n_share} %"),
    mark("More than {n_share} %"),
    mark(
        "{n_packets} packets went to or came from servers that resolve names over an encrypted channel "
        "({addresses}): names asked there are not seen."
    ),
    mark("{n_some} of {n_all} outside addresses went by no name that the capture shows."),
    mark(
        "{n_some} of {n_all} TCP destinations show packets in one direction only: whether they were "
        "answered outside the capture is unknown."
    ),
    mark("Readable streams have {n_gaps} gaps, together {n_bytes} bytes that were sent and not captured."),
    mark(
        "{n_bytes} bytes of readable data that no reader takes were searched. Nothing was found in them; "
        "they are not listed."
    ),
    mark("{n_some} of {n_all} frames were cut by the snapshot length: their ends are unknown."),
    # a device of a redacted summary
    mark("device {n_place}"),
    # why a device is the one compared
    mark("all devices of the report, as asked for"),
    mark("as asked for"),
    mark("no device appears in the report"),
    mark("the only device of the report"),
    mark("the only one of {n_all} devices with findings"),
    mark("the only device with findings in both reports"),
    mark("the same address as the other's device"),
    # databases
    mark("where the address is believed to be"),
    mark("which country's registry entry holds the block; never a location"),
    mark("registry records and feeds"),
    mark("leans to the registration on clouds"),
    mark("location"),
    mark("second opinion"),
    mark("today's location"),
    mark("today's registration"),
    mark("registration, country where the network's number is registered"),
    mark("network number and name, anycast, today's second opinion"),
    mark("AS number and name, anycast flag"),
    mark("which country's registry entry holds an AS number"),
    mark("never a location"),
    mark("which country's registry entry holds the block"),
    # several of the above, the last to be tried
    mark("{w_one}; {w_other}"),
)


def spoken(text: str) -> str:
    """The sentence in the language in force, or as it is."""
    return text if code() == "en" else _spoken(text, code(), DEEPEST)


@lru_cache(maxsize=1 << 12)
def _spoken(text: str, language: str, depth: int) -> str:
    if len(text) > LONGEST or not depth:
        return text
    if (whole := _(text)) != text:
        return whole
    for made, pattern in _patterns():
        if found := pattern.fullmatch(text):
            values = found.groupdict()  # none of them is taken for a template
            return "".join(
                _value(piece, values[piece], language, depth - 1) if at % 2 else piece
                for at, piece in enumerate(PLACE.split(_(made)))
            )
    return _coded(text, language, depth) or _number(text)


def _coded(text: str, language: str, depth: int) -> str:
    """Words of a dossier before and after a colon, which may have colons of their own.

    Such are the title and what a field means, and that and what its code stands for: "type of card: UICC".
    """
    for colon in re.finditer(": ", text):
        before, after = text[: colon.start()], text[colon.end() :]
        if (said := _(before)) != before:
            return f"{said}: {_spoken(after, language, depth - 1)}"
    return ""


def _value(place: str, value: str, language: str, depth: int) -> str:
    if place.startswith("n_"):
        return _number(value)
    return _spoken(value, language, depth) if place.startswith("w_") else value


def _number(text: str) -> str:
    """A number, a share or a text, its thousands and decimals as the language writes them."""
    if not re.fullmatch(r"\d[\d,]*(\.\d+)?( %)?", text, re.ASCII):
        return text
    whole, dot, rest = text.replace(",", "").partition(".")
    if not dot:
        digits, _space, sign = whole.partition(" ")
        return f"{number(int(digits))} {sign}".strip()
    return decimal(f"{number(int(whole))}.{rest}")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((made, re.compile("".join(_pieces(made)))) for made in TEMPLATES if "{" in made)


def _pieces(template: str) -> Iterator[str]:
    """What a template matches; a number is short, so that no sentence takes long."""
    for at, piece in enumerate(PLACE.split(template)):
        if at % 2 == 0:
            yield re.escape(piece)
        else:
            yield f"(?P<{piece}>{r'[0-9][0-9,.]{0,30}' if piece.startswith('n_') else '.+?'})"
