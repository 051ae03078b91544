"""How far a ping got: attempted, delivered, answered, accepted are four things, shown by four proofs."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from analyzer.dossiers.schema import StatusRule
from analyzer.model import Message, PingStatus

UNANSWERED = "no answer was seen"
DELIVERY: dict[bool | None, tuple[PingStatus, str]] = {
    True: ("delivered", "the server acknowledged the last byte of the request (TCP)"),
    False: ("attempted", "the server did not acknowledge the whole request"),
    None: ("attempted", "the capture does not show whether the server acknowledged the request"),
}
DELIVERED_COAP = "the server acknowledged the request (CoAP)"
LONGEST_QUOTE = 200


class Status(NamedTuple):
    """The furthest step that is proven, and the proofs."""

    name: PingStatus
    reasons: tuple[str, ...]


def status_of(rule: StatusRule, request: Message, response: Message | None) -> Status:
    """The furthest step that the capture proves for one request."""
    name, delivery = DELIVERY[request.delivered]
    if request.delivered and request.protocol == "coap":
        delivery = DELIVERED_COAP
    if response is None or response.status is None:
        return Status(name, (delivery, UNANSWERED))
    answer = f"the server answered with {_status(response)}"
    proven = (delivery, answer) if request.delivered else (answer,)
    accepted, sentences = _result(rule, response)
    return Status("accepted" if accepted else "answered", proven + sentences)


def _status(response: Message) -> str:
    """The status in the words of its protocol."""
    protocol = response.protocol.partition("/")[0]
    if protocol.startswith("coap"):
        return f"CoAP code {response.reason}"  # "2.04 Changed"
    return f"{'HTTP' if protocol == 'http' else protocol} status {response.status}"


def _result(rule: StatusRule, response: Message) -> tuple[bool, tuple[str, ...]]:
    """Whether the answer says that it was accepted, and what it says."""
    if not rule.accepted_key:
        return False, ("nothing is documented by which an answer tells acceptance",)
    content = response.body.content.decode("utf-8", "replace").strip("\ufeff\0 \t\r\n")
    code, words = member_of(content, rule.accepted_key), member_of(content, rule.quote_key)
    quoted = (_quote(rule, words),) if words else ()
    if code is None:
        return False, (_unreadable(rule.accepted_key, response), *quoted)
    accepted = code in rule.accepted_values
    meaning = "which means accepted" if accepted else "which does not mean accepted"
    return accepted, (f'its {rule.accepted_key} is "{code[:LONGEST_QUOTE]}", {meaning}', *quoted)


def member_of(text: str, key: str) -> str | None:
    """The value of a key, compared without case, in a JSON object that may be cut; None when not there."""
    try:
        document: Any = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return _cut_member(text, key)
    members = document.items() if isinstance(document, dict) else ()
    return next((v for k, v in members if k.lower() == key.lower() and isinstance(v, str)), None)


def _cut_member(text: str, key: str) -> str | None:
    found = re.search(rf'"{re.escape(key)}"\s*:\s*(?:"([^"\\]*)"|(-?\d+)\s*[,}}])', text, re.IGNORECASE)
    return (found[1] if found[1] is not None else found[2]) if found else None


def _quote(rule: StatusRule, words: str) -> str:
    said = f'its {rule.quote_key} is "{words[:LONGEST_QUOTE]}"'
    meaning = rule.means.get(words)
    return f"{said}: {meaning}" if meaning else said


def _unreadable(key: str, response: Message) -> str:
    if not response.body.content:
        return f"the answer has no body that could hold a {key}"
    cut = "" if response.complete and response.body.complete else " that was captured"
    return f"no {key} can be read in the body{cut}"
