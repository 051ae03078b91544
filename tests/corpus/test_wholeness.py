"""Results that something has cut are made whole again from what is left; broken runs are known."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import main
from tests.corpus.captures import archive

pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captures and their results, made once."""
    folder = tmp_path_factory.mktemp("made")
    archive(folder / "many")
    assert main(["scan", str(folder / "many"), "-q", "--jobs", "1", "--results", str(folder / "r")]) == 3
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made / "r", tmp_path / "r")
    shutil.copytree(made / "many", tmp_path / "many")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def summary(capsys: Any) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["summary", "r", "-v"])
    said = capsys.readouterr()
    return code, said.out, said.err


def scan(*more: str) -> int:
    return main(["scan", "many", "-q", "--jobs", "1", "--results", "r", *more])


def short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:500])


def zeroed(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100] + bytes(100))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("damage", [short, zeroed, empty, Path.unlink], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("table", ["flows", "captures"])
@pytest.mark.usefixtures("place")
def test_a_table_that_is_cut_is_reported_and_made_again(damage: Any, table: str, capsys: Any) -> None:
    before = summary(capsys)
    assert before[0] == 0
    (part, *_) = sorted(Path("r", table).glob("*.parquet"))
    damage(part)
    assert scan() == 3
    said = capsys.readouterr().err
    assert "made again from" in said
    assert part.name in said or (table, damage) == ("captures", Path.unlink)
    assert summary(capsys) == before
    assert scan() == 3
    assert "made again" not in capsys.readouterr().err


@pytest.mark.usefixtures("place")
def test_a_run_that_broke_off_is_known_until_its_captures_are_read(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("analyzer.corpus.run.run", breaks)
        assert scan() == 130
    code, out, err = summary(capsys)
    assert code == 3
    assert "has not come to its end" in err
    assert "1 run of scan --results has not come to its end" in " ".join(out.split())
    assert scan() == 3
    assert summary(capsys)[0] == 0


@pytest.mark.usefixtures("place")
def test_results_are_their_owners_alone() -> None:
    assert scan("--json", "j") == 3
    made = [path for path in Path("r").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


@pytest.mark.usefixtures("place")
def test_sheets_that_are_written_again_replace_older_ones() -> None:
    assert main(["summary", "r", "--csv", "c"]) == 0
    first = {path.name: path.read_bytes() for path in Path("c").iterdir()}
    Path("c", "own").write_text("mine")
    assert main(["summary", "r", "--csv", "c"]) == 0
    assert {path.name: path.read_bytes() for path in Path("c").iterdir()} == {**first, "own": b"mine"}
