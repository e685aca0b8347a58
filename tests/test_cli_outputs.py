"""Output that cannot be written: told before the work, and the report is shown all the same."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from tests.scenarios.files import samples
from vpp_gym.cli import app
from vpp_gym.cli.output import terminal
from vpp_gym.cli.tables import Column, Grid, show
from vpp_gym.evaluation import rollout
from vpp_gym.files import writer

RUN = ("run", "charge_on_arrival", "--days", "1", "--scenario", "synthetic:test", "--out")
PICTURE = ("contracts", "--figure")


def command(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})


def full_disk(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """A disk that is full once so many files are on it."""
    written = []

    def fsync(handle: int) -> None:
        written.append(handle)
        if len(written) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writer.os, "fsync", fsync)


@pytest.mark.parametrize("words", [RUN, (*RUN[:-1], "--json", "--out")], ids=["table", "json"])
def test_a_disk_that_is_full_at_the_end_takes_no_report_away(tmp_path, monkeypatch, words):
    out = tmp_path / "days.csv"
    out.write_text("old", encoding="utf-8")
    full_disk(monkeypatch, after=1)
    result = command(*words, out)
    assert result.exit_code == 1
    assert "profit_eur" in result.stdout
    assert "One row per day" not in result.stdout
    error, *rest = result.stderr.strip().splitlines()
    assert "days.csv" in error
    assert "disk is full" in error
    assert not rest
    assert out.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["days.csv"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (RUN, "days.csv"),
        (PICTURE, "menu.png"),
        (("demo", "--out"), "day.png"),
        (("reproduce", "parklee2018", "--out"), "report"),
        (("reproduce", "rahman2023", "--out"), "report"),
        (("data", "build", ".", "-o"), "world.parquet"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_full_disk_is_told_before_the_work(tmp_path, monkeypatch, words, name):
    def work(*arguments, **options):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(rollout, "evaluate", work)
    full_disk(monkeypatch, after=0)
    result = command(*words, tmp_path / name)
    assert result.exit_code == 2, result.output
    assert "disk is full" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("words", [RUN, PICTURE, ("data", "build", ".", "-o")])
@pytest.mark.parametrize("name", ["missing/x{}", "folder{}", "x" * 300 + "{}"])
def test_a_place_that_cannot_be_written_to_is_told_in_one_line(tmp_path, words, name):
    suffix = {"run": ".csv", "contracts": ".png", "data": ".parquet"}[words[0]]
    (tmp_path / f"folder{suffix}").mkdir()
    result = command(*words, tmp_path / name.format(suffix))
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_a_name_of_a_file_is_shown_as_it_is(tmp_path):
    (tmp_path / "a[").mkdir()
    for name in ("[bold]menu.png", "a[/b]menu.png"):
        result = command(*PICTURE, tmp_path / name)
        assert result.exit_code == 0, result.output
        assert name in result.stdout


STEERING = {
    b"\xff\xfe.csv": r"\udcff\udcfe.csv",
    b"\x1b[2J\x1b]0;x\x07.csv": r"\x1b[2J\x1b]0;x\x07.csv",
    b"a.csv: ok\nb.csv": r"a.csv: ok\nb.csv",
    b"a\r\x08b.csv": r"a\r\x08b.csv",
    "a\u202evsc.exe.csv".encode(): r"a\u202evsc.exe.csv",
}
"""Names of files that would clear or recolour a terminal, lie to it, or break its encoding."""


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such names")
@pytest.mark.parametrize("raw", STEERING)
@pytest.mark.parametrize("content", ["good", "bad", "unknown"])
def test_no_name_of_a_file_steers_the_terminal(tmp_path, raw, content):
    path = os.path.join(os.fsencode(tmp_path), raw)
    good = samples.entsoe_new("2024-06-03", 2)
    lines = {"good": good, "bad": [*good, "x"], "unknown": ["a"]}[content]
    Path(os.fsdecode(path)).write_text("\n".join(lines), encoding="utf-8")
    result = command("data", "check", tmp_path)
    assert result.exit_code == (content == "bad"), result.output
    assert STEERING[raw] in "".join(result.stdout.split("\n"))
    assert all(line.isprintable() for line in result.stdout.splitlines())
    said = json.loads(command("data", "check", tmp_path, "--json").stdout)["files"]
    assert [one["file"] for one in said] == [os.fsdecode(raw)]
    out = command("contracts", "--figure", os.fsdecode(path) + ".gif")
    assert out.exit_code == 2
    assert all(line.isprintable() for line in out.stderr.splitlines())


def test_what_a_file_says_does_not_steer_the_terminal(tmp_path):
    lines = [line.replace("BZN|NL", "BZN|\x1b[31mNL") for line in samples.entsoe_new("2024-06-03")]
    samples.write(tmp_path / "a.csv", lines)
    result = command("data", "check", tmp_path)
    assert r"\x1b[31mNL" in result.stdout
    assert "\x1b" not in result.output


@pytest.mark.parametrize("width", ["0", "00", "1", "7", "-5", "x", ""])
def test_the_environment_cannot_silence_a_table(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    out = io.StringIO()
    show(
        terminal(file=out), Grid((Column("day"), Column("eur", True)), [("2024-06-03", "-488.06")])
    )
    assert {"2024-06-03", "-488.06"} <= set(out.getvalue().split())


@pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict", "cp1252"])
def test_a_terminal_of_any_encoding_shows_any_name(tmp_path, encoding):
    samples.write(tmp_path / "Ωμέγα.csv", samples.entsoe_new("2024-06-03"))
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "vpp_gym.cli", "data", "check", str(tmp_path)]
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    name = "Ωμέγα" if encoding.startswith("utf") else r"\u03a9\u03bc\u03ad\u03b3\u03b1"
    assert f"{name}.csv: entsoe" in done.stdout.decode()


def test_a_name_of_a_file_is_no_formula_in_the_table(tmp_path, monkeypatch):
    rows = pd.DataFrame({"scenario": ["=HYPERLINK(1):test"], "profit_eur": [-1.0]})
    run = sys.modules["vpp_gym.cli.run"]
    run._write_days(SimpleNamespace(days=rows), tmp_path / "days.csv")
    assert (tmp_path / "days.csv").read_text(encoding="utf-8").splitlines() == [
        "scenario,profit_eur",
        "'=HYPERLINK(1):test,-1.0",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_screen_that_takes_nothing_is_one_line():
    words = [sys.executable, "-m", "vpp_gym.cli", "contracts"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs a file system of its own")
def test_on_a_real_disk_that_is_full(tmp_path):
    mounted = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        (tmp_path / "menu.png").write_text("old", encoding="utf-8")
        result = command(*PICTURE, tmp_path / "menu.png")
        assert result.exit_code == 1
        assert "Owner type" in result.stdout
        assert "disk is full" in result.stderr
        assert (tmp_path / "menu.png").read_text(encoding="utf-8") == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["menu.png"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
