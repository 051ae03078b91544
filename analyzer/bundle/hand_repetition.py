"""What a bundle shows → the commands that repeat it by hand, with tshark and openssl alone.

Each group of commands is followed by what it has to print. Files are written beside the bundle, which is to
stay as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.bundle.authorship import MINISIGN, SSH
from analyzer.bundle.flow_groups import FlowGroup
from analyzer.bundle.manifest import MANIFEST, SUMS
from analyzer.bundle.newsroom_sheets import MOST
from analyzer.bundle.ssh_signature import NAMESPACE
from analyzer.model import Message, Report
from analyzer.report.text import clip, visible

BY_HAND = "by-hand.txt"
OUT = "../by-hand"
LONGEST = 120  # characters of a value
_HEAD = f"""\
BY HAND, WITHOUT PHONEHOME
==========================

Run these in this folder. Lines that begin with $ are commands, what has to come out stands below them.
tshark belongs to Wireshark; openssl and sha256sum to every system.

1. The files are those that were listed

   $ sha256sum -c {SUMS}
   $ openssl dgst -sha256 {MANIFEST}

2. Who signed, where there is a signature, and when an authority saw it, where there is an answer.
   KEY.pub, SIGNERS and ROOTS.pem are theirs: get them from their owners and not from this folder.

     ssh-keygen -Y verify -f SIGNERS -I NAME -n {NAMESPACE} -s {SSH} < {MANIFEST}
     minisign -V -p KEY.pub -x {MINISIGN} -m {MANIFEST}
     openssl ts -verify -data {SUMS} -in {SUMS}.tsr -CAfile ROOTS.pem

3. What each packet is, and its number in the capture as recorded
"""
_FOLLOW = {"tcp": "tcp", "udp": "udp"}  # what tshark can put together


def by_hand(report: Report, shown: Mapping[str, FlowGroup]) -> bytes:
    """Return the commands for the connections, by the names of their files, in UTF-8."""
    lines = [_HEAD]
    messages = {each.number: each for each in report.messages}
    some = list(shown.items())[:MOST]
    for name, _ in some[:1]:
        lines += [f"   $ tshark -r {name} -T fields -e frame.number -e frame.time_epoch -e frame.comment", ""]
    lines += ["4. What was sent", ""]
    for name, group in some:
        lines += [*_connection(name, group, messages), ""]
    if (more := len(shown) - len(some)) > 0:
        lines.append(f"… and so for {more:,} more files in captures/.")
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8", "backslashreplace")


def _connection(name: str, group: FlowGroup, messages: Mapping[int, Message]) -> Iterator[str]:
    yield f"   {name}"
    if group.withheld:
        yield "   its payload is withheld: asterisks stand for it"
        return
    numbers = dict.fromkeys(
        [*(each.message for each in group.pings if each.message), *(each.message for each in group.findings)]
    )
    sent = [messages[number] for number in numbers if number in messages]
    folder = f"{OUT}/{name.rpartition('/')[2].partition('.')[0]}"
    if any(each.protocol.startswith("http/1") and each.body.content for each in sent):
        yield f"   $ mkdir -p {folder} && tshark -q -r {name} --export-objects http,{folder}"
        yield f"   $ openssl dgst -sha256 {folder}/*"
        yield from dict.fromkeys(_body(each) for each in sent if _sum_of(each))
    elif group.protocol in _FOLLOW:
        yield f"   $ tshark -q -r {name} -z follow,{_FOLLOW[group.protocol]},ascii,0"
    else:
        yield f"   $ tshark -x -r {name}"
    for found in group.findings:
        steps = " → ".join(visible(each) for each in found.evidence.path)
        frames = ", ".join(map(str, found.evidence.frames[:8]))
        yield f"     frame {frames} of the recording: {visible(clip(found.raw, LONGEST))}"
        yield f"       behind the steps {steps}"
    if any("base64" in found.evidence.path for found in group.findings):
        yield "     base64 is undone by: openssl base64 -d -A -in FILE (without -A where it has lines)"


def _body(message: Message) -> str:
    frames = ", ".join(map(str, message.evidence.frames[:8]))
    return f"     has to print {_sum_of(message)} for the body of frame {frames} of the recording"


def _sum_of(message: Message) -> str | None:
    """Return the SHA-256 of the content as tshark writes it: codings undone."""
    body = message.body
    return body.replaced_sha256 or body.content_sha256 or body.sha256
