"""The options that say whose signatures and time stamps count, and with which key a bundle is signed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from analyzer.cli.file_roles import FileOption, Role, declare
from analyzer.cli.output import UnusableError
from analyzer.system.pipes import read_whole

if TYPE_CHECKING:
    from analyzer.bundle.authorship import Trust

LARGEST = 1 << 20  # bytes of a key, or of a file of certificates


def add_trust(command: argparse.ArgumentParser) -> None:
    """Add the options by which a signature or a time stamp is verified."""
    group = command.add_argument_group("author and time")
    group.add_argument(
        "--key",
        dest="keys",
        action="append",
        default=[],
        metavar="FILE",
        help="public keys that have to have signed: of SSH (.pub, allowed_signers) or minisign; repeatable",
    )
    group.add_argument(
        "--tsa-roots", metavar="FILE.pem", help="root certificates of time-stamping authorities"
    )
    group.add_argument("--sigstore-identity", metavar="NAME", help="who has to have signed with Sigstore")
    group.add_argument("--sigstore-issuer", metavar="URL", help="… confirmed by whom")
    group.add_argument("--sigstore-root", metavar="FILE.json", help="… against this trusted_root.json")
    declare(
        command,
        FileOption("keys", "--key", Role.READ),
        FileOption("tsa_roots", "--tsa-roots", Role.READ),
        FileOption("sigstore_root", "--sigstore-root", Role.READ),
    )


def trust_of(options: argparse.Namespace) -> Trust:
    """Return what was given for them. Raises UnusableError."""
    from analyzer.bundle.authorship import Trust
    from analyzer.bundle.sigstore_signature import SigstoreSigner

    told = (options.sigstore_identity, options.sigstore_issuer, options.sigstore_root)
    if any(told) and not all(told):
        raise UnusableError("--sigstore-identity, --sigstore-issuer and --sigstore-root belong together")
    roots = options.tsa_roots
    return Trust(
        [(path, _read("--key", path)) for path in options.keys],
        SigstoreSigner(*told[:2], _read("--sigstore-root", told[2])) if all(told) else None,
        (roots, _read("--tsa-roots", roots)) if roots else None,
    )


def signing(path: str) -> Callable[[bytes], dict[str, bytes]]:
    """Return what signs a manifest: the signature by the name of its file. Raises UnusableError."""
    from analyzer.bundle import minisign_signature, ssh_signature
    from analyzer.bundle.authorship import MINISIGN, SSH

    key = _read("--sign", path)
    kind, name = (
        (minisign_signature, MINISIGN) if key.startswith(minisign_signature.COMMENT) else (ssh_signature, SSH)
    )
    try:
        passphrase = _passphrase(path) if kind.is_locked(key) else None
        kind.signature(b"", key, passphrase)  # whether it can sign is known before the captures are read
    except ValueError as error:
        raise UnusableError(
            f"--sign {path}: can't sign: {error}; a private key of SSH or minisign can"
        ) from None
    return lambda data: {name: kind.signature(data, key, passphrase)}


def _passphrase(path: str) -> str:
    import getpass
    import sys

    if not sys.stdin.isatty():
        raise UnusableError(
            f"--sign {path}: asks for a passphrase, and there is no terminal to ask on; sign by hand: "
            f"ssh-keygen -Y sign -n phonehome-evidence -f {path} DIR/manifest.json"
        )
    return getpass.getpass(f"Passphrase of {path}: ")


def _read(option: str, path: str) -> bytes:
    try:
        return read_whole(path, LARGEST)
    except OSError as error:
        raise UnusableError(f"{option}: {path} can't be read ({error.strerror})") from None
