"""Parameters on the command line, and in world files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import vpp_gym
from tests.test_cli_data import KNOWN, folder
from tests.test_cli_data import vpp_gym as command
from vpp_gym.cli import app
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT, PRESETS
from vpp_gym.params.stated import load_params
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.world_file import read_header, read_world
from vpp_gym.simulation import Simulation

__all__ = ["folder"]
SHORT = ["run", "charge_on_arrival", "--days", 1, "--json"]


def failed(*words: object) -> str:
    """What a command that is refused prints to stderr."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    return result.stderr


def params_of(*words: object) -> dict:
    return json.loads(command(*words))["provenance"]["params"]


def test_run_takes_a_file_and_words_and_words_count_more(tmp_path: Path):
    site = tmp_path / "site.yaml"
    site.write_text("site: {n_chargers: 30, charge_kw: 22}\nguarantee: false\n")
    read = params_of(*SHORT, "--params", site, "--set", "site.n_chargers=31", "--guarantee")
    assert (read["site"]["n_chargers"], read["site"]["charge_kw"]) == (31, 22)
    assert read["guarantee"] is True
    assert read["owner"] == DEFAULT.model_dump(mode="json")["owner"]


def test_a_wrong_name_is_told_in_one_line():
    assert "did you mean site.n_chargers?" in failed(*SHORT, "--set", "site.n_charger=3")
    assert "docs/parameters.md" in failed("demo", "--set", "site.n_chargers=x")
    assert "existing file" in failed(*SHORT, "--params", "none.yaml")


def test_a_run_warns_where_many_cars_find_no_charger():
    result = CliRunner().invoke(app, list(map(str, (*SHORT, "--set", "site.n_chargers=4"))))
    assert "Warning: Up to" in result.stderr
    assert "and 4 chargers" in result.stderr
    assert json.loads(result.stdout)["warnings"][0] in " ".join(result.stderr.split())
    assert json.loads(command(*SHORT))["warnings"] == []


@pytest.fixture
def world(folder, tmp_path: Path) -> Path:
    """A world of a site with three chargers."""
    out = tmp_path / "own.parquet"
    words = ["--set", "site.n_chargers=3", "--set", "owner.late_departure_prob=0"]
    command("data", "build", folder, "-o", out, *KNOWN, *words)
    return out


def test_a_world_file_keeps_its_parameters_and_shows_them(world, folder, tmp_path):
    stated = {"site": {"n_chargers": 3}, "owner": {"late_departure_prob": 0}}
    document = json.loads(command("data", "describe", world, "--json"))
    assert document["params"] == stated == read_world(world, "train").params
    assert "site.n_chargers: 3" in command("data", "describe", world)
    assert document["version"] == read_header(world).version == 2
    plain = tmp_path / "plain.parquet"
    command("data", "build", folder, "-o", plain, *KNOWN)
    assert read_header(plain).version == 1
    assert b'"params"' not in plain.read_bytes()
    assert "the default ones" in command("data", "describe", plain)


def test_a_world_says_how_many_cars_it_turns_away(world):
    document = json.loads(command("data", "describe", world, "--json"))
    whole = document["splits"]["all"]
    run = json.loads(command("run", "charge_on_arrival", "--scenario", f"{world}:all", "--json"))
    assert whole["turned_away"] == run["cars"]["turned_away"] > 0
    assert f"{whole['turned_away']} of 40 cars" in document["warnings"][0]
    enough = document["warnings"][0].partition("--set ")[2].split()[0]
    relieved = ("run", "charge_on_arrival", "--scenario", f"{world}:all", "--set", enough, "--json")
    assert json.loads(command(*relieved))["cars"]["turned_away"] == 0


def test_whoever_runs_a_world_gets_its_parameters_unless_told_otherwise(world):
    name = f"{world}:train"
    read = vpp_gym.evaluate("charge_on_arrival", name).simulation.params
    assert read.site.n_chargers == 3
    changed = vpp_gym.evaluate("charge_on_arrival", name, {"guarantee": False}).simulation.params
    assert (changed.site.n_chargers, changed.guarantee) == (3, False)
    whole = vpp_gym.evaluate("charge_on_arrival", name, "plain").simulation.params
    assert whole.site == PRESETS["plain"].site
    source = as_source(name)
    assert Simulation(source.scenario(0)).params.site == read.site
    env = vpp_gym.envs.VPPDispatchEnv(scenario=name, params={"guarantee": False})
    assert (env.core.params.site.n_chargers, env.core.params.guarantee) == (3, False)


def test_a_world_file_keeps_standby_and_least_power(folder, tmp_path):
    out, words = tmp_path / "own.parquet", []
    for word in ("site.standby_kw=0.2", "site.least_kw=1.38"):
        words += ["--set", word]
    command("data", "build", folder, "-o", out, *KNOWN, *words)
    assert read_world(out, "train").params == {"site": {"standby_kw": 0.2, "least_kw": 1.38}}
    days = vpp_gym.evaluate("charge_on_arrival", f"{out}:all").days
    read = params_of("run", "charge_on_arrival", "--scenario", f"{out}:all", "--json")
    assert (read["site"]["standby_kw"], read["site"]["least_kw"]) == (0.2, 1.38)
    hours = days["standby_kwh"].sum() / 0.2
    assert hours >= days["charge_kwh"].sum() / 11.0 > 0
    assert "give least_kw" in " ".join(failed(*SHORT, "--set", "site.standby_kw=0.2").split())


def test_worlds_that_say_different_things_need_a_preset(world):
    own, other = read_world(world, "train"), as_source("synthetic:test").scenario(0)
    with pytest.raises(InvalidInputError, match=r"scenarios\[1\]\.params"):
        Simulation([own, other])
    assert Simulation([own, other], "default").params == DEFAULT


def test_a_wrong_parameter_stops_a_build(folder, tmp_path):
    out = tmp_path / "own.parquet"
    text = failed("data", "build", folder, "-o", out, *KNOWN, "--set", "site.chargers=3")
    assert "did you mean site.n_chargers?" in text
    assert not out.exists()


def test_demo_takes_parameters(tmp_path):
    words = ["demo", "--out", tmp_path / "day.svg", "--json"]
    dear = json.loads(command(*words, "--set", "driver.retail_eur_per_kwh=0.5"))
    usual = json.loads(command(*words))
    for name, one in dear["policies"].items():
        assert one["profit_eur"] > usual["policies"][name]["profit_eur"]


GROUPED = """\
site: {n_chargers: 6, charge_kw: 11}
connection:
  import_limit_kw: 20
  groups:
    - {name: upper, chargers: 2, import_kw: 6, parent: garage}
    - {name: garage, import_kw: 15, export_kw: 4}
    - {name: lower, chargers: "2-3, 5", import_kw: 7, parent: garage}
"""


def test_a_world_file_keeps_groups_of_chargers_and_runs_as_with_their_file(folder, tmp_path):
    rules, stated, bare = (tmp_path / name for name in ("site.yaml", "own.parquet", "bare.parquet"))
    rules.write_text(GROUPED)
    command("data", "build", folder, "-o", stated, *KNOWN, "--params", rules)
    command("data", "build", folder, "-o", bare, *KNOWN)
    kept = read_world(stated, "all")
    groups = Simulation(kept).params.connection.groups
    assert groups == load_params(rules).connection.groups
    assert [group.name for group in groups] == ["upper", "garage", "lower"]

    def booked(document: dict) -> tuple[dict, dict]:
        return document["money"], document["energy"]

    def run(policy: str, path: Path, *words: object) -> dict:
        name = f"{path}:all"
        return json.loads(command("run", policy, "--scenario", name, *words, "--json"))

    for policy in ("charge_on_arrival", "site_hazard_mpc"):
        found = run(policy, stated)
        told = run(policy, bare, "--params", rules)
        both = run(policy, stated, "--params", rules)
        assert booked(found) == booked(told) == booked(both), policy
        assert found["energy"]["yielded_kwh"] > 0 or policy != "charge_on_arrival"
        assert booked(found) != booked(run(policy, bare))
