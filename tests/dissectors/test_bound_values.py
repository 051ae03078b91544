"""Values that are sent apart from their statement get the names of their columns."""

from __future__ import annotations

import struct

from analyzer.dissectors.api import MessagePlace
from analyzer.dissectors.bound_values import columns_of
from analyzer.dissectors.database_servers import MySql, PostgreSql

PLACE = MessagePlace(0, 1, (1,), 0, 0)
INSERT = "INSERT INTO phones (id, imei, mail) VALUES (DEFAULT, {}, lower({}))"
NUMBER, MAIL = "356938035643809", "ola@example.org"


def test_columns_are_told_by_their_places() -> None:
    assert columns_of(INSERT.format("$2", "$1")) == {1: "imei", 0: "mail"}
    assert columns_of(INSERT.format("?", "?")) == {0: "imei", 1: "mail"}
    assert columns_of("UPDATE p SET `mail` = ?, n = 3 WHERE imei=?") == {0: "mail", 1: "imei"}
    assert columns_of("SELECT 1") == {}
    assert columns_of("INSERT INTO t (a) VALUES (%s)") == {0: "a"}


def postgresql(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def test_values_of_postgresql() -> None:
    reader = PostgreSql(0, 5432, (True, True))
    reader._is_started = True
    parse = b"s1\0" + INSERT.format("$1", "$2").encode() + b"\0\0\0"
    list(reader.read(0, postgresql(b"P", parse), PLACE))
    values = b"".join(struct.pack(">I", len(v)) + v.encode() for v in (NUMBER, MAIL))
    bind = b"\0s1\0\0\0\0\2" + values + b"\0\0"
    (made,) = reader.read(0, postgresql(b"B", bind), PLACE)
    assert made.headers == [("imei", NUMBER), ("mail", MAIL)]
    for cut in range(len(bind)):
        list(reader.read(0, postgresql(b"B", bind[:cut]), PLACE))


def mysql(sequence: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((sequence,)) + body


def test_values_of_mysql() -> None:
    reader = MySql(0, 3306, (True, True))
    list(reader.read(0, mysql(0, b"\x16" + INSERT.format("?", "?").encode()), PLACE))
    list(reader.read(1, mysql(1, b"\0\7\0\0\0\0\0\2\0\0\0\0"), PLACE))
    values = struct.pack("<q", int(NUMBER)) + bytes((len(MAIL),)) + MAIL.encode()
    execute = b"\x17\7\0\0\0\0\1\0\0\0\0\1\x08\0\xfd\0" + values
    (made,) = reader.read(0, mysql(0, execute), PLACE)
    assert made.headers == [("imei", NUMBER), ("mail", MAIL)]
    for cut in range(6, len(execute)):
        list(reader.read(0, mysql(0, execute[:cut]), PLACE))
