"""Options → a text by which results are known: the same for the same options and version."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable

from analyzer.packets.wifi import WifiKey
from analyzer.session.options import Options
from analyzer.version import VERSION

# Work that a guess at a passphrase costs whoever finds results (scrypt's N, RFC 7914 §2).
SCRYPT_COST = 1 << 14


def fingerprint(options: Options, salt: bytes) -> str:
    """Return the same text for the same options and version. Wi-Fi keys can't be read from it.

    The owner's identifiers have so few digits that no digest would hide them: they may not be kept, not
    even so, and `salt` has to be a new one in every run that was given some.
    """
    said = {
        "version": VERSION,
        "regions": options.regions,
        "origin": options.origin,
        "geo": [_digest([path]) for path in options.geo],
        "geo_date": str(options.geo_date or ""),
        "dossiers": [_digest(_files_in(folder)) for folder in options.dossiers],
        "log": [list(entry) for entry in options.log],
        "tac": _digest([options.tac]) if options.tac else "",
        "wifi": [_hidden(key, salt) for key in options.wifi],
        "known": salt.hex() if options.known else "",
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _digest(paths: Iterable[str]) -> str:
    """Of the contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _files_in(folder: str) -> list[str]:
    found = (os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(found)


def _hidden(key: WifiKey, salt: bytes) -> str:
    secret = repr((key.ssid, key.passphrase, key.psk, key.wep)).encode()
    return hashlib.scrypt(secret, salt=salt, n=SCRYPT_COST, r=8, p=1).hex()
