"""Users add dossiers of their own, which are checked like the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.cli import main
from analyzer.dossiers import DossierError, load
from analyzer.dossiers.schema import EVIDENCE, parse

OWN = """
id = "example-hello"
title = "Example hello"
operator = "Example Ltd"
kind = "activation-ping"
summary = "A phone says hello."
hosts = ["hello.example"]
paths = ["/hello"]
encoding = "in clear"

[client]
name = "an app"
confidence = "C"

[[recognise]]
needs = ["host", "path"]
confidence = "medium"

[[sources]]
title = "My notes"
confidence = "C"
says = "host and path"
"""


def test_own_dossiers_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    ids = {dossier.id for dossier in load(tmp_path)}
    assert ids == {dossier.id for dossier in load()} | {"example-hello"}


def test_an_own_dossier_stands_in_for_one_of_the_same_id(tmp_path: Path) -> None:
    (tmp_path / "umeng.toml").write_text(OWN.replace("example-hello", "umeng"))
    titles = {dossier.id: dossier.title for dossier in load(tmp_path)}
    assert titles["umeng"] == "Example hello"
    assert len(titles) == len(load())


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DossierError, match=r"no \.toml file there"):
        load(tmp_path)


def test_the_command_lists_all_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dossiers"]) == 0
    printed = capsys.readouterr().out
    for dossier in load():
        assert f"  {dossier.id}: " in printed
    assert printed.index("Activation and registration") < printed.index("Benign look-alikes")


def test_the_command_explains_one_with_fields_rules_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dossiers", "china-telecom-registration"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for words in (
        "field regver: version of",
        "recognised by: grammar + encoding",
        "source:",
        "every 3,600 s",
    ):
        assert words in printed


def test_the_command_names_a_dossier_that_is_not_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.toml").write_text(OWN.replace('needs = ["host", "path"]', 'needs = ["host"]'))
    assert main(["dossiers", "--dossiers", str(tmp_path)]) == 2
    assert "own.toml: a rule is content with weak evidence" in capsys.readouterr().err


def test_the_example_of_the_documentation_is_a_dossier() -> None:
    page = (Path(__file__).parents[2] / "docs" / "dossiers.md").read_text("utf-8")
    dossier = parse(page.split("```toml\n")[1].split("```")[0], "example-hello.toml")
    assert (dossier.id, dossier.retry.interval_s) == ("example-hello", 3600)
    assert all(f"`{kind}`" in page for kind in EVIDENCE)


def test_an_unknown_id_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dossiers", "nobody"]) == 2
    assert "no dossier nobody" in capsys.readouterr().err
