"""Other simulators are measured where they are installed, and refused where they are not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import peer_chargax, peer_ev2gym, peers
from benchmarks.speed_grid import Site
from vpp_gym.errors import InvalidInputError

EV2GYM = {
    "ev2gym/__init__.py": "",
    "ev2gym/rl_agent/reward.py": "profit_maximization = None",
    "ev2gym/rl_agent/state.py": "V2G_profit_max = None",
    "ev2gym/example_config_files/V2GProfitMax.yaml": "number_of_charging_stations: 25",
    "ev2gym-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: ev2gym\nVersion: 9.9\n",
    "ev2gym/models/ev2gym_env.py": """
import sys, yaml
from types import SimpleNamespace

class EV2Gym:
    def __init__(self, config_file, **more):
        settings = yaml.safe_load(open(config_file))
        self.chargers = settings["number_of_charging_stations"]
        self.many = settings["spawn_multiplier"] > 100
        self.action_space = SimpleNamespace(seed=print, sample=lambda: 0.5)

    def reset(self):
        print("prints what nobody asked for")
        self.left, self.current_evs_parked = 4, self.chargers - 10
        if FAILS and self.many:
            raise ValueError("no more cars")

    def step(self, action):
        assert action == 0.5
        self.left -= 1
        return None, 0.0, self.left == 0, False, {}
""",
}
"""A simulator of four steps, of the shape of EV2Gym."""


def installed(folder: Path, fails: bool = False) -> Path:
    for name, text in EV2GYM.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("FAILS", str(fails)), encoding="utf-8")
    return folder


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Puts the simulator where the interpreter of the tests finds it; ours is a small one."""

    def put(fails: bool = False) -> str:
        found = [str(installed(tmp_path / "site", fails)), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, found)))
        return sys.executable

    sites = (Site(7, 50, 27.4), Site(37, 50, 160.0), Site(1_000, 1_300, 3_860.0))
    monkeypatch.setattr(peers, "SITES", sites)
    monkeypatch.setattr(peers, "OUR_CASES", ((1, 1), (3, 1)))
    return put


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_both_are_measured_in_one_run(fake, tmp_path):
    assert peers.run({"ev2gym": fake()}, 0.05, tmp_path) == {}
    rows = pd.read_csv(tmp_path / "peers.csv")
    assert rows["simulator"].tolist() == ["vpp_gym", "vpp_gym", "EV2Gym"] * 2
    assert rows["cars"].tolist() == [7, 7, 7, 37, 37, 37]
    assert (rows["env_steps_per_s"] > 0).all()
    assert rows["connected"].between(0.5, 50).all()
    theirs = rows[rows["simulator"] == "EV2Gym"]
    assert (theirs["connected"] == 40).all()
    assert (theirs["without_resets_per_s"] >= theirs["env_steps_per_s"]).all()
    page = (tmp_path / "peers.md").read_text(encoding="utf-8")
    assert "EV2Gym 9.9" in page
    assert "`python -m benchmarks.peers --ev2gym PYTHON --seconds 0.05`" in page
    assert str(tmp_path) not in page


def test_what_fails_on_the_way_leaves_the_rows_that_were_measured(fake, tmp_path):
    failed = peers.run({"ev2gym": fake(fails=True)}, 0.05, tmp_path)
    assert "no more cars" in failed["EV2Gym"]
    rows = pd.read_csv(tmp_path / "peers.csv")
    assert rows["simulator"].tolist() == ["vpp_gym", "vpp_gym", "EV2Gym", "vpp_gym", "vpp_gym"]
    assert "EV2Gym stopped on the way" in (tmp_path / "peers.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["ev2gym", "chargax"])
def test_an_interpreter_that_does_not_exist_is_refused_before_anything_runs(option, tmp_path):
    python = str(tmp_path / "none" / "python")
    with pytest.raises(InvalidInputError, match="name the Python of its environment") as refused:
        peers.run({option: python}, 0.05, tmp_path)
    assert (refused.value.field, refused.value.value) == (option, python)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match="install chargax there"):
        peers.run({"chargax": sys.executable}, 0.05, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", ["exit 3", "echo hello", "echo 7", "echo '{}'"])
def test_something_else_than_python_is_refused(said, tmp_path):
    python = script(tmp_path / "python", said)
    with pytest.raises(InvalidInputError, match="stopped without an answer; see what"):
        peers.Peer(peers.KINDS[0], python)


def test_who_does_not_answer_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "PATIENCE_S", 0.2)
    with pytest.raises(InvalidInputError, match="stopped without an answer"):
        peers.Peer(peers.KINDS[1], script(tmp_path / "python", "exec sleep 60"))


def test_an_interpreter_that_ends_later_is_noticed(tmp_path):
    said = json.dumps({"version": "1"})
    peer = peers.Peer(peers.KINDS[0], script(tmp_path / "python", f"echo '{said}'"))
    with pytest.raises(InvalidInputError, match="stopped without an answer"):
        list(peer.cases(Site(7, 50, 27.4)))


def test_every_case_is_known_at_both_numbers_of_cars():
    cars = {site.cars for site in peers.SITES if site.chargers == 50}
    assert cars == set(peer_ev2gym.ARRIVALS) == set(peer_chargax.CARS_A_DAY)
    assert {case["environments"] for case in peer_chargax.CASES} >= {1, 16, 256, 2_048}
