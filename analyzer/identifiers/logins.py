"""A log-in in the fields of a request → its account, password and tokens, whatever carries them.

Forms, queries, JSON, XML with WS-Security (OASIS UsernameToken Profile 1.1), the positional parameters of
XML-RPC and JSON-RPC, and cookies. A password makes a log-in; the account is looked for beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analyzer.identifiers.login_names import BUTTONS, Role, names_session, role_of
from analyzer.identifiers.placeholders import EMPTY_WORDS
from analyzer.model import Field, Fields

LONGEST_USER, LONGEST_PASSWORD, LONGEST_TOKEN = 128, 128, 8192
SHORTEST_TOKEN = 16
SHORTEST_OF_P = 4  # p is of a page as often
NO_PASSWORD = frozenset(("on", "off", "yes", "no", "1", "[filtered]", "[redacted]", "****", "password"))
MASKED = re.compile(r"[*•●xX.\-]+")
DIGEST = re.compile(
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})", re.IGNORECASE
)
IS_TOKEN = re.compile(
    r"eyJ[\w\-]+\.[\w\-]+\.[\w\-]*|gh[pousr]_\w{20,}|ya29\.\S+|EAA[A-Za-z0-9]{40,}|SharedAccessSignature\s.*"
)
RANDOM = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[\w\-+/=.~:%]{16,8192}")
WORD = re.compile(r"(?=[^@\d]*[^\W\d_])[\w.+\-@ ]{3,64}")
OPAQUE = re.compile(
    r"[0-9a-fA-F]{16,}|(?=[^_\-. ]*\d)(?=[^_\-. ]*[A-Z])(?=[^_\-. ]*[a-z])[A-Za-z0-9+/=_\-]{20,}"
)
# XML-RPC methods of blog software, by their beginning: the place of the user name among the parameters.
POSITIONS = (
    ("blogger.", 1),
    ("metaweblog.new", 1),
    ("metaweblog.", 1),
    ("mt.", 1),
    ("wp.getusersblogs", 0),
    ("wp.", 1),
)
SIGNS_IN = re.compile(r"log_?[io]n|sign_?in|auth|session|connect|denglu", re.IGNORECASE)
METHODS = frozenset(("methodName", "method"))
STRINGS = frozenset(("param", "string", "value", "i4", "int"))
IN_PATH = re.compile(r"pass(word|wd)?|pwd", re.IGNORECASE)
DIGEST_TYPE = "PasswordDigest"


class LogInPart(NamedTuple):
    """One thing that a log-in holds: `kind` is account, password or token; how it is called, for a reader."""

    kind: str
    field: Field
    value: str
    said: str
    sure: bool = True


def parts_of_login(fields: Sequence[Field]) -> Iterator[LogInPart]:
    """Yield what the fields of one request hold of a log-in: passwords first, each with its account."""
    names = fields.names if isinstance(fields, Fields) else [field.name for field in fields]
    roles: dict[str, Role] = {name: role for name in dict.fromkeys(names) if (role := role_of(name))}
    different = frozenset(roles.values())
    if "password" in different:
        yield from _with_passwords(fields, names, roles)
    if "p" in names and "u" in names:
        yield from _short_names(fields, names)
    if "credentials" in names and "principal" in names:
        yield from _principal(fields, names)
    yield from _tokens(fields, names, roles)
    if "user" in different:
        yield from _cookies(fields, names, roles)
    if not METHODS.isdisjoint(names):
        yield from _positional(fields, names)


# ── passwords ───────────────────────────────────────────────────────────────


def _with_passwords(
    fields: Sequence[Field], names: Sequence[str], roles: dict[str, Role]
) -> Iterator[LogInPart]:
    done: set[tuple[str, ...]] = set()
    for index, name in enumerate(names):
        if roles.get(name) != "password":
            continue
        field = fields[index]
        group = field.evidence.path[:-1]
        text = _text(field)
        if (
            group in done
            or not text
            or not _is_in_request(field)
            or _is_directory(name, text)
            or _is_folder(field)
        ):
            continue
        done.add(group)
        user = _user_of(field, fields, names, roles)
        if user is not None:
            yield LogInPart("account", user, _text(user), f"stands beside the password field {name}")
        yield from _password(field, text, fields, names)


def _short_names(fields: Sequence[Field], names: Sequence[str]) -> Iterator[LogInPart]:
    """The account u and the password p of InfluxDB 1 and Subsonic, told by what else such a query holds."""
    first = {name: at for at, name in reversed(list(enumerate(names))) if len(name) <= 2}
    user, password = fields[first["u"]], fields[first["p"]]
    text, path = _text(password), password.evidence.path
    if path[:2] != ("target", "query") or user.evidence.path[:-1] != path[:-1] or not _is_user(user):
        return
    if not ("db" in first or {"v", "c"} <= first.keys()) or len(text) < SHORTEST_OF_P or text.isdigit():
        return
    yield LogInPart("account", user, _text(user), "stands as u beside the password p")
    yield from _password(password, text, fields, names)


def _principal(fields: Sequence[Field], names: Sequence[str]) -> Iterator[LogInPart]:
    """The members of a token of Neo4j's drivers: principal and credentials, beside the scheme basic."""
    user, password = (fields[names.index(name)] for name in ("principal", "credentials"))
    basic = any(name == "scheme" and _text(fields[at]) == "basic" for at, name in enumerate(names))
    if (
        basic
        and user.evidence.path[:-1] == password.evidence.path[:-1]
        and _is_user(user)
        and _text(password)
    ):
        yield LogInPart("account", user, _text(user), "stands as principal beside credentials")
        yield from _password(password, _text(password), fields, names)


def _is_directory(name: str, text: str) -> bool:
    """Return whether PWD is the variable that holds the working directory (POSIX.1-2017, XBD §8.3)."""
    return name == "PWD" and text.startswith("/")


def _is_folder(field: Field) -> bool:
    """Return whether the name is that of a folder of a path, and not the bare word for a password."""
    return field.evidence.path[:2] == ("target", "path") and not IN_PATH.fullmatch(field.name)


def _password(field: Field, text: str, fields: Sequence[Field], names: Sequence[str]) -> Iterator[LogInPart]:
    if IS_TOKEN.fullmatch(text):
        yield LogInPart("token", field, text, f"has the form of a token, in the field {field.name}")
    elif not _is_no_password(text) and not DIGEST.fullmatch(text) and not _is_digest(field, fields, names):
        yield LogInPart("password", field, text, f"the field is named {field.name}")


def _is_no_password(text: str) -> bool:
    lowered = text.lower()
    return (
        len(text) > LONGEST_PASSWORD
        or lowered in EMPTY_WORDS - {"test", "default"}
        or lowered in NO_PASSWORD
        or MASKED.fullmatch(text) is not None
        or not text.isprintable()
    )


def _is_digest(field: Field, fields: Sequence[Field], names: Sequence[str]) -> bool:
    """Whether an attribute beside it says that a hash stands there, as WS-Security has it."""
    if "xml" not in field.evidence.path or "Type" not in names:
        return False
    path = field.evidence.path
    return any(
        names[i] == "Type"
        and _text(fields[i]).endswith(DIGEST_TYPE)
        and fields[i].evidence.path[: len(path)] == path
        for i in range(len(names))
    )


def _user_of(
    field: Field, fields: Sequence[Field], names: Sequence[str], roles: dict[str, Role]
) -> Field | None:
    """The account beside a password: in the same object, else under a sure name anywhere in the message."""
    group = field.evidence.path[:-1]
    best: tuple[int, int, Field] | None = None
    for index, name in enumerate(names):
        role = roles.get(name)
        if role not in ("user", "weak user"):
            continue
        other = fields[index]
        beside = other.evidence.path[:-1] == group
        if not (beside or (role == "user" and other.evidence.path[:1] == group[:1])) or not _is_user(other):
            continue
        rank = (0 if beside else 2) + (role == "weak user")
        if best is None or (rank, _weakness(name)) < best[:2]:
            best = (rank, _weakness(name), other)
    return best[2] if best else None


def _weakness(name: str) -> int:
    lowered = name.lower()
    return next((rank for rank, word in enumerate(("user", "mail", "name", "id")) if word in lowered), 4)


def _is_user(field: Field) -> bool:
    text = _text(field)
    if not 1 <= len(text) <= LONGEST_USER or not text.isprintable() or not _is_in_request(field):
        return False
    return text.lower() not in EMPTY_WORDS and text.lower() not in BUTTONS


# ── tokens ──────────────────────────────────────────────────────────────────


def _tokens(fields: Sequence[Field], names: Sequence[str], roles: dict[str, Role]) -> Iterator[LogInPart]:
    wanted = {name for name, role in roles.items() if role in ("token", "perhaps token")}
    wanted.update(name for name in dict.fromkeys(names) if names_session(name))
    if not wanted:
        return
    values = fields.values if isinstance(fields, Fields) else [field.value for field in fields]
    for index, name in enumerate(names):
        if name not in wanted or not SHORTEST_TOKEN <= len(values[index]) <= LONGEST_TOKEN:
            continue
        role, value = roles.get(name), values[index]
        if not isinstance(value, str):
            continue
        field = fields[index]
        path = field.evidence.path
        in_cookie = path[:1] == ("header",) and path[1:2] and path[1].lower() == "cookie"
        if path[:1] == ("header",) and not in_cookie:
            continue  # headers are read by `authorization`
        if role == "token" and RANDOM.fullmatch(value):
            yield LogInPart("token", field, value, f"the field is named {name}")
        elif RANDOM.fullmatch(value) and (in_cookie and names_session(name)):
            yield LogInPart(
                "token", field, value, f"the cookie is named {name}, as those of sessions are", False
            )
        elif role == "perhaps token" and OPAQUE.fullmatch(value) and not in_cookie:
            yield LogInPart("token", field, value, f"the field is named {name}", False)


# ── positional parameters ───────────────────────────────────────────────────


def _positional(fields: Sequence[Field], names: Sequence[str]) -> Iterator[LogInPart]:
    """User name and password as the unnamed strings of XML-RPC and JSON-RPC calls."""
    at = next(i for i, name in enumerate(names) if name in METHODS)
    method = _text(fields[at])
    offset = _offset(method)
    if offset is None:
        return
    given = [field for field in map(fields.__getitem__, range(len(names))) if _is_parameter(field)]
    pair = given[offset : offset + 2]
    if len(pair) == 2 and _is_user(pair[0]) and not _is_no_password(_text(pair[1])) and _text(pair[1]):
        yield LogInPart("account", pair[0], _text(pair[0]), f"a parameter of {method}, before the password")
        if not DIGEST.fullmatch(_text(pair[1])):
            yield LogInPart(
                "password", pair[1], _text(pair[1]), f"a parameter of {method}, behind the account"
            )


def _offset(method: str) -> int | None:
    lowered = method.lower()
    known = next((place for start, place in POSITIONS if lowered.startswith(start)), None)
    return known if known is not None else 0 if len(method) < 64 and SIGNS_IN.search(method) else None


def _is_parameter(field: Field) -> bool:
    path = field.evidence.path
    if "params" not in path:
        return False
    if "xml" in path:
        return "member" not in path and (field.name in STRINGS or path[-1].partition("[")[0] in STRINGS)
    return path[path.index("params") + 1 :] == path[-1:] and path[-1].startswith("[")


# ── shared ──────────────────────────────────────────────────────────────────


def _text(field: Field) -> str:
    return field.value.strip() if isinstance(field.value, str) else ""


def _is_in_request(field: Field) -> bool:
    """Whether it stands in the target, the body, a cookie or a header of its own."""
    return field.name.lower() != "set-cookie"


def _cookies(fields: Sequence[Field], names: Sequence[str], roles: dict[str, Role]) -> Iterator[LogInPart]:
    """The account that a cookie names in plain words."""
    for index, name in enumerate(names):
        if roles.get(name) == "user":
            path = fields[index].evidence.path
            if (
                path[:1] == ("header",)
                and path[1:2]
                and path[1].lower() == "cookie"
                and _is_account(fields[index])
            ):
                yield LogInPart(
                    "account", fields[index], _text(fields[index]), f"the cookie is named {name}", False
                )


def _is_account(field: Field) -> bool:
    return _is_user(field) and WORD.fullmatch(_text(field)) is not None and not OPAQUE.fullmatch(_text(field))
