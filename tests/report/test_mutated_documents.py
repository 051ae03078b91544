"""Saved reports in which anything may be of another type are shown, or refused in one sentence."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.making import call, capture

MUTATIONS = 27
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 63, 1e308, "", "\ud800", "\x1b[31m", "a" * 5000, [], {}, [[]], [None], {"a": 1},
    "9999-99-99T00:00:00.000000000Z", "fe80::1%eth0", [1, 2],
)  # fmt: skip
COMMANDS = (
    ("report", "F"),
    ("report", "F", "--html", "O"),
    ("report", "F", "--eve", "O"),
    ("report", "F", "--json", "O"),
    ("report", "F", "--csv", "O"),
    ("report", "F", "--redact"),
    ("diff", "F", "G"),
    ("evidence", "F", "-w", "O"),
    ("recheck", "F"),
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutated")
    assert call("scan", capture(folder, "gzip"), "-q", "--json", folder / "good.json") == 0
    return folder / "good.json"


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document, and a key or position in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield value, key
        if isinstance(each, dict | list):
            yield from places(each)


def mutated(good: Path, chance: random.Random) -> str:
    document = json.loads(good.read_text())
    for _ in range(chance.choice((1, 1, 2, 3))):
        container, key = chance.choice(list(places(document)))
        alike = [each for each in VALUES if type(each) is type(container[key])]
        container[key] = chance.choice(alike if alike and chance.random() < 0.5 else VALUES)
    return json.dumps(document)


def test_a_mutated_report_is_shown_or_refused_in_a_sentence(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command in turn; a seed that failed once is added here by its number."""
    for seed in range(MUTATIONS):
        chance = random.Random(seed)
        saved, out = tmp_path / f"{seed}.json", tmp_path / f"out-{seed}"
        saved.write_text(mutated(good, chance))
        words = {"F": saved, "G": good, "O": out}
        code = call(*(words.get(word, word) for word in COMMANDS[seed % len(COMMANDS)]))
        said = capsys.readouterr().err
        assert code in (0, 1, 2), (seed, said)
        assert "fault of phonehome" not in said, (seed, said)
        assert said.count("\n") == (code == 2), (seed, said)


def test_values_that_failed_once_are_shown_or_refused(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = good.read_text()
    changes = (
        ("356938035643809", "\\ud800", ("report", "F", "--redact")),
        ("356938035643809", "a" * 5000, ("report", "F", "--redact")),
        ("phone.pcap", "\\ud800", ("evidence", "F", "-w", "O")),
        ("phone.pcap", "\\u0000", ("recheck", "F")),
        ('"port":80', f'"port":{1 << 63}', ("evidence", "F", "-w", "O")),
    )
    for old, new, command in changes:
        assert old in text
        (tmp_path / "saved.json").write_text(text.replace(old, new))
        words = {"F": tmp_path / "saved.json", "O": tmp_path / "out"}
        assert call(*(words.get(word, word) for word in command)) in (0, 2)
        assert "fault of phonehome" not in capsys.readouterr().err
    document = json.loads(text)
    document["messages"][0]["span_captures"] = [0, 0, 0, 0, 0]
    (tmp_path / "saved.json").write_text(json.dumps(document))
    assert call("recheck", tmp_path / "saved.json") in (0, 1, 2)
    assert "fault of phonehome" not in capsys.readouterr().err


def test_a_table_without_a_column_or_with_nothing_in_a_row_is_one_sentence(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, change in enumerate(("missing", "null", "text")):
        document = json.loads(good.read_text())
        columns = document["flows"]["columns"]
        if change == "missing":
            del columns["source.bytes"]
        else:
            columns["event.start"][0] = None if change == "null" else "yesterday"
        saved = tmp_path / f"{number}.json"
        saved.write_text(json.dumps(document))
        capsys.readouterr()
        assert call("report", saved) == 2
        assert "flows.columns" in capsys.readouterr().err
