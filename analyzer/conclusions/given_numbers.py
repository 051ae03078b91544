"""Numbers that a server gave to a device at its registration, and by which the device names itself since.

Whoever reads along knows the device by it again. A session's number is given in the same way: so the answer
has to be one to a registration, the name none of a session, and all later requests to the host hold it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from analyzer.dossiers.purposes import purpose_of
from analyzer.identifiers.labels import names_something_else
from analyzer.identifiers.login_names import names_session, role_of
from analyzer.identifiers.placeholders import is_placeholder
from analyzer.model import Field, Fields, Finding, Message, Report

FieldsOf = Callable[[Message], Fields]
FEWEST = 3  # later requests that hold it
MOST_ANSWERS, MOST_REQUESTS, MOST_NUMBERS = (
    50,
    2_000,
    20,
)  # looked at; numbers of one answer that are followed
LONGEST_BODY = 64 << 10
# A UUID, or letters and digits without a word in them; digits alone that are no time.
FORM = re.compile(
    r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|(?=[0-9A-Za-z]*[0-9][0-9A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[0-9A-Za-z]{12,40}"
    r"|(?!1[2-9]\d{8}(?:\d{3})?$)(?!20\d{12}$)\d{9,20}",
    re.ASCII,
)
# Words by which an answer gives out what lasts no longer than a connection.
PASSING = re.compile(r"sess|token|ticket|nonce|challenge|salt|seed|csrf|expire|key\b|secret", re.IGNORECASE)
GIVEN = "given"  # in the details of a finding
SAID = "the server gave this number in its answer to a registration, and the device names itself by it since"


def with_given_numbers(report: Report, fields_of: FieldsOf) -> Report:
    """Return the report with a finding for each request that repeats such a number."""
    found = list(_found(report.messages, report.findings, fields_of))
    return replace(report, findings=(*report.findings, *found)) if found else report


def _found(
    messages: Sequence[Message], findings: Sequence[Finding], fields_of: FieldsOf
) -> Iterator[Finding]:
    by_number = {message.number: message for message in messages}
    had = {finding.raw for finding in findings}
    answers = [m for m in messages if m.role == "response" and m.body.content and _is_plain(m)]
    left = MOST_ANSWERS
    for answer in answers:
        request = by_number.get(answer.peer or -1)
        if request is None or not left or purpose_of(request) != "registration":
            continue
        left -= 1
        for given in list(_numbers(fields_of(answer)))[:MOST_NUMBERS]:
            text = str(given.value)
            if text in had or _holds(request, text):
                continue
            later = [m for m in messages[:MOST_REQUESTS] if _is_later(m, request, answer)]
            if len(later) < FEWEST or not all(_holds(m, text) for m in later):
                continue
            had.add(text)
            yield from _finding(later, given, text, fields_of)


def _is_plain(message: Message) -> bool:
    return message.protocol.startswith(("http", "coap")) and len(message.body.content) <= LONGEST_BODY


def _is_later(message: Message, request: Message, answer: Message) -> bool:
    """Whether a request goes to the same server from the same device after the answer."""
    ends = message.source.address, message.destination.address, message.host
    is_same = ends == (request.source.address, request.destination.address, request.host)
    return message.role == "request" and is_same and message.time_ns > answer.end_ns


def _numbers(fields: Fields) -> Iterator[Field]:
    """Yield the fields of an answer's body that may be the number of a device."""
    for field in fields:
        text = field.value
        if field.evidence.path[:1] != ("body",) or not isinstance(text, str) or not FORM.fullmatch(text):
            continue
        is_passing = PASSING.search(field.name) or names_session(field.name) or "token" in role_of(field.name)
        if not is_passing and not names_something_else(field.name) and not is_placeholder(text):
            yield field


def _holds(message: Message, text: str) -> bool:
    return (
        text in (message.target or "")
        or text.encode() in message.body.content
        or any(text in value for name, value in message.headers if name.lower() != "cookie")
    )


def _finding(later: Iterable[Message], given: Field, text: str, fields_of: FieldsOf) -> Iterator[Finding]:
    """One finding for each request in which a field is the number."""
    for message in later:
        field = next((f for f in fields_of(message) if f.value == text), None)
        if field is None or PASSING.search(field.name):
            continue
        yield Finding(
            kind="device_id",
            value=text,
            raw=text,
            name=field.name,
            confidence="medium",
            reasons=(SAID, f"the answer calls it {given.name}"),
            evidence=field.evidence,
            message=message.number,
            time_ns=message.time_ns,
            details={GIVEN: SAID},
        )
