"""Users add dossiers of their own, which are checked like the others."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from analyzer.cli import main
from analyzer.dossiers import DossierError, load
from analyzer.dossiers.schema import EVIDENCE, parse
from analyzer.inspection.dossier_trial import trial
from analyzer.layouts.checks import KINDS as CHECKS
from analyzer.layouts.value_forms import FORMS

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
    assert all(f"`{form}`" in page for form in {*FORMS, *CHECKS})
    assert (dossier.id, dossier.retry.interval_s) == ("example-hello", 3600)
    assert all(f"`{kind}`" in page for kind in EVIDENCE)


@pytest.mark.parametrize(("at", "name"), [(1, "example-hello"), (2, "example-tracker")])
def test_the_dossiers_of_the_tutorial_hold(at: int, name: str, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "dossiers.md").read_text("utf-8")
    (tmp_path / f"{name}.toml").write_text(page.split("```toml\n")[at].split("```")[0])
    known = load(tmp_path)
    assert [trial(dossier, known) for dossier in known.own] == [[]]


# ── begun, tried and shown by the command ───────────────────────────────────

ANSWERS = ["--title", 'My "own"', "--operator", "Me", "--source", "My notes of 2026", "--country", "NO"]


@pytest.mark.parametrize("transport", ["http", "tcp"])
def test_a_skeleton_is_written_from_options(
    transport: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [
        *ANSWERS,
        "--id",
        "my-own",
        "--transport",
        transport,
        "--host",
        "my.example",
        "--folder",
        str(tmp_path),
    ]
    assert main(["dossiers", "new", *given]) == 0
    assert "my-own.toml: written" in capsys.readouterr().out
    table = tomllib.loads((tmp_path / "my-own.toml").read_text())
    assert (table["title"], table["country"], table["hosts"]) == ('My "own"', "NO", ["my.example"])
    assert ("layout" in table) is (transport == "tcp")
    assert main(["dossiers", "new", *given]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_skeleton_asks_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["my-own", "Title", "Me", "", "", "", "my.example", "/a", "Notes of 2026"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(said))
    assert main(["dossiers", "new", "--folder", str(tmp_path)]) == 0
    table = tomllib.loads((tmp_path / "my-own.toml").read_text())
    assert (table["kind"], table["paths"]) == ("telemetry", ["/a"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--id", "My Own"], "small letters"),
        (["--id", "my-own", "--transport", "smoke"], "none of http"),
        (["--id", "my-own", "--transport", "http", "--host", ""], "--host"),
    ],
)
def test_an_answer_that_is_not_right_is_said(
    given: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dossiers", "new", *ANSWERS, *given, "--folder", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err


def test_without_a_terminal_what_is_missing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["dossiers", "new", "--id", "my-own", "--folder", str(tmp_path)]) == 2
    assert "--title" in capsys.readouterr().err


GOOD = OWN.replace('says = "host', 'seen = "2026-11-30"\nsays = "host').replace('"C"\nseen', '"B"\nseen')
TRIED = {
    "well": (
        OWN.replace('says = "host', 'seen = "2026-11-30"\nsays = "host').replace('"C"\nseen', '"B"\nseen'),
        "well",
    ),
    "weak sources": (OWN, "only weak sources"),
    "no date": (OWN, "no source says when"),
    "of another": (
        OWN.replace('hosts = ["hello.example"]', 'hosts = ["pingma.qq.com"]').replace(
            '"/hello"', '"/mstat/*"'
        ),
        "takes the example of tencent-mta",
    ),
    "value": (
        OWN + '\n[example]\nbody = "a=1"\nvalues = { imei = "490154203237518" }\n',
        "which is not read",
    ),
    "example": (OWN + '\n[example]\nbody_hex = "TODO"\n', "its example can't be read"),
    "not recognised": (OWN + '\n[example]\ntarget = "/other"\n', "its example is not recognised"),
}


@pytest.mark.parametrize(("text", "says"), TRIED.values(), ids=TRIED)
def test_dossiers_of_a_folder_are_tried(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "example-hello.toml").write_text(text)
    assert main(["dossiers", "test", str(tmp_path)]) == (0 if says == "well" else 1)
    assert f"example-hello: {says}" in capsys.readouterr().out.replace("it takes", "takes").replace(
        "its example should give imei = 490154203237518, ", ""
    )


def test_a_page_decodes_the_example_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dossiers", "show", "gt06", "adups-fota"]) == 0
    printed = capsys.readouterr().out
    for words in (
        "78 78 0d 01", "bytes → gt06: log-in", "imei = 490154203237518", "recognised as: gt06", "XOR key ",
        "recognised as: adups-fota", "encrypted with a key that anyone can know",
        "checked by: length, crc-16/x-25",
    ):  # fmt: skip
        assert words in printed


@pytest.mark.parametrize(
    ("words", "says"),
    [(["show"], "no dossier is named"), (["show", "nobody"], "no dossier nobody"), (["test"], "no folder")],
)
def test_what_can_not_be_shown_or_tried_is_said(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dossiers", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_cipher_that_is_not_right_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cipher = '\n[[ciphers]]\nalgorithm = "AES"\nmode = "ECB"\nkey = "short"\nsource = "s"\n'
    (tmp_path / "example-hello.toml").write_text(OWN + cipher)
    assert main(["dossiers", "test", str(tmp_path)]) == 2
    assert "example-hello: a key of 5 bytes is none of AES" in capsys.readouterr().err


# ── the schema for editors ──────────────────────────────────────────────────

SCHEMA = json.loads(files("analyzer.dossiers").joinpath("dossier.schema.json").read_text("utf-8"))
FILES = sorted(Path(str(files("analyzer.dossiers"))).glob("*/*.toml"))


def test_every_dossier_fits_the_schema_and_a_misspelt_key_does_not() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for path in FILES:
        assert list(validator.iter_errors(tomllib.loads(path.read_text("utf-8")))) == [], path.name
    table = tomllib.loads(FILES[0].read_text("utf-8"))
    assert list(validator.iter_errors(table | {"hots": []}))
    assert list(validator.iter_errors(table | {"kind": "spyware"}))


def test_an_unknown_id_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dossiers", "nobody"]) == 2
    assert "no dossier nobody" in capsys.readouterr().err
