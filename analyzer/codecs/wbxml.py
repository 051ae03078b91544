"""WBXML (OMA-WAP-WBXML 1.3), as OMA DM, SyncML and provisioning send it → elements and their text.

Names are known of SyncML and DevInf; other elements have the number of their token.
"""

from __future__ import annotations

from typing import Any

from analyzer.codecs.cursor import EndOfBytesError, FieldCursor, as_text, holds_text
from analyzer.codecs.document_walk import Members

FIRSTS = frozenset((1, 2, 3))
SHORTEST = 8
DEEPEST = 40
MOST_INSIDE = 3
SWITCH, END, ENTITY, INLINE, LITERAL, PI, TABLE, OPAQUE = 0, 1, 2, 3, 4, 0x43, 0x83, 0xC3
CHARSETS = (3, 4, 106, 1000, 1013, 1014, 1015, 0)
SYNCML, DEVINF = (0xFD1, 0x1101, 0x1201, 0xFD5), (0xFD3, 0x1103, 0x1203)
PAGES = {
    "syncml": "Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName"
              " LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search Sequence"
              " SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr SyncML Target TargetRef -"
              " VerDTD VerProto NumberOfChanges MoreData",
    "metinf": "Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type"
              " Version MaxObjSize FieldLevel",
    "devinf": "CTCap CTType DataStore DataType DevID DevInf DevTyp DisplayName DSMem Ext FwV HwV Man MaxGUIDSize MaxID"
              " MaxMem Mod OEM ParamName PropName Rx Rx-Pref SharedMem Size SourceRef SwV SyncCap SyncType Tx Tx-Pref"
              " ValEnum VerCT VerDTD XNam XVal UTC SupportNumberOfChanges SupportLargeObjs",
}  # fmt: skip
NAMES = {page: dict(enumerate(words.split(), 5)) for page, words in PAGES.items()}


def read_wbxml(data: bytes, inside: int = 0) -> Any:
    """Return the elements of a document that takes up all bytes; None where there is no text in it.

    `inside` counts the documents around it.
    """
    if len(data) < SHORTEST or data[0] not in FIRSTS or inside > MOST_INSIDE:
        return None
    try:
        document = _Document(data, inside).read()
    except (ValueError, IndexError, OverflowError):
        return None
    return document if holds_text(document, 4) else None


class _Document:
    def __init__(self, data: bytes, inside: int) -> None:
        self._cursor = cursor = FieldCursor(data, 1)
        self._inside = inside
        public = self._number()
        named = self._number() if public == 0 else None
        self._charset = self._number() if data[0] >= 1 else 106
        if self._charset not in CHARSETS:
            raise EndOfBytesError("no such charset")
        self._table = cursor.take(self._number())
        text = str(self._from(named)) if named is not None else ""
        is_devinf = public in DEVINF or "devinf" in text.lower()
        is_syncml = public in SYNCML or "syncml" in text.lower()
        self._pages = (
            {0: NAMES["devinf"]}
            if is_devinf
            else {0: NAMES["syncml"], 1: NAMES["metinf"]}
            if is_syncml
            else {}
        )
        self._page = 0

    def read(self) -> Members:
        members = Members(self._content(0))
        if self._cursor.left():
            raise EndOfBytesError("something behind it")
        return members

    def _number(self) -> int:
        """A number in groups of seven bits, the highest first (§5.1)."""
        value = 0
        for _ in range(5):
            byte = self._cursor.u(1)
            value = value << 7 | byte & 127
            if byte < 128:
                return value
        raise EndOfBytesError("no number")

    def _from(self, at: int) -> str | bytes:
        """The text at a place of the string table."""
        if at >= len(self._table):
            raise EndOfBytesError("outside the table")
        end = self._table.find(b"\0", at)
        return as_text(self._table[at : end if end >= 0 else len(self._table)])

    def _content(self, depth: int) -> list[tuple[str, Any]]:
        """What stands inside an element, or the whole document: members, text under the name ""."""
        found: list[tuple[str, Any]] = []
        cursor = self._cursor
        while cursor.left():
            cursor.count(1)
            token = cursor.u(1)
            if token == END:
                if depth:
                    return found
            elif token == SWITCH:
                self._page = cursor.u(1)
            elif (text := self._text(token)) is not None:
                found.append(("", text))
            else:
                found.append(self._element(token, depth + 1))
        if depth:
            raise EndOfBytesError("no end of an element")
        return found

    def _text(self, token: int) -> str | bytes | None:
        """Text of a token; None of one that begins an element."""
        if token == INLINE:
            return as_text(self._cursor.terminated())
        if token == TABLE:
            return self._from(self._number())
        if token == OPAQUE:
            data = self._cursor.take(self._number())
            inner = read_wbxml(data, self._inside + 1)
            return inner if inner is not None else as_text(data)
        if token == ENTITY:
            return chr(min(self._number(), 0x10FFFF))
        if token in (0x40, 0x41, 0x42):
            return as_text(self._cursor.terminated())
        if token in (0x80, 0x81, 0x82):
            return str(self._number())
        return "" if token in (0xC0, 0xC1, 0xC2) else None

    def _element(self, token: int, depth: int) -> tuple[str, Any]:
        if depth > DEEPEST:
            raise EndOfBytesError("nested too deeply")
        kind = token & 0x3F
        if kind == LITERAL:
            name = str(self._from(self._number()))
        elif kind < 5:
            raise EndOfBytesError("no such token")
        else:
            name = self._pages.get(self._page, {}).get(kind, f"element {self._page}.{kind:02x}")
        attributes = self._attributes() if token & 0x80 else []
        inner = self._content(depth) if token & 0x40 else []
        return name, _joined(attributes, inner)

    def _attributes(self) -> list[tuple[str, Any]]:
        """Attributes up to their end; the page of names that they switch to is one of their own."""
        found: list[tuple[str, Any]] = []
        name, said = "", []
        cursor = self._cursor
        while (token := cursor.u(1)) != END:
            cursor.count(1)
            if token == SWITCH:
                cursor.take(1)
                continue
            text = self._text(token)
            if text is not None or token >= 0x80:
                said.append(str(text or ""))
                continue
            if name:
                found.append((name, "".join(said)))
            name = str(self._from(self._number())) if token == LITERAL else f"attribute {token:02x}"
            said = []
        return [*found, (name, "".join(said))] if name else found


def _joined(attributes: list[tuple[str, Any]], inner: list[tuple[str, Any]]) -> Any:
    """Text alone where there is nothing else, else the members; the data of an item by where it stands."""
    if not attributes and inner and all(name == "" and isinstance(value, str) for name, value in inner):
        return "".join(value for _, value in inner)
    if not attributes and len(inner) == 1 and inner[0][0] == "":
        return inner[0][1]
    members = Members([*attributes, *((name or "text", value) for name, value in inner)])
    return _placed(members)


def _placed(members: Members) -> Members:
    """An item of OMA DM names its data by the last part of a URI (OMA-TS-DM_RepPro §5)."""
    given = {name: value for name, value in members if name in ("Source", "Target", "Data")}
    place = next((given[name] for name in ("Source", "Target") if isinstance(given.get(name), Members)), None)
    uri = dict(place).get("LocURI") if place else None
    if isinstance(uri, str) and isinstance(given.get("Data"), str):
        last = uri.rstrip("/").rpartition("/")[2]
        return Members((last if name == "Data" and last else name, value) for name, value in members)
    return members
