"""The tables `[layout]` of a dossier → a MessageLayout; one sentence for each thing that is not right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.layouts.checks import KINDS as CHECKS
from analyzer.layouts.value_forms import FORMS

TRANSPORTS = ("tcp", "udp")
MOST_BYTES = 1 << 14  # of one message
USUAL_MOST = 4096


class LayoutError(ValueError):
    """A layout that can't be used, and why."""


@dataclass(frozen=True, slots=True)
class MessageFraming:
    """How a stream is cut, where no structure tells it: a mark on both sides, an end, a size."""

    mark: bytes = b""
    escapes: Mapping[bytes, bytes] = field(default_factory=dict)
    ends: re.Pattern[bytes] | None = None
    head: re.Pattern[bytes] | None = None  # its group `size` counts the bytes behind it
    base: int = 10  # of the digits in `size`
    adds: int = 0  # bytes that are not counted


@dataclass(frozen=True, slots=True)
class IntegrityCheck:
    """What has to be so: a sum over members equals another; a count of bytes; fixed values."""

    kind: str
    over: tuple[str, ...] = ()  # the first and the last member
    equals: str = ""
    mask: int = 0  # of `equals`; 0 for all bits
    adds: int = 0  # to the counted bytes
    values: tuple[int | str, ...] = ()  # of kind "is"; bytes in hexadecimal
    of: tuple[str, ...] = ()  # the structures of whole messages that it holds for; all where none is named


@dataclass(frozen=True, slots=True)
class Repeated:
    """Members that come as often as an earlier one says."""

    times: str
    each: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageCase:
    """One kind of message: how it is known, and what its members are."""

    name: str
    when: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    inside: str = ""  # a member that holds another structure
    struct: str = ""
    least: int = 0  # bytes of `inside`
    xor: bytes = b""  # a published key that `inside` is under
    members: tuple[str | Repeated, ...] = ()  # of text, in the order of its pieces
    pattern: re.Pattern[str] | None = None  # of text: named groups are its members
    find: Mapping[str, re.Pattern[str]] = field(default_factory=dict)  # of text: members at any position
    search: bool = False  # the bytes are searched too: not all of it is described


@dataclass(frozen=True, slots=True)
class Negative:
    """When a number is negative: a member's bits, or its text."""

    member: str
    is_: tuple[int | str, ...]
    mask: int = 0


@dataclass(frozen=True, slots=True)
class ValueRule:
    """How a member becomes a value that a reader can check."""

    member: str
    name: str = ""  # of the value, where it is not that of the rule
    form: str = "text"
    mask: int = 0
    skip: int = 0  # values in front that this rule leaves to another
    most: int = 0  # values; 0 for all
    digits: int = 0  # so many of the last ones are kept
    divide: float = 0
    negative: Negative | None = None
    absent: tuple[str, ...] = ()  # texts that mean no value
    charset: str = "utf-8"
    only_when: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)  # one of these is enough


@dataclass(frozen=True, slots=True)
class TagNames:
    """A list of tagged values (TLV): which member holds them, and what the tags are called."""

    member: str
    tag: str
    value: str
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class MessageLayout:
    """A grammar of messages. `begins` is a stream's or datagram's first bytes, `starts` those of a message.

    `starts` is by the name of the structure that such a message has: "message" where none is named.
    """

    protocol: str
    begins: re.Pattern[bytes]
    cases: tuple[MessageCase, ...]
    values: Mapping[str, ValueRule]
    transports: tuple[str, ...] = ("tcp",)
    endian: str = "big"
    most: int = USUAL_MOST
    structs: str = ""
    starts: Mapping[str, re.Pattern[bytes]] = field(default_factory=dict)  # structures of whole messages
    framing: MessageFraming = MessageFraming()
    separator: re.Pattern[str] | None = None
    checks: tuple[IntegrityCheck, ...] = ()
    tags: tuple[TagNames, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether its messages are text, cut by a separator or a pattern."""
        return not self.structs


def layout_of(table: Mapping[str, Any]) -> MessageLayout:
    """Return the layout of a table. Raises LayoutError where it can't be used."""
    try:
        made = _layout(dict(table))
    except (TypeError, KeyError, ValueError, AttributeError, re.error) as problem:
        raise LayoutError(f"its layout can't be read ({problem})") from None
    for complaint in complaints(made):
        raise LayoutError(f"its layout: {complaint}")
    first_of(table["begins"])
    return made


def _layout(raw: dict[str, Any]) -> MessageLayout:
    separator = raw.pop("separator", "")
    return MessageLayout(
        begins=re.compile(raw.pop("begins").encode("latin-1"), re.DOTALL),
        separator=re.compile(separator) if separator else None,
        starts={k: re.compile(v.encode("latin-1"), re.DOTALL) for k, v in _starts(raw).items()},
        framing=_framing(raw.pop("framing", {})),
        checks=tuple(IntegrityCheck(**_tuples(each)) for each in raw.pop("checks", ())),
        cases=tuple(_case(each) for each in raw.pop("cases", ())),
        values={name: _value(name, each) for name, each in raw.pop("values", {}).items()},
        tags=tuple(_tags(each) for each in raw.pop("tags", ())),
        **_tuples(raw),
    )


def _starts(raw: dict[str, Any]) -> dict[str, str]:
    return dict(raw.pop("starts", {"message": ""} if raw.get("structs") else {}))


def _framing(raw: Mapping[str, Any]) -> MessageFraming:
    made = dict(raw)
    for name in ("ends", "head"):
        if name in made:
            made[name] = re.compile(made[name].encode("latin-1"), re.DOTALL)
    if "mark" in made:
        made["mark"] = bytes.fromhex(made["mark"])
    escapes = made.pop("escapes", {})
    return MessageFraming(**made, escapes={bytes.fromhex(k): bytes.fromhex(v) for k, v in escapes.items()})


def _case(raw: Mapping[str, Any]) -> MessageCase:
    made = dict(raw)
    members = tuple(
        m if isinstance(m, str) else Repeated(m["times"], tuple(m["each"])) for m in made.pop("members", ())
    )
    pattern = made.pop("pattern", "")
    return MessageCase(
        when=_listed(made.pop("when", {})),
        members=members,
        pattern=re.compile(pattern, re.ASCII) if pattern else None,
        find={name: re.compile(each, re.ASCII) for name, each in made.pop("find", {}).items()},
        xor=bytes.fromhex(made.pop("xor", "")),
        **made,
    )


def _value(name: str, raw: Mapping[str, Any]) -> ValueRule:
    made = _tuples({"member": name, **raw})
    below = made.pop("negative", None)
    if below is not None:
        is_ = below["is"] if isinstance(below["is"], list) else [below["is"]]
        below = Negative(below["member"], tuple(is_), below.get("mask", 0))
    return ValueRule(
        negative=below,
        only_when=_listed(made.pop("only_when", {})),
        unless=_listed(made.pop("unless", {})),
        **made,
    )


def _tags(raw: Mapping[str, Any]) -> TagNames:
    return TagNames(raw["member"], raw["tag"], raw["value"], {int(k, 0): v for k, v in raw["names"].items()})


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _listed(raw: Mapping[str, Any]) -> dict[str, tuple[int | str, ...]]:
    return {key: tuple(value) if isinstance(value, list) else (value,) for key, value in raw.items()}


# The first byte of a pattern: an escape, a class, or a literal byte.
FIRST_BYTE = re.compile(
    rb"\\x[0-9A-Fa-f]{2}|\\[^A-Za-z0-9]|\[\^?(?:\\.|[^\]\\])+\]|[^\\\[\]().*+?|^${}]", re.DOTALL
)


def first_of(begins: str) -> re.Pattern[bytes]:
    """Return the pattern of the first byte. Raises LayoutError where it can't be told from the pattern."""
    pattern = begins.encode("latin-1")
    found = FIRST_BYTE.match(pattern)
    if not found or b"|" in re.sub(rb"\([^)]*\)|\[[^\]]*\]", b"", pattern):
        raise LayoutError("its layout: `begins` has to begin with one byte or one class of bytes")
    return re.compile(found[0], re.DOTALL)


def complaints(layout: MessageLayout) -> list[str]:
    """Return what is wrong with a layout, one sentence each."""
    whole = layout.framing
    cuts = whole.mark or whole.ends or whole.head
    checks = (
        (
            re.fullmatch(r"[a-z0-9][a-z0-9 .-]*", layout.protocol),
            f"{layout.protocol!r} is no name of a protocol",
        ),
        (
            set(layout.transports) <= set(TRANSPORTS) and layout.transports,
            "a transport is neither tcp nor udp",
        ),
        (layout.endian in ("big", "little"), f"endian {layout.endian!r} is neither big nor little"),
        (0 < layout.most <= MOST_BYTES, f"a message of {layout.most:,} bytes is longer than {MOST_BYTES:,}"),
        (not layout.begins.match(b""), "`begins` fits where there are no bytes"),
        (layout.cases, "it has no case"),
        (layout.structs or cuts or layout.transports == ("udp",), "nothing says where a message ends"),
        (layout.structs or layout.separator or all(c.pattern for c in layout.cases), "text has no separator"),
        (not whole.head or "size" in whole.head.groupindex, "`head` has no group `size`"),
        (all(c.kind in CHECKS for c in layout.checks), "a check is of no known kind"),
        (layout.structs or not layout.checks, "only a structure has checks"),
        (all(v.form in FORMS for v in layout.values.values()), "a value is of no known form"),
        (
            all(bool(c.inside) == bool(c.struct) for c in layout.cases),
            "`inside` and `struct` belong together",
        ),
    )
    return [complaint for fine, complaint in checks if not fine]
