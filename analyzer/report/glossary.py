"""Words of the trade, explained for a reader without training."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from analyzer.report.language import _, mark


class GlossaryEntry(NamedTuple):
    """A word with what it means, in the language in force; `id` is its anchor on a page."""

    id: str
    word: str
    means: str


_SHORT = 4  # letters of a word that has no ending of its own
# id, word, what it means
_WORDS = (
    ("imei", "IMEI", mark("Serial number of a phone, unique in the world; it lasts as long as the phone.")),
    ("meid", "MEID", mark("Serial number of a phone for CDMA networks, in place of an IMEI.")),
    ("iccid", "ICCID", mark("Number of a SIM card, printed on it.")),
    ("imsi", "IMSI", mark("Number of a mobile subscription; the network knows its customer by it.")),
    ("mac", mark("MAC address"), mark(
        "Number of a network chip, such as the Wi-Fi chip of a phone. Newer phones use random ones."
    )),
    ("cell", mark("cell id"), mark(
        "Number of a cell of a mobile network; with its area it tells roughly where a phone is."
    )),
    ("android", mark("Android ID"), mark("Number that Android gives an app on a phone.")),
    ("activation", mark("activation payload"), mark(
        "Message by which a phone registers itself at a server, for example after it was switched on."
    )),
    ("ping", mark("activation ping"), mark("An activation payload, or an attempt to send one.")),
    ("attempted", mark("attempted, delivered, answered, accepted"), mark(
        "A message was sent; the server confirmed that it received all of it; the server answered; the "
        "answer says that the data was taken. Each says more than the one before it."
    )),
    ("readable", mark("readable"), mark(
        "Sent without encryption: whoever carries or overhears the traffic on its way can read it."
    )),
    ("encoded", mark("encoded, not encrypted"), mark(
        "Written in another alphabet, such as base64. Anyone can undo it; no key is needed."
    )),
    ("base64", "base64", mark("A way to write any data in letters and digits. It hides nothing.")),
    ("json", "JSON", mark("A way to write names and values as text.")),
    ("tls", "TLS", mark(
        "The encryption of the web (https). Who listens sees who talks to whom, not what is said."
    )),
    ("quic", "QUIC", mark("A newer, encrypted way to load web pages, mostly on port 443 of UDP.")),
    ("http", "HTTP", mark("The language of the web. Without TLS everyone on the way can read it.")),
    ("dns", "DNS", mark("The directory of the internet: it turns names into addresses.")),
    ("dhcp", "DHCP", mark("How a device gets an address in a network, often telling its own name.")),
    ("address", mark("IP address"), mark(
        "Number of a computer on the internet, such as 192.0.2.15. It says nothing certain of a place."
    )),
    ("located", mark("located"), mark("The country in which a database believes that an address is used.")),
    ("registered", mark("registered"), mark(
        "The country whose registry gave out the address. The computer may stand elsewhere."
    )),
    ("operated", mark("operated"), mark(
        "The country in which the network's operator has its number registered."
    )),
    ("disputed", mark("disputed"), mark(
        "Databases, or the time that an answer took, contradict each other on where an address is."
    )),
    ("grammar", mark("grammar"), mark(
        "The names of the values of a message, and how it is written: the form by which it is recognised."
    )),
    ("p", "p", mark(
        "How often chance alone did as much, of 1: p = 0.002 is 2 of 1,000 tries. A small p shows no cause."
    )),
    ("packet", mark("packet"), mark("A piece of data as a network carries it, at most some 1,500 bytes.")),
    ("frame", mark("frame"), mark("A packet with its number in the capture, as Wireshark counts them.")),
    ("flow", mark("flow"), mark("All packets of one connection between two programs.")),
    ("capture", mark("capture"), mark("A file with all packets that passed one point of a network.")),
    ("sha", "SHA-256", mark("Fingerprint of a file. Two files with the same one are the same.")),
    ("identifier", mark("identifier"), mark(
        "A value by which a phone, a card or a person can be known again. Of a probable identifier the "
        "evidence is weaker; a number worth checking has the form of one, and little else speaks for it."
    )),
)  # fmt: skip


def glossary() -> list[GlossaryEntry]:
    """Return all words, as a dictionary orders them."""
    entries = [GlossaryEntry(name, _(word), _(means)) for name, word, means in _WORDS]
    return sorted(entries, key=lambda entry: entry.word.lower())


def words_in(texts: Iterable[str]) -> list[GlossaryEntry]:
    """Return the words that these texts use, in the order of their first appearance."""
    said = "\n".join(texts).lower()
    found = ((_pattern(entry.word.lower()).search(said), entry) for entry in glossary())
    return [entry for _at, entry in sorted((match.start(), entry) for match, entry in found if match)]


def _pattern(word: str) -> re.Pattern[str]:
    """A word with whatever ending it has; a short one as it is."""
    return re.compile(rf"\b{re.escape(word)}" + (r"\b" if len(word) <= _SHORT else ""))
