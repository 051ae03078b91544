"""A package that is not installed → the sentence that says which extra of the project brings it."""

from __future__ import annotations

EXTRAS = {
    "pyarrow": "parquet",
    "stix2": "sharing",
    "pymisp": "sharing",
    "fsspec": "summary",
    "duckdb": "summary",
    "starlette": "serve",
    "uvicorn": "serve",
    "multipart": "serve",
    "python_multipart": "serve",
    "asyncssh": "signing",
    "minisign": "signing",
    "sigstore": "signing",
}


def missing(what: str, package: str | None, extra: str | None = None) -> str:
    """One sentence; the extra is told by the package where it isn't given.

    It names the folder of the sources, since a package index may know another project by our name.

    >>> missing("--stix", "stix2")
    "--stix needs the package stix2, which is not installed: pip install '.[sharing]' in phonehome's folder"
    """
    top = (package or "?").partition(".")[0]
    extra = extra or EXTRAS.get(top)
    hint = f": pip install '.[{extra}]' in phonehome's folder" if extra else ""
    return f"{what} needs the package {top}, which is not installed{hint}"
