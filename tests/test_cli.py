"""The command line: what it prints, writes, refuses and returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from vpp_gym.cli import app, checks
from vpp_gym.markets.ledger import TERMS
from vpp_gym.policies.baselines import baseline_names
from vpp_gym.scenarios.named import NAMES

ROOT = Path(__file__).parents[1]
HEAVY = {"cvxpy", "matplotlib", "numba", "pandas", "scipy", "torch"}


def vpp_gym(*words: object, code: int = 0) -> str:
    """What the command prints to stdout."""
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result.stdout


def test_command_is_installed_under_its_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["scripts"]["vpp-gym"].partition(":")
    assert callable(getattr(import_module(module), name))


def test_help_loads_nothing_heavy():
    code = "import sys; from vpp_gym.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True
    )
    assert {"demo", "run", "doctor"} <= set(done.stdout.split())
    assert HEAVY.isdisjoint(done.stdout.split())


def test_help_of_run_names_every_scenario():
    text = vpp_gym("run", "--help")
    for kind, _, split in (name.partition(":") for name in NAMES):
        assert kind in text
        assert f":{split}" in text


def test_demo_compares_policies_on_the_same_cars(tmp_path: Path):
    picture = tmp_path / "day.png"
    report = json.loads(vpp_gym("demo", "--seed", 3, "--out", picture, "--json"))
    early, planned = report["policies"]["charge_on_arrival"], report["policies"]["hazard_mpc"]
    assert planned["demand_kwh"] == pytest.approx(early["demand_kwh"])
    assert planned["departures"] == early["departures"]
    assert planned["cost_eur"] < early["cost_eur"]
    assert planned["demand_satisfaction"] < early["demand_satisfaction"] == pytest.approx(1)
    assert picture.read_bytes().startswith(b"\x89PNG")
    table = vpp_gym("demo", "--seed", 3, "--out", picture.with_suffix(".svg"))
    assert f"{planned['profit_eur']:,.2f}" in table
    assert report["last_day"] in table
    assert "<svg" in picture.with_suffix(".svg").read_text(encoding="utf-8")


def test_run_reports_everything_that_was_booked(tmp_path: Path):
    rows = tmp_path / "rows.csv"
    words = ["run", "rolling_mpc_3h", "--days", 3, "--guarantee", "--out", rows]
    report = json.loads(vpp_gym(*words, "--json"))
    groups = [report[name] for name in ("money", "energy", "cars", "contracts")]
    seen = {name for group in groups for name in group} | set(report["split"])
    assert set(TERMS) <= seen
    for group in ("money", "split"):
        assert sum(report[group].values()) == pytest.approx(report["profit_eur"])
    days = pd.read_csv(rows)
    assert days["date"].tolist() == ["2019-01-01", "2019-01-02", "2019-01-03"]
    assert days["profit_eur"].sum() == pytest.approx(report["profit_eur"])
    assert report["guarantee"] is report["provenance"]["params"]["guarantee"] is True
    text = vpp_gym(*words)
    assert f"{report['profit_eur']:,.2f}" in text
    assert f"{report['cars']['arrivals']}" in text


def test_run_lists_the_baselines():
    listed = json.loads(vpp_gym("run", "--list", "--json"))
    names = [row["policy"] for row in listed]
    assert names[: len(baseline_names())] == list(baseline_names())
    assert {"learned_mpc", "tracking_mpc", "site_mpc"} <= set(names)
    assert len(names) == len(set(names))
    assert "the future" in vpp_gym("run", "--list")
    offers = {row["policy"]: row["offers"] for row in listed}
    assert offers["rolling_mpc_3h"] == "fixed-term menu of 3 h"
    assert offers["charge_on_arrival+expected_load"] is None
    assert offers["hindsight"] == offers["hazard_mpc_price"]
    assert offers["hindsight"].startswith("price-based contracts priced at 1.25 times")


OWN_POLICY = """
from vpp_gym.policies.base import Dispatcher, to_target_kwh


class Full(Dispatcher):
    name = "full_power"

    def net_load_kwh(self, snapshot):
        return to_target_kwh(snapshot)


def made():
    return Full()


ready = Full()


def failing():
    raise RuntimeError("no licence")
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a module in the current folder, which is not on the path of imports."""
    name = "own_policy_of_a_test"
    (tmp_path / f"{name}.py").write_text(OWN_POLICY, encoding="utf-8")
    (tmp_path / f"{name}_broken.py").write_text("import no_such_package\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield name
    for one in (name, f"{name}_broken"):
        sys.modules.pop(one, None)


def test_run_takes_every_kind_of_planner_by_name():
    for name in ("learned_mpc", "tracking_mpc"):
        report = json.loads(vpp_gym("run", name, "--days", 1, "--json"))
        assert report["policy"] == name


def test_run_takes_a_policy_of_ones_own(own_module: str):
    words = ("--days", 2, "--json")
    expected = json.loads(vpp_gym("run", "charge_on_arrival", *words))
    for name in ("Full", "made", "ready"):
        report = json.loads(vpp_gym("run", f"{own_module}:{name}", *words))
        assert report["policy"] == "full_power"
        assert report["energy"] == expected["energy"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (":Ful", "did you mean Full? "),
        (":failing", "failing() failed with RuntimeError: no licence"),
        ("_broken:Full", "_broken failed with ModuleNotFoundError: No module named"),
        ("_missing:Full", "there is no module own_policy_of_a_test_missing in the current folder"),
        (":OWN", "has no OWN"),
    ],
)
def test_a_faulty_policy_of_ones_own_is_explained_in_one_line(own_module: str, name, said):
    result = CliRunner().invoke(app, ["run", own_module + name, "--days", "1"])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_misspelt_baseline_is_suggested():
    result = CliRunner().invoke(app, ["run", "roling_mpc"])
    assert "did you mean rolling_mpc? " in result.stderr
    assert "package.module:name" in result.stderr


def test_run_alone_says_what_to_give():
    result = CliRunner().invoke(app, ["run"])
    assert result.exit_code == 2
    for word in ("vpp-gym run rolling_mpc", "--list", "package.module:name"):
        assert word in result.stderr


def test_stopping_a_run_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["vpp_gym.cli.run"], "named_policy", stop)
    result = CliRunner().invoke(app, ["run", "no_v2g"])
    assert result.exit_code == 130
    assert result.stdout == ""
    assert result.stderr == "Stopped by Ctrl-C in run, before its end.\n"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("run", "POLICY"),
        ("run nobody", "POLICY"),
        ("run :policy", "POLICY"),
        ("run json:", "POLICY"),
        ("run no.such.module:policy", "POLICY"),
        ("run json:lods", "POLICY"),
        ("run json:JSONDecoder", "POLICY"),
        ("run json:dumps", "POLICY"),
        ("run no_v2g --scenario mars", "scenario"),
        ("run no_v2g --index 24", "scenario index"),
        ("run no_v2g --dt-h 0.3", "dt_h"),
        ("run no_v2g --days 366", "days"),
        ("run no_v2g --scenario real --data nowhere", "folder"),
        ("run no_v2g --data .", "data"),
        ("run no_v2g --out rows.txt", "out"),
        ("run no_v2g --out nowhere/rows.csv", "out"),
        ("demo --out day.doc", "out"),
    ],
)
def test_refusal_is_one_line(words: str, field: str):
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {field}: got ")
    assert result.stderr.count("\n") == 1


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VPP_GYM_DATA", raising=False)


def doctor(*words: object, code: int) -> dict[str, str]:
    """State of every check, by name."""
    report = json.loads(vpp_gym("doctor", "--json", *words, code=code))
    assert report["ok"] is (code == 0)
    assert all(check["remedy"] for check in report["checks"] if check["state"] != "ok")
    return {check["name"]: check["state"] for check in report["checks"]}


def test_doctor_finds_every_package_that_is_installed():
    names = {checks._name(line) for line in checks.requires("vpp_gym")}
    there = {name for name in names if any(distributions(name=name))}
    assert {"numpy", "pytest"} <= there
    assert {name for name in there if checks._installed(name) is None} == set()


@pytest.mark.usefixtures("no_data")
def test_doctor_tells_what_is_needed_from_what_is_not(monkeypatch: pytest.MonkeyPatch):
    wanted = ["numpy<3,>=2.1", 'nothing-of-this-name>=1; extra == "more"']
    monkeypatch.setattr(checks, "requires", lambda _: wanted)
    found = doctor(code=0)
    assert found["numpy"] == found["kernels"] == found["solver HIGHS"] == "ok"
    assert found["[more]"] == found["real data"] == "absent"
    wanted.append("nothing-of-this-name>=1")
    assert doctor(code=1)["nothing-of-this-name"] == "broken"
    assert "pip install nothing-of-this-name" in vpp_gym("doctor", code=1)


@pytest.mark.parametrize(
    ("is_compiled", "folder", "state", "remedy"),
    [
        (True, Path("here"), "ok", ""),
        (True, None, "absent", "NUMBA_CACHE_DIR"),
        (False, None, "absent", "NUMBA_DISABLE_JIT"),
    ],
)
def test_doctor_says_where_kernels_are_kept(
    monkeypatch: pytest.MonkeyPatch, is_compiled: bool, folder: Path | None, state: str, remedy: str
):
    monkeypatch.setattr("vpp_gym.kernels.COMPILED", is_compiled)
    monkeypatch.setattr("vpp_gym.kernels.FOLDER", folder)
    found = checks.kernel_folder()
    assert found.state == state
    assert remedy in found.remedy
    assert bool(remedy) is bool(found.remedy)


@pytest.mark.usefixtures("no_data")
def test_doctor_finds_a_folder_without_the_files(tmp_path: Path):
    check = checks.data_files(tmp_path)
    assert (check.state, bool(check.remedy)) == ("broken", True)


@pytest.mark.data
@pytest.mark.skipif("VPP_GYM_DATA" not in os.environ, reason="needs VPP_GYM_DATA")
def test_doctor_reads_the_real_data():
    assert checks.data_files(None).state == "ok"


def test_check_that_raises_is_broken():
    def check() -> str:
        raise RuntimeError("cannot cache\nsecond line")

    found = checks.tried("kernels", check, "set a folder")
    assert found == checks.Check("kernels", "broken", "RuntimeError: cannot cache", "set a folder")
