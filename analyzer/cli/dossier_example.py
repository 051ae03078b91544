"""`phonehome dossiers show` and `test`: an example decoded step by step, and dossiers tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from analyzer.cli.dossier_pages import explained, wrapped
from analyzer.dossiers import Dossier, Dossiers, load
from analyzer.dossiers.examples import ExampleMessage, example_of
from analyzer.inspection.dossier_trial import ReadExample, read_example, trial
from analyzer.inspection.known_ciphers import keys_of
from analyzer.report.text import visible

BYTES_A_ROW, MOST_ROWS = 16, 40
MOST_FIELDS = 60


def shown(ids: Sequence[str], directories: Sequence[str], *, width: int) -> str:
    """The pages of the dossiers named; ValueError where one can't be found or used."""
    known = load(*directories)
    by_id = {dossier.id: dossier for dossier in known}
    if not ids:
        raise ValueError("dossiers show: no dossier is named; phonehome dossiers lists them")
    if missing := [name for name in ids if name not in by_id]:
        raise ValueError(f"no dossier {missing[0]}; there are: {', '.join(sorted(by_id))}")
    keys_of(known)
    parts = []
    for name in ids:
        about = [line for text in explained([by_id[name]]) for line in wrapped(visible(text), width)]
        parts.append("\n".join([*about, *map(visible, _example(by_id[name], known))]) + "\n")
    return "\n".join(parts)


def _example(dossier: Dossier, known: Dossiers) -> Iterator[str]:
    yield ""
    example = example_of(dossier)
    if example is None:
        yield (
            "  example: none; what is sent can't be read" if dossier.name_only else "  example: none is given"
        )
        return
    yield f"  example over {example.transport}, {len(example.wire()):,} bytes (its numbers are synthetic)"
    yield from (f"    {row}" for row in _dumped(example.wire()))
    read = read_example(example, known)
    if read is None:
        yield "  it is read as nothing: try phonehome dossiers test"
        return
    yield ""
    yield "  step by step"
    yield from (f"    {row}" for row in _steps(example, read, dossier))
    yield ""
    said = ", ".join(read.found.senders) or "nobody"
    yield f"  recognised as: {said}"
    for finding in read.found.findings:
        yield f"  found: {finding.kind} {finding.value} ({finding.certainty}; {'; '.join(finding.reasons)})"


def _steps(example: ExampleMessage, read: ReadExample, dossier: Dossier) -> Iterator[str]:
    if example.data:
        yield f"bytes → {dossier.layout.get('protocol', '')}: {read.message.method}"
    for field in read.fields[:MOST_FIELDS]:
        value = field.value if isinstance(field.value, str) else field.value.hex()
        way = " › ".join(field.evidence.path)
        known = dossier.fields.get(field.name.lower())
        yield f"{way} = {value[:80]}{f'   ({known.means})' if known else ''}"
    if len(read.fields) > MOST_FIELDS:
        yield f"… and {len(read.fields) - MOST_FIELDS} more"


def _dumped(data: bytes) -> Iterator[str]:
    """Rows of bytes in hexadecimal and as text, as Wireshark shows them."""
    for at in range(0, min(len(data), BYTES_A_ROW * MOST_ROWS), BYTES_A_ROW):
        row = data[at : at + BYTES_A_ROW]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{at:04x}  {row.hex(' '):<{3 * BYTES_A_ROW - 1}}  {text}"
    if len(data) > BYTES_A_ROW * MOST_ROWS:
        yield f"… {len(data) - BYTES_A_ROW * MOST_ROWS:,} more bytes"


def tried(folders: Sequence[str], directories: Sequence[str]) -> tuple[str, bool]:
    """What is wrong with each dossier of these folders, and whether nothing is. Raises ValueError."""
    known = load(*directories, *folders)
    keys_of(known)
    names = {path.stem for folder in folders for path in Path(folder).glob("*.toml")}
    chosen = [dossier for dossier in known.own if dossier.id in names]
    lines, is_well = [], True
    for dossier in chosen:
        complaints = trial(dossier, known)
        lines += [f"{dossier.id}: {complaint}" for complaint in complaints] or [f"{dossier.id}: well"]
        is_well = is_well and not complaints
    if not chosen:
        lines, is_well = [f"no dossier there whose id is its file's name: {', '.join(folders)}"], False
    return "".join(f"{visible(line)}\n" for line in lines), is_well
