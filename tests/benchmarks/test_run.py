"""The benchmark from its first run to the tables, with interruptions."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

from benchmarks import results, store, tasks
from benchmarks.suites import base, ev
from benchmarks.suites.base import Run
from tests.benchmarks.conftest import three_rules, toy_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL
from vpp_gym.files.lock import LOCK, alone_in
from vpp_gym.params import DEFAULT


def files(folder: Path) -> set[str]:
    """Of a folder, but for the one on which a program locks it."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {str(path.relative_to(folder)) for path in found}


def made(monkeypatch) -> list[str]:
    """Names of the policies run from here on."""
    names: list[str] = []
    real = ev.evaluate

    def counted(policy, *args, **kwargs):
        names.append(policy.name)
        return real(policy, *args, **kwargs)

    monkeypatch.setattr(ev, "evaluate", counted)
    return names


def test_a_whole_benchmark_writes_its_files_and_what_is_in_them(finished):
    folder = finished
    names = {"embedded.json", "embedded.csv", "embedded.md", "embedded_weeks.csv"}
    stored = {
        f"runs/embedded/reference/{policy}.0.0.year.json"
        for policy in (NO_CONTROL, "twin", HINDSIGHT)
    }
    assert files(folder) == names | stored
    document = json.loads((folder / "embedded.json").read_text())
    assert document["scenario"]["days"] == 14
    assert document["command"] == "python -m benchmarks.run --suite embedded"
    assert list(document["boards"]) == ["operations", "market"]
    rows = {row["policy"]: row for row in document["boards"]["market"]}
    assert rows["twin"]["profit_eur"] == rows[NO_CONTROL]["profit_eur"]
    assert rows["twin"]["score"] == 0
    assert rows["twin"]["wall_s"] > 0
    assert rows["twin"]["kind"] == "rule"


def test_the_boards_agree_with_the_weeks_and_with_each_other(finished):
    weeks = pd.read_csv(finished / "embedded_weeks.csv")
    assert len(weeks) == 3 * 2
    sums = weeks.groupby("policy").sum(numeric_only=True)
    table = pd.read_csv(finished / "embedded.csv").set_index("policy")
    for board in ("operations", "market"):
        rows = table[table["board"] == board].loc[sums.index]
        np.testing.assert_allclose(rows["profit_eur"], sums["profit_eur"], atol=0.01)
        value_eur = sums["profit_eur"] - sums["position_eur"]
        np.testing.assert_allclose(rows["operations_eur"], value_eur, atol=0.01)
        worth_eur = rows["operations_eur"] if board == "operations" else rows["profit_eur"]
        low_eur = worth_eur[NO_CONTROL]
        np.testing.assert_allclose(rows["gain_eur"], worth_eur - low_eur, atol=0.01)


def test_an_interrupted_benchmark_goes_on_where_it_stopped(tiny, monkeypatch, tmp_path):
    names = made(monkeypatch)
    counted = ev.evaluate

    def interrupted(policy, *args, **kwargs):
        if policy.name == "twin":
            raise KeyboardInterrupt
        return counted(policy, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(ev, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tiny()
    assert names == [NO_CONTROL]
    assert files(tmp_path) == {f"runs/embedded/reference/{NO_CONTROL}.0.0.year.json"}
    tiny()
    assert names == [NO_CONTROL, "twin", HINDSIGHT]
    before = (tmp_path / "embedded.json").read_bytes()
    tiny()
    assert len(names) == 3
    assert (tmp_path / "embedded.json").read_bytes() == before


def test_finished_runs_are_made_again_when_asked(tiny, finished, monkeypatch, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    names = made(monkeypatch)
    tiny()
    assert names == []
    tiny(fresh=True)
    assert len(names) == 3


def tuned_rules():
    """The twin with another setting."""
    rules = three_rules()
    rules["twin"].share = 0.5
    return rules


def test_only_runs_of_a_policy_with_other_values_are_made_again(
    tiny, finished, monkeypatch, tmp_path
):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = json.loads((tmp_path / "embedded.json").read_text())["digests"]["policies"]
    names = made(monkeypatch)
    monkeypatch.setattr(ev, "baselines", tuned_rules)
    tiny()
    assert names == ["twin"]
    after = json.loads((tmp_path / "embedded.json").read_text())["digests"]["policies"]
    assert {name for name in before if before[name] != after[name]} == {"twin"}
    assert before["twin"]["code"] == after["twin"]["code"]


def test_runs_under_other_rules_are_made_again(tiny, finished, monkeypatch, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    names = made(monkeypatch)
    other = DEFAULT.replace(site={"charge_kw": 12.0})
    monkeypatch.setattr(ev.EVSuite, "params", lambda suite, track: other)
    tiny()
    assert len(names) == 3


def test_all_runs_are_made_again_where_a_scenario_has_changed(
    tiny, finished, monkeypatch, tmp_path
):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    world = toy_world()
    prices = world.da_eur_per_kwh.copy()
    prices[-1] += 1e-12
    names = made(monkeypatch)
    monkeypatch.setattr(
        ev, "scenario_of", lambda suite, number=0, data=None: replace(world, da_eur_per_kwh=prices)
    )
    tiny()
    assert len(names) == 3


def test_one_failure_keeps_the_other_runs_and_writes_no_leaderboard(tiny, monkeypatch, tmp_path):
    real = ev.evaluate

    def broken(policy, *args, **kwargs):
        if policy.name == "twin":
            raise RuntimeError("no solution")
        return real(policy, *args, **kwargs)

    monkeypatch.setattr(ev, "evaluate", broken)
    with pytest.raises(typer.Exit) as left:
        tiny()
    assert left.value.exit_code == 1
    assert len(files(tmp_path)) == 2
    assert not (tmp_path / "embedded.json").exists()


def test_less_than_everything_leaves_the_full_results_alone(tiny, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = (folder / "embedded.json").read_bytes()
    tiny(policies=["twin"], track=["reference"], quick=True)
    assert (folder / "embedded.json").read_bytes() == before
    partial = json.loads((folder / "runs/embedded.json").read_text())
    assert list(partial["boards"]) == ["operations", "market"]
    assert partial["command"].endswith("--policies twin --track reference --quick")


def test_other_worlds_have_results_of_their_own_and_say_so(tiny, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    before = (folder / "embedded.json").read_bytes()
    tiny(worlds=1, first_world=1)
    assert (folder / "embedded.json").read_bytes() == before
    checked = json.loads((folder / "runs/embedded_1_to_1.json").read_text())
    assert checked["scenario"]["first_world"] == 1
    assert checked["command"].endswith("--suite embedded --first-world 1 --worlds 1")
    assert "Worlds 1 to 1, which check" in (folder / "runs/embedded_1_to_1.md").read_text()
    with pytest.raises(InvalidInputError, match="worlds"):
        tiny(worlds=2, first_world=1)


def test_an_unknown_policy_is_refused(tiny):
    with pytest.raises(InvalidInputError, match="policies"):
        tiny(policies=["typo"])


def test_where_no_agent_is_found_they_are_left_out_and_it_says_so(tiny):
    folder = tiny(track=["reference"])
    document = json.loads((folder / "runs/embedded.json").read_text())
    assert document["left_out"] == ["trained agents: none was found"]
    assert "trained agents: none was found" in (folder / "runs/embedded.md").read_text()


def test_agents_that_cannot_be_loaded_are_not_left_out(tiny, monkeypatch):
    """They are arrays of the package, which need no module beside it."""

    def broken(env_ids):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(base, "trained", broken)
    with pytest.raises(ModuleNotFoundError):
        tiny()


def test_agents_run_beside_the_baselines_seed_by_seed(tiny, monkeypatch):
    def two_seeds(env_ids):
        agents = {}
        for seed in (0, 1):
            agent = three_rules()[HINDSIGHT if seed else "twin"]
            agent.name = "learner"
            agents["learner", seed] = agent
        return agents

    monkeypatch.setattr(base, "trained", two_seeds)
    folder = tiny(track=["reference"])
    document = json.loads((folder / "runs/embedded.json").read_text())
    rows = {row["policy"]: row for row in document["boards"]["market"]}
    assert rows["learner"]["seeds"] == 2
    assert {"learner.0", "learner.1"} <= set(document["digests"]["policies"])
    gain_eur = rows[HINDSIGHT]["profit_eur"] - rows[NO_CONTROL]["profit_eur"]
    first, second = document["seeds"]["market"]
    assert (first["policy"], first["seed"], first["gain_eur"]) == ("learner", 0, 0)
    assert second["gain_eur"] == pytest.approx(gain_eur, abs=0.01)
    words = f"`learner` +0, {gain_eur:+,.0f}."
    assert words in (folder / "runs/embedded.md").read_text()


def test_a_failure_in_another_process_is_reported_with_its_reason(monkeypatch, tmp_path):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    nobody = Run("embedded", "reference", "nobody", 0)
    todo = tasks.Task(nobody, "key", tmp_path / "nobody.json", None)
    ((done, failure),) = tasks.make_all([todo], 1)
    assert done == todo
    assert "Error: " in failure
    assert files(tmp_path) == set()


RUN = store.StoredRun("key", 0.5, {"kind": "rule"}, {"day": [0, 1], "profit_eur": [1.5, -2.0]})


def test_stored_run_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "new" / "run.json"
    store.save_run(path, RUN)
    assert store.load_run(path, "key") == RUN
    assert store.load_run(path, "other") is None
    assert store.load_run(tmp_path / "missing.json", "key") is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "7", '{"key": "key"}', "\0", "[" * 100_000, '{"key": 1e999}'],
)
def test_a_file_that_holds_no_run_is_made_again_with_a_word(tmp_path, content):
    path, told = tmp_path / "run.json", []
    path.write_text(content)
    assert store.load_run(path, "key", told.append) is None
    (reason,) = told
    assert reason.startswith("run.json")
    assert reason.endswith("made again")


def test_every_cut_and_flipped_bit_of_a_stored_run_is_seen(tmp_path):
    path = tmp_path / "run.json"
    store.save_run(path, RUN)
    content = path.read_bytes()
    damaged = [content[:end] for end in range(0, len(content), 3)]
    for place in range(0, 8 * len(content), 5):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        damaged.append(bytes(flipped))
    for one in damaged:
        path.write_bytes(one)
        with suppress(InvalidInputError):
            assert store.load_run(path, "key") in (None, RUN)


def test_an_edited_result_is_refused(tiny, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    path = next(folder.glob("runs/embedded/*/no_v2g.*.json"), None)
    path = path or next(folder.glob("runs/embedded/*/*.json"))
    content = json.loads(path.read_text())
    content["days"]["load_value_eur"][0] += 1e6
    path.write_text(json.dumps(content))
    with pytest.raises(InvalidInputError, match="remove the file"):
        tiny()
    path.unlink()
    tiny()
    result = folder / "embedded.json"
    document = json.loads(result.read_text())
    next(iter(document["boards"].values()))[0]["score"] = 1e6
    result.write_text(json.dumps(document))
    with pytest.raises(InvalidInputError, match="other content than was written"):
        results.read(result)


def test_second_benchmark_in_one_folder_is_refused(tiny, tmp_path):
    with alone_in(tmp_path), pytest.raises(InvalidInputError, match="another program"):
        tiny()
