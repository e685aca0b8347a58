"""Policies from outside: found, made, refused with a reason, and run beside the baselines."""

from __future__ import annotations

import json
import sys

import pytest
import typer

from benchmarks import tasks
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.evaluation.outside import outside_policy

CODE = """
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival

class Mine(ChargeAtDeadline):
    name = "mine"
    n_runs = 0

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.n_runs += bool(episode_start[0])
        assert self.n_runs == 1, "it has run before"
        return super().predict(observation, state, episode_start, deterministic)

class Tuned(ChargeAtDeadline):
    def __init__(self, share, name="tuned"):
        self.share, self.name = share, name

def factory():
    return Tuned(0.5)

class Holder:
    inner = Mine()

class NoName:
    privileged = False
    def predict(self, *arguments): ...

class OtherArguments:
    name, privileged = "other", False
    def predict(self, snapshot): ...

class BadName(ChargeAtDeadline):
    name = "../mine"

class Clash(ChargeAtDeadline):
    name = "twin"

class Broken(ChargeAtDeadline):
    name = "broken"
    def predict(self, *arguments):
        raise RuntimeError("no answer")

holder = Holder()
number = 3
"""


@pytest.fixture(autouse=True)
def outside(tmp_path, monkeypatch) -> None:
    """A package `theirs` outside of the project."""
    package = tmp_path / "elsewhere" / "theirs"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "own.py").write_text(CODE)
    (package / "unfinished.py").write_text("import nothing_of_that_name\n")
    monkeypatch.syspath_prepend(package.parent)
    for name in ("theirs", "theirs.own", "theirs.unfinished"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("theirs.own:Mine", "mine"),
        ("theirs.own:factory", "tuned"),
        ("theirs.own:holder.inner", "mine"),
    ],
)
def test_a_class_a_function_or_a_policy_gives_a_fresh_policy(place, name):
    one, other = outside_policy(place), outside_policy(place)
    assert one.name == other.name == name
    assert one is not other


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("theirs.own", "is written package.module:name"),
        (":Mine", "is written package.module:name"),
        ("theirs.typo:Mine", "no module theirs.typo"),
        ("theirs.unfinished:Mine", "nothing_of_that_name"),
        ("theirs.own:Typo", "theirs.own has no Typo"),
        ("theirs.own:holder.typo", "theirs.own has no holder.typo"),
        ("theirs.own:Tuned", "missing 1 required positional argument"),
        ("theirs.own:number", "it has no name"),
        ("theirs.own:NoName", "it has no name"),
        ("theirs.own:Holder", "it has no name"),
        ("theirs.own:OtherArguments", r"write it as def predict\(self, obs"),
        ("theirs.own:BadName", "letters, digits"),
    ],
)
def test_what_is_no_policy_is_refused_with_the_reason(place, words):
    with pytest.raises(InvalidInputError, match=words):
        outside_policy(place)


def test_an_outside_policy_runs_beside_the_baselines_and_is_not_published(tiny, tmp_path):
    folder = tiny(policy=["theirs.own:Mine", "theirs.own:factory"], track=["reference"])
    assert not (folder / "embedded.json").exists()
    document = json.loads((folder / "runs/embedded.json").read_text())
    rows = {row["policy"]: row for row in document["boards"]["market"]}
    assert set(rows) == {NO_CONTROL, "twin", "hindsight", "mine", "tuned"}
    assert rows["mine"]["profit_eur"] == rows["hindsight"]["profit_eur"]
    assert rows["mine"]["kind"] == "outside"
    command = "--policy theirs.own:Mine --policy theirs.own:factory --track reference"
    assert document["command"] == f"python -m benchmarks.run --suite embedded {command}"
    assert set(document["digests"]["policies"]) == {NO_CONTROL, "twin", "hindsight"}


def test_an_outside_policy_always_runs_again_and_the_others_do_not(tiny, monkeypatch):
    tiny(policy=["theirs.own:Mine"], policies=["twin"], track=["reference"])
    ran = []
    real = tasks.made
    monkeypatch.setattr(tasks, "made", lambda todo: ran.append(todo.run.policy) or real(todo))
    tiny(policy=["theirs.own:holder.inner"], track=["reference"])
    assert ran == ["mine"]


def test_names_that_clash_are_refused(tiny):
    with pytest.raises(InvalidInputError, match="that is a contestant"):
        tiny(policy=["theirs.own:Clash"])
    with pytest.raises(InvalidInputError, match=r"theirs\.own:Mine has the same name, mine"):
        tiny(policy=["theirs.own:Mine", "theirs.own:holder.inner"])


def test_an_outside_policy_that_fails_is_reported(tiny, capsys):
    with pytest.raises(typer.Exit):
        tiny(policy=["theirs.own:Broken"], track=["reference"])
    assert "RuntimeError: no answer" in " ".join(capsys.readouterr().out.split())


def test_an_outside_policy_runs_in_other_processes(monkeypatch, tmp_path):
    """Their modules are imported there by the same place."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    run = tasks.Run("embedded", "reference", "typo", 0, days=1)
    todo = tasks.Task(run, "key", tmp_path / "run.json", None, "theirs.own:Typo")
    ((_, failure),) = tasks.make_all([todo], 1)
    assert "theirs.own has no Typo" in failure
