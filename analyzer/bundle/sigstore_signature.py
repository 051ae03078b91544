"""Sigstore bundles (https://docs.sigstore.dev/about/bundle/) of a manifest, verified without a network.

The certificate of the signer, its record in a transparency log and that log's own signature are verified
against a trusted root that is given as a file, since this program asks nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class SigstoreSigner(NamedTuple):
    """Who has to have signed, and what that is verified against."""

    identity: str  # an e-mail address or a URL, as the certificate names it
    issuer: str  # the URL of who confirmed it
    root: bytes  # a `trusted_root.json`


def objection(data: bytes, bundle: bytes, signer: SigstoreSigner) -> str | None:
    """Return why a bundle is no signature of these bytes by that signer, None where it is one.

    Raises ValueError where the trusted root can't be read.
    """
    from sigstore.errors import Error
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier
    from sigstore.verify.policy import Identity

    with _quiet():
        try:
            verifier = Verifier(trusted_root=_root(TrustedRoot, signer.root))
        except (Error, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"is no trusted root of Sigstore ({_first_line(error)})") from None
        try:
            policy = Identity(identity=signer.identity, issuer=signer.issuer)
            verifier.verify_artifact(data, Bundle.from_json(bundle), policy)
        except (Error, ValueError, KeyError, TypeError, RecursionError) as error:
            return _first_line(error)
    return None


def _root(kind: Any, data: bytes) -> Any:
    """Return the trusted root: the library reads one from a path alone."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="phonehome-") as folder:
        path = Path(folder) / "trusted_root.json"
        path.write_bytes(data)
        return kind.from_file(str(path))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from writing to standard error."""
    logger = logging.getLogger("sigstore")
    level, logger.disabled = logger.level, True
    try:
        yield
    finally:
        logger.disabled = False
        logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
