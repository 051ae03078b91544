"""The registration payload of the 2017 client and the HTTP messages that carry it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

from homewifi import identifiers as ids

HOST = "zzhc.vnet.cn"
NORWAY = timezone(timedelta(hours=1))  # standard time, as in February

# Keys in the order in which the client puts them into its HashMap.
VALUES = {
    "REGVER": "5.0",
    "MEID": ids.MEID,
    "MODELSMS": "HMD-Nokia 7 plus",
    "SWVER": "00WW_3_22C",
    "SIM1CDMAIMSI": "",
    "SIM2CDMAIMSI": "",
    "UETYPE": "1",
    "SIM1ICCID": ids.ICCID,
    "SIM2ICCID": ids.NO_ICCID,
    "SIM1LTEIMSI": ids.IMSI,
    "SIM2LTEIMSI": "",
    "SIM1TYPE": "2",
    "SIM2TYPE": "",
    "SIM1VoLTESW": "2",
    "SIM2VoLTESW": "0",
    "DataSIM": "1",
    "SID": "",
    "NID": "",
    "MACID": ids.PHONE_MAC,
    "MANUFACTURE": "HMD Global",
    "OSVER": "android9",
    "HWVER": "B2N",
    "PNAME": "B2N",
    "COLOR": "",
    "MLPLVER": "",
    "MSPLVER": "",
    "MMEID": "",
    "ACCESSTYPE": "2",
    "REGDATE": "",
    "IMEI1": ids.IMEI1,
    "IMEI2": ids.IMEI2,
    "BASEID": ids.CELL,
}


def java_hash(text: str) -> int:
    """`String.hashCode` of Java, as an unsigned 32-bit number."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value


def hashmap_order(keys: list[str]) -> list[str]:
    """The order in which a `java.util.HashMap` walks these keys (table of 64 for 25 to 48 keys)."""
    return sorted(keys, key=lambda key: (java_hash(key) ^ (java_hash(key) >> 16)) & 63)


def payload(time_us: int) -> dict[str, str]:
    """Key → value as registered at a UTC time in microseconds."""
    local = datetime.fromtimestamp(time_us // 1_000_000, UTC).astimezone(NORWAY)
    values = VALUES | {"REGDATE": local.strftime("%Y-%m-%d %H:%M:%S")}
    return {key: values[key] for key in hashmap_order(list(values))}


def encode(values: dict[str, str]) -> bytes:
    """Base64 with an LF after every 76 characters and at the end, as Android's encoder writes it."""
    return base64.encodebytes(json.dumps(values, separators=(",", ":")).encode())


def request(body: bytes) -> tuple[bytes, bytes]:
    """The head and the body of the POST."""
    lines = [
        "POST / HTTP/1.1",
        "Content-Type: application/encrypted-json",
        f"Content-Length: {len(body)}",
        f"Host: {HOST}",
        "Connection: Keep-Alive",
        "User-Agent: Apache-HttpClient/UNAVAILABLE (java 1.4)",
    ]
    return "\r\n".join([*lines, "", ""]).encode(), body


def refusal(date: str) -> bytes:
    """The answer that makes the client try again."""
    body = b'{"resultCode":"1","resultDesc":"Check error"}'
    lines = [
        "HTTP/1.1 200 OK",
        f"Date: {date}",
        "Content-Type: application/json;charset=UTF-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
