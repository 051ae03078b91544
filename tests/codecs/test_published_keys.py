"""Ciphers with published keys, keys that travel with the message, XOR with a key that repeats."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import struct
import zlib

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from analyzer.codecs.binary_formats import opens
from analyzer.codecs.published_keys import (
    AES,
    DES,
    PUBLISHED_STEP,
    RC4,
    XOR,
    CipherError,
    PublishedKey,
    cipher_of,
    deciphered,
    shipped,
)
from analyzer.codecs.repeated_xor import repeated, xored
from analyzer.codecs.unifi import DEFAULT_KEY
from analyzer.inspection.decode import fields_of
from tests.codecs.messages import request

IMEI = "490154203237518"
PUBLISHED = [key for key in shipped() if not key.carried]
DOCUMENT = {"imei": IMEI, "model": "Example-1", "mac": "00:00:5e:00:53:a7", "net": "wifi", "time": 1550678460}
JSON = json.dumps(DOCUMENT).encode()


def padded(plain: bytes, size: int) -> bytes:
    count = size - len(plain) % size
    return plain + bytes((count,)) * count


def enciphered(plain: bytes, key: PublishedKey) -> bytes:
    if key.cipher == XOR:
        return xored(plain, key.key)
    if key.cipher == RC4:
        return Cipher(ARC4(key.key), None).encryptor().update(plain)
    algorithm = algorithms.AES(key.key) if key.cipher == AES else TripleDES(key.key * 3)
    mode = modes.CBC(key.vector) if key.vector else modes.ECB()
    encryptor = Cipher(algorithm, mode).encryptor()
    return encryptor.update(padded(plain, 16 if key.cipher == AES else 8)) + encryptor.finalize()


def imeis(body: bytes, media_type: str = "application/octet-stream") -> list[str]:
    made = request(body, headers=[("Content-Type", media_type)])
    return [str(field.value) for field in fields_of(made) if field.name == "imei"]


@pytest.mark.parametrize("key", PUBLISHED, ids=lambda key: key.step)
def test_a_document_under_a_published_key_is_read(key: PublishedKey) -> None:
    data = enciphered(JSON, key)
    assert imeis(data) == [IMEI]
    assert imeis(base64.b64encode(data)) == [IMEI]
    assert imeis(data.hex().encode()) == [IMEI]


@pytest.mark.parametrize(
    "key", [k for k in PUBLISHED if k.cipher not in (RC4, XOR)], ids=lambda key: key.step
)
def test_it_is_read_behind_a_head_too(key: PublishedKey) -> None:
    assert imeis(struct.pack(">IH", 0x55AA, 7) + bytes(11) + enciphered(JSON, key)) == [IMEI]


def test_gzip_behind_its_length_under_rc4_is_read() -> None:
    key = next(key for key in PUBLISHED if key.cipher == RC4)
    assert imeis(enciphered(struct.pack(">I", len(JSON)) + gzip.compress(JSON), key)) == [IMEI]


def test_short_values_are_read_where_the_padding_fits() -> None:
    key = next(key for key in PUBLISHED if key.cipher == DES)
    found = deciphered(enciphered(IMEI.encode(), key))
    assert found is not None
    assert found.text == IMEI


def test_a_key_that_travels_with_the_message_is_used() -> None:
    key, plain = b"k3y-7", f"&imei={IMEI}&model=Example-1&mac=00:00:5e:00:53:a7".encode()
    data = b"\x35\x08\0\0" + bytes((o << 3 | o >> 5) & 0xFF for o in key) + xored(plain, key)
    form = b"key=" + data.hex().upper().encode() + b"&check=" + hashlib.sha256(plain).hexdigest().encode()
    assert imeis(form, "application/x-www-form-urlencoded") == [IMEI]


@pytest.mark.parametrize("size", range(2, 11))
def test_xor_with_a_key_that_repeats_is_undone(size: int) -> None:
    rng = random.Random(size)
    data = xored(
        json.dumps(DOCUMENT | {"apps": ["no.example.mail", "no.example.map"] * 4}).encode(),
        bytes(rng.randrange(1, 256) for _ in range(size)),
    )
    assert imeis(data) == [IMEI]


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_a_unifi_message_gives_its_address_and_what_the_default_key_opens(flags: int) -> None:
    vector, content = bytes(range(16)), zlib.compress(JSON) if flags & 2 else JSON
    if flags & 1:
        encryptor = Cipher(algorithms.AES(DEFAULT_KEY), modes.CBC(vector)).encryptor()
        content = encryptor.update(padded(content, 16)) + encryptor.finalize()
    head = b"TNBU\0\0\0\0" + bytes.fromhex("00005e005310") + struct.pack(">H", flags) + vector
    body = head + struct.pack(">II", 1, len(content)) + content
    found = {field.name: field.value for field in fields_of(request(body))}
    assert found["mac"] in ("00:00:5e:00:53:10", DOCUMENT["mac"])
    assert found["imei"] == IMEI


def test_chance_is_taken_for_nothing() -> None:
    rng = random.Random(7)
    for size in (16, 24, 32, 48, 64, 128, 256, 1024):
        for _ in range(40):
            data = rng.randbytes(size)
            assert deciphered(data) is None
            assert repeated(data) is None
    assert not any(opens(hashlib.sha256(bytes((n,))).digest()) for n in range(200))


def test_plain_text_is_left_as_it_is() -> None:
    for text in ("<a:Envelope><a:Body><b>0123456789</b></a:Body></a:Envelope>", "a=1&b=2&c=3" * 9, "x" * 99):
        assert repeated(text.encode()) is None
        assert not any("xor" in step for f in fields_of(request(text.encode())) for step in f.evidence.path)


# ── keys as data ────────────────────────────────────────────────────────────

BAIDU = next(key for key in shipped() if key.dossier == "baidu-network-location")
STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def hidden(plain: bytes, wrong: int = 0) -> str:
    """Text as Baidu's clients hide it: the seed and the check are of its own MD5."""
    digest = hashlib.md5(plain + b"webgis").hexdigest()
    seed, check = (bytes(int(digest[at : at + 2], 16) for at in places) for places in ((6, 16, 26), (10, 20)))
    key = hashlib.md5(seed + b"webgis").hexdigest().encode()
    data = xored(plain + bytes((check[0] ^ wrong, check[1])), key) + seed
    table = str.maketrans(STANDARD + "=", STANDARD[::-1] + ".")
    return base64.b64encode(data).decode().translate(table)


def test_a_key_made_of_the_message_opens_it_and_its_check_detects_another() -> None:
    plain = f"&cl=242|1|9360|21430017&wf=00005e00533e;44;&addr=detail&im={IMEI}".encode()
    form = b"bloc=" + hidden(plain).replace("+", "%2B").replace("/", "%2F").encode() + b"%7Ctp%3D2"
    made = request(form, headers=[("Content-Type", "application/x-www-form-urlencoded")])
    found = {field.name: field for field in fields_of(made)}
    assert found["im"].value == IMEI
    assert any("(baidu-network-location)" in step for step in found["im"].evidence.path)
    spoiled = form.replace(hidden(plain)[:8].encode(), hidden(plain, wrong=1)[:8].encode(), 1)
    broken = b"bloc=" + hidden(plain, wrong=1).replace("+", "%2B").replace("/", "%2F").encode()
    for body in (broken, spoiled[:-12]):
        fields = fields_of(request(body, headers=[("Content-Type", "application/x-www-form-urlencoded")]))
        assert "im" not in {field.name for field in fields}


def test_a_step_names_the_key_and_the_dossier() -> None:
    found = deciphered(enciphered(JSON, PUBLISHED[0]))
    assert found is not None
    said = PUBLISHED_STEP.fullmatch(found.step)
    assert said is not None
    assert (said[2], said[3]) == (PUBLISHED[0].key.hex(), PUBLISHED[0].dossier)


WRONG_CIPHERS = {
    "algorithm": {"algorithm": "ROT13", "key": "x", "source": "s"},
    "no source": {"algorithm": "AES", "mode": "ECB", "key": "0123456789abcdef"},
    "size of key": {"algorithm": "AES", "mode": "ECB", "key": "short", "source": "s"},
    "vector": {"algorithm": "DES", "mode": "CBC", "key": "01234567", "iv": "0", "source": "s"},
    "vector without mode": {"algorithm": "DES", "key": "01234567", "iv": "01234567", "source": "s"},
    "misspelt": {"algorithm": "AES", "keys": "0123456789abcdef", "source": "s"},
    "hexadecimal": {"algorithm": "AES", "key_hex": "xy", "source": "s"},
    "derivation": {"algorithm": "AES", "key": "x", "derivation": "crc", "source": "s"},
}


@pytest.mark.parametrize("table", WRONG_CIPHERS.values(), ids=WRONG_CIPHERS)
def test_a_cipher_that_is_not_right_is_refused(table: dict[str, str]) -> None:
    with pytest.raises(CipherError):
        cipher_of(table)
