"""`phonehome dossiers new`: questions on a terminal, or options, to a file that has only to be filled in."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Question(NamedTuple):
    """One question about a sender: the option's name, its text, and the default answer."""

    name: str
    metavar: str
    help: str
    otherwise: str = ""


QUESTIONS = (
    Question("id", "NAME", "short name in small letters, digits and hyphens: the file's name"),
    Question("title", "TEXT", "title, as a reader should see it"),
    Question("operator", "TEXT", "who runs the server"),
    Question("country", "CC", "country of its seat, ISO 3166-1", ""),
    Question("kind", "KIND", "activation-ping, telemetry or benign", "telemetry"),
    Question(
        "transport",
        "http|tcp|udp",
        "how its messages go: http, or a protocol of its own over tcp or udp",
        "http",
    ),
    Question("host", "HOST", "host name of the server, where it has one", ""),
    Question("path", "PATH", "path of the request, where it is HTTP", ""),
    Question("source", "TEXT", "public document that says so, with its address and when you read it"),
)
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HEAD = """\
#:schema https://json-schema.org/draft/2020-12/schema  (dossier.schema.json of phonehome, for editors)
id = {id}
title = {title}
operator = {operator}
country = {country}
kind = {kind}
summary = "TODO: what is sent, when, and why it matters, in two sentences."
protocols = [{protocol}]
{places}encoding = "TODO: in clear / base64 of JSON: encoded, not encrypted / …"
cautions = ["TODO: what a reader must not conclude."]

[client]
name = "TODO: the software that is known to send this"
confidence = "C"
"""
OF_HTTP = """
[grammar]
keys = ["imei", "model"]            # TODO: the names of its fields
minimum = 2

[[recognise]]
needs = ["host", "keys"]
confidence = "medium"
"""
OF_BYTES = """
[[recognise]]
needs = ["layout"]
confidence = "medium"

[layout]
protocol = {id}
transports = ["{transport}"]
begins = '\\x24\\x24'                 # TODO: first bytes, a regular expression in which a dot is any byte
structs = \"\"\"
struct message {{
    char   start[2];
    uint16 size;
    char   imei[8];
    char   rest[size - 8];
    uint16 crc;
}};
\"\"\"

[[layout.checks]]
kind = "crc-16/x-25"                # TODO: the checksum, and what it is taken over
over = ["size", "rest"]
equals = "crc"

[[layout.cases]]
name = "log-in"

[layout.values.imei]
form = "bcd"
digits = 15

[example]
hex = "TODO"
case = "log-in"
values = {{ imei = "490154203237518" }}
"""
TAIL = """
[fields.imei]
means = "number of the device itself (IMEI)"
kind = "imei"

{more}[[sources]]
title = {source}
confidence = "C"                    # A: code or document, read by you; B: reports that agree; C: weak
says = "TODO: what is taken from it"
seen = "TODO: YYYY-MM-DD"
"""
MODEL = """[fields.model]
means = "model of the device"

"""


def answers(given: Mapping[str, str | None]) -> dict[str, str]:
    """Return an answer to each question: the given ones, and what a person at the terminal says.

    Raises ValueError where one is missing and there is no terminal to ask on.
    """
    found = {question.name: _answer(question, given.get(question.name)) for question in QUESTIONS}
    if not ID.fullmatch(found["id"]):
        raise ValueError(f"--id {found['id']!r}: small letters, digits and hyphens, as in example-hello")
    if found["transport"] not in ("http", "tcp", "udp"):
        raise ValueError(f"--transport {found['transport']!r} is none of http, tcp, udp")
    if found["transport"] == "http" and not found["host"]:
        raise ValueError("--host: a sender over HTTP is known by its host; give it")
    return found


def _answer(question: Question, given: str | None) -> str:
    if given is not None:
        return given.strip()
    if sys.stdin.isatty():
        shown = f" [{question.otherwise}]" if question.otherwise else ""
        said = input(f"{question.help}{shown}: ").strip()
        if said or question.otherwise or question.name in ("country", "host", "path"):
            return said or question.otherwise
    elif question.otherwise or question.name in ("country", "host", "path"):
        return question.otherwise
    raise ValueError(f"--{question.name}: {question.help}; it is needed, and there is no terminal to ask on")


def saved(answered: Mapping[str, str], folder: str) -> Path:
    """Write the skeleton and return its path. Raises ValueError where it can't be written."""
    path = Path(folder) / f"{answered['id']}.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(skeleton(answered))
    except FileExistsError:
        raise ValueError(f"{path} is there already; name another --id or --folder") from None
    except OSError as problem:
        raise ValueError(f"{path} can't be written ({problem.strerror})") from None
    return path


def skeleton(answered: Mapping[str, str]) -> str:
    """Return the text of a dossier with what was answered, and TODO where something is to be found out."""
    quoted = {name: _quoted(value) for name, value in answered.items()}
    is_http = answered["transport"] == "http"
    lists = (("hosts", answered["host"]), ("paths", answered["path"] if is_http else ""))
    places = "".join(f"{name} = [{_quoted(value)}]\n" for name, value in lists if value)
    protocol = '"http"' if is_http else quoted["id"]
    head = HEAD.format(**quoted, protocol=protocol, places=places)
    middle = OF_HTTP if is_http else OF_BYTES.format(id=quoted["id"], transport=answered["transport"])
    return head + middle + TAIL.format(source=quoted["source"], more=MODEL if is_http else "")


def _quoted(text: str) -> str:
    """A TOML basic string (TOML 1.0.0, "String")."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in plain) + '"'
