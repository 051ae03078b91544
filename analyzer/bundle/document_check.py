"""The documents of a bundle → what they say, once all of them say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analyzer.bundle.bundle import FOLDER, printed, readme
from analyzer.bundle.environment import KEYS
from analyzer.bundle.file_check import DOCUMENTS, Files
from analyzer.bundle.flow_groups import MOST, FlowGroup, groups
from analyzer.bundle.manifest import MANIFEST, README, REPORT, SCHEMA, Making, canonical, manifest
from analyzer.bundle.packet_check import WrongError
from analyzer.model import Report
from analyzer.report.document_size import FREE, bounded
from analyzer.version import VERSION

# Of the manifest: what no report says, and the sums of files, of which `misstated` tells.
OWN_WORDS = frozenset(("tool", "command", "environment", "sha256"))
LONGEST_README = 1 << 20  # bytes
LONGEST_COMMAND = 1 << 16  # characters


@dataclass(frozen=True, slots=True)
class BundleDocuments:
    """What the documents of a bundle say."""

    manifest: dict[str, Any]
    report: Report
    shown: dict[str, FlowGroup]  # by the name of the file
    left_out: int  # connections that have no file of their own
    making: Making  # what the bundle states of itself
    not_compared: tuple[str, ...]  # words of another version

    @property
    def redacted(self) -> bool:
        """Return whether identifiers were replaced by pseudonyms."""
        return self.report.redaction is not None

    @property
    def version(self) -> str:
        """Of the phonehome that made the bundle."""
        return str(self.manifest["tool"]["version"])


def said(files: Files) -> BundleDocuments:
    """Return what manifest and report say. Raises WrongError where they contradict each other."""
    report, document = _report(files), _manifest(files)
    found = groups(report)
    if not found:
        raise WrongError(f"{REPORT}: holds no ping and no finding, so the bundle shows nothing")
    shown = {f"{FOLDER}/flow-{at:04}.pcapng": group for at, group in enumerate(found[:MOST], start=1)}
    left_out = len(found) - len(shown)
    if report.redaction is not None:
        _take_withheld(shown, document)
    making = _making(document)
    again = json.loads(manifest(report, shown, left_out, making, {}))
    for name in sorted((again.keys() | document.keys()) - OWN_WORDS):
        if document.get(name) != again.get(name):
            raise WrongError(_contradiction(name, document.get(name), again.get(name)))
    if canonical(document) != files.document(MANIFEST):  # a key twice, or bytes that JSON passes over
        raise WrongError(f"{MANIFEST}: is not of the form that phonehome writes")
    if strange := sorted(files.sums.keys() ^ {*DOCUMENTS, *shown}):
        raise WrongError(f"{strange[0]}: is missing, or {MANIFEST} does not name it")
    made = BundleDocuments(document, report, shown, left_out, making, _others(report, document))
    _check_readme(files, made)
    return made


def _take_withheld(shown: dict[str, FlowGroup], document: dict[str, Any]) -> None:
    """Mark the connections whose payload the manifest calls withheld: a redacted report can't tell which."""
    files = document.get("files")
    for each in files if isinstance(files, list) else ():
        if isinstance(each, dict) and each.get("withheld") is True and each.get("file") in shown:
            shown[each["file"]].withheld = True


def _contradiction(name: str, is_said: Any, wanted: Any) -> str:
    if name == "files" and isinstance(is_said, list) and isinstance(wanted, list):
        for said_of, wanted_of in zip(is_said, wanted, strict=False):
            if said_of != wanted_of:
                return f"{MANIFEST}: says of {wanted_of['file']} something else than {REPORT}"
    return f"{MANIFEST}: says of {name} something else than {REPORT}"


def _others(report: Report, document: dict[str, Any]) -> tuple[str, ...]:
    """Return a sentence for each document that another version wrote, with words of its own."""
    versions = {REPORT: report.version, f"{README} with the sheets": document["tool"]["version"]}
    return tuple(
        f"{name} was written by phonehome {version}; its words were not compared with those of {VERSION}"
        for name, version in versions.items()
        if version != VERSION
    )


def _report(files: Files) -> Report:
    from analyzer.report import json as reports

    try:
        with files.open(REPORT) as file:
            text = bounded(file).decode("ascii")
        report = reports.read(text)
    except ValueError as error:
        raise WrongError(f"{REPORT}: can't be read: {error}") from None
    if report.version == VERSION and reports.write(report) != text:
        raise WrongError(f"{REPORT}: is not of the form that phonehome writes")
    return report


def misstated(files: Files) -> Iterator[str]:
    """Yield a sentence for each file of which the manifest states another SHA-256 than it has, or none."""
    try:
        stated = _manifest(files).get("sha256")
    except WrongError:
        return
    if not isinstance(stated, dict) or stated.keys() != files.sums.keys() - {MANIFEST}:
        yield f"{MANIFEST}: does not state the SHA-256 of each other file"
        return
    for name, digest in files.sums.items():
        if name != MANIFEST and stated[name] != digest:
            yield f"{name}: was changed: its SHA-256 is not the one that {MANIFEST} states"


def misprinted(files: Files, told: BundleDocuments) -> Iterator[str]:
    """Yield a sentence for each sheet that does not follow from the report."""
    if told.version != VERSION or told.report.version != VERSION:
        return
    for name, wanted in printed(told.report, told.shown).items():
        if files.document(name) != wanted:
            yield f"{name}: is not the sheet that belongs to this bundle"


def _making(document: dict[str, Any]) -> Making:
    """Return what a manifest states of how it was made. Raises WrongError where it is of another form."""
    command, told = document.get("command"), document.get("environment")
    is_right = isinstance(command, str) and len(command) <= LONGEST_COMMAND and isinstance(told, dict)
    if is_right and isinstance(told, dict) and told.keys() == KEYS and all(map(_is_named, told.values())):
        return Making(str(command), told)
    raise WrongError(f"{MANIFEST}: does not say with what it was made, in the form that phonehome writes")


def _is_named(value: Any) -> bool:
    """Whether a value is a text, or an object of texts."""
    texts = value.values() if isinstance(value, dict) else (value,)
    return all(isinstance(each, str) for each in texts)


def _manifest(files: Files) -> dict[str, Any]:
    try:
        with files.open(MANIFEST) as file:
            document = json.loads(bounded(file, FREE))
    except (ValueError, RecursionError):
        raise WrongError(f"{MANIFEST}: is no JSON document, or one of another kind") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise WrongError(f"{MANIFEST}: is not of schema {SCHEMA}, which this version reads")
    tool = document.get("tool")
    is_named = isinstance(tool, dict) and tool.keys() == {"name", "version"} and tool["name"] == "phonehome"
    if not is_named or not isinstance(document["tool"]["version"], str):
        raise WrongError(f"{MANIFEST}: does not say which version of phonehome made it")
    return document


def _check_readme(files: Files, made: BundleDocuments) -> None:
    with files.open(README) as file:
        text, notice = file.read(LONGEST_README), made.report.reconstruction
    if made.version == VERSION and text != readme(made.report, made.making):
        raise WrongError(f"{README}: is not the text that belongs to this bundle")
    if notice and notice.encode() not in text:
        raise WrongError(f"{README}: does not say that the capture is a reconstruction")
