"""What the commands print on narrow terminals: every digit and date that the JSON holds."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.scenarios.files import samples
from vpp_gym.cli import app, checks, doctor
from vpp_gym.cli.contracts import COLUMNS
from vpp_gym.cli.file_report import plain
from vpp_gym.cli.output import console, number_text
from vpp_gym.cli.tables import Column, Grid, show

WIDTHS = (40, 56, 60, 80)
FIRST, DAYS = "2024-06-03", 9
KNOWN = ("--elaad-clock", "local", "--elaad-dates", "month-first")
pytestmark = pytest.mark.parametrize("width", WIDTHS)


@pytest.fixture(autouse=True)
def narrow(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", width)


def vpp_gym(*words: object, width: int, code: int = 0) -> str:
    """What the command prints; no line but one that holds a path goes beyond the terminal."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    if "--json" not in words:
        long = [line for line in result.stdout.splitlines() if len(line.rstrip()) > width]
        assert not [line for line in long if "/" not in line]
    return result.stdout


def document(*words: object, code: int = 0) -> Any:
    return json.loads(vpp_gym(*words, "--json", width=0, code=code))


def words_of(text: str) -> list[str]:
    return [word.strip(";,:()'") for word in text.split()]


def assert_named(text: str, numbers: dict[str, str]) -> None:
    """Every name is followed by its whole number: beside it, or at the end of its block's line."""
    for name, number in numbers.items():
        assert re.search(rf"(?<!\S){re.escape(name)}:?\s+{re.escape(number)}(?!\S)", text), name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    samples.write(folder / "da.csv", samples.entsoe_new(FIRST, DAYS))
    samples.write(folder / "im.csv", samples.tennet_new(FIRST, DAYS, dual=(40,)))
    sessions = samples.elaad(FIRST)
    samples.write(folder / "sessions.csv", [*sessions, sessions[4], sessions[7]])
    samples.write(folder / "a_long_name_of_notes_that_nobody_asked_for_2024-06-03.txt", "none\n")
    return folder


@pytest.fixture(scope="module")
def world(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "world.parquet"
    result = CliRunner().invoke(app, ["data", "build", str(folder), "-o", str(out), *KNOWN])
    assert result.exit_code == 0, result.output
    return out


def assert_all_said(text: str, report: dict[str, Any]) -> None:
    """Every count and fact of a file is in the text, in full."""
    flat = " ".join(text.split())
    for group in (one for one in report.values() if isinstance(one, dict)):
        for name, value in group.items():
            if value not in ("", None):
                said = " ".join(f"{name}: {plain(value)}".split())
                assert re.search(rf"{re.escape(said)}(?=[; ]|$)", flat), said
    assert f"rows {report['rows']:,}, kept {report['kept']:,}" in flat


def test_check_says_everything(folder, width):
    report = document("data", "check", folder, *KNOWN)
    text = vpp_gym("data", "check", folder, *KNOWN, width=width)
    read = [one for one in report["files"] if one["state"] == "ok"]
    assert len(read) == 3
    for one in read:
        assert_all_said(text, one)
    assert "a_long_name_of_notes_that_nobody_asked_for_2024-06-03.txt" in "".join(text.split())


def test_build_and_describe_say_the_same(folder, world, width, tmp_path):
    report = document("data", "describe", world)
    again = tmp_path / world.name
    built = vpp_gym("data", "build", folder, "-o", again, *KNOWN, width=width)
    described = vpp_gym("data", "describe", world, width=width)
    files = {one["file"]: one for one in document("data", "check", folder, *KNOWN)["files"]}
    for text in (built, described):
        for one in report["provenance"]["sources"]:
            assert_all_said(text, one)
            assert {**one, **files[one["file"]]} == files[one["file"]]
        flat = " ".join(text.split())
        for name, count in report["provenance"]["counts"].items():
            assert f"{name}: {count:,}" in flat
        words = words_of(text)
        for split in report["splits"].values():
            for value in split.values():
                assert plain(value) in words
        assert "sessions.csv: elaad transactions rows 42, kept 40" in flat


def test_run_says_every_number(world, width):
    name = f"{world}:test"
    report = document("run", "charge_on_arrival", "--scenario", name)
    text = vpp_gym("run", "charge_on_arrival", "--scenario", name, width=width)
    groups = ("money", "split", "energy", "cars", "contracts")
    numbers = {name: value for group in groups for name, value in report[group].items()}
    numbers["profit_eur"] = report["profit_eur"]
    assert_named(text, {name: number_text(name, value) for name, value in numbers.items()})
    assert {report["first_day"], report["last_day"]} <= set(words_of(text))
    assert report["days"] == 2


def test_contracts_say_every_number(width):
    report = document("contracts", "--types", "0.5,0.75,1,1.25,1.5,2,3")
    text = vpp_gym("contracts", "--types", "0.5,0.75,1,1.25,1.5,2,3", width=width)
    words = words_of(text)
    for one in report["contracts"]:
        for name, (_, form) in COLUMNS.items():
            assert format(one[name], form) in words
    assert f"{report['expected_value_eur']:.4f}" in words


def test_list_says_every_number(width):
    rows = document("run", "--list")
    words = words_of(vpp_gym("run", "--list", width=width))
    for row in rows:
        assert row["policy"] in words
        assert set(re.findall(r"\d[\d.,]*\d|\d", row["offers"] or "")) <= set(words)


def test_doctor_says_every_number(width, monkeypatch):
    found = [
        checks.Check("kernels", "ok", "ready in 17.25 s, then 1,234 us a step"),
        checks.Check("[train]", "absent", "torch 2.8.0, tensorboard 2.18.0", "pip install x==1.2"),
        checks.Check("real data", "ok", "10,000 sessions and 35,040 hours of prices of 2019"),
    ]
    monkeypatch.setattr(checks, "all_checks", lambda _: iter(found))
    assert doctor.__module__ == "vpp_gym.cli.doctor"
    words = set(words_of(vpp_gym("doctor", width=width)))
    for check in found:
        numbers = re.findall(r"\S*\d\S*", f"{check.found} {check.remedy}")
        assert {number.strip(",") for number in numbers} <= words


def shown(*grids: Grid, width: int) -> str:
    out = io.StringIO()
    show(Console(width=width, file=out), *grids)
    return out.getvalue()


def test_any_table_keeps_its_numbers(width):
    columns = [Column("Policy"), *(Column(f"Number {i} EUR", is_number=True) for i in range(9))]
    rows = [
        (f"policy_with_a_long_name_{row}", *(f"-{row},{i}34,567.89" for i in range(9)))
        for row in range(3)
    ]
    for by_column in (False, True):
        grid = Grid(columns, rows, title="Numbers of 2024-06-03", by_column=by_column)
        words = shown(grid, width=width).split()
        assert {cell for row in rows for cell in row[1:]} <= set(words)
        assert "2024-06-03" in words


def test_tables_that_fit_stand_beside_one_another(width):
    grid = Grid((Column(), Column(is_number=True)), [("profit_eur", "1,234.56")])
    lines = [line for line in shown(grid, grid, width=width).splitlines() if line.strip()]
    assert len(lines) == (1 if width >= 2 * (grid.width + 4) else 2)


BOARD = ("leaderboard", "show", "embedded.market", "--worlds", "2", "--days", "28")


def test_a_board_says_every_number(width):
    rows = document(*BOARD)["rows"]
    text = vpp_gym(*BOARD, width=width)
    words = words_of(text.replace("[", "[ ").replace("]", " ]"))
    for row in rows:
        assert {f"{round(row['value_eur']) + 0:,}", f"{row['score']:.1f}"} <= set(words)
        assert row["policy"] in text.replace("+\n", "+") or all(
            part in text for part in row["policy"].split("+")
        )


@pytest.mark.parametrize("name", ["embedded.market", "embedded.operations", "car_park.equal"])
def test_boards_are_tables_on_a_terminal_of_80_columns(name, width):
    heading = vpp_gym("leaderboard", "show", name, width=width)
    is_table = re.search(r"Policy +(Rank|Score)", heading) is not None
    assert is_table or width < 80


def test_a_number_goes_above_its_interval_where_the_table_would_not_fit(width):
    columns = [Column("Policy"), *(Column(f"N {k}", True, folds_interval=True) for k in range(4))]
    rows = [("hindsight", *(f"{k}66.7 [{k}63.5, {k}70.0]" for k in range(4)))]
    lines = shown(Grid(columns, rows), width=width).splitlines()
    assert {f"{k}66.7" for k in range(4)} <= set(" ".join(lines).split())
    assert len(lines) == (4 if width >= 72 else 5)
