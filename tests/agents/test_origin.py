"""A card says whether the code that trained a policy was that of the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agents import origin as module
from agents.export import card_of
from agents.learner import Stack
from agents.origin import differs, origin
from agents.policy import TRAINED
from agents.request import run_settings

KEPT = "agents/trained/ppo/seed_0/card.json"
CODE = "agents/trainer.py"


def git(root: Path, *words: str) -> None:
    own = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *own, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A committed policy, some code and a result."""
    for name in (KEPT, CODE, "README.md", "benchmarks/results/embedded.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as committed")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "all")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [(KEPT, False), ("benchmarks/results/embedded.json", False), (CODE, True)],
)
def test_a_policy_that_an_earlier_seed_left_is_no_change_of_the_code(checkout, name, expected):
    assert not differs(checkout)
    (checkout / name).write_text("otherwise")
    assert differs(checkout) is expected


def test_another_change_counts_beside_a_kept_policy(checkout):
    for name in (KEPT, CODE):
        (checkout / name).write_text("otherwise")
    assert differs(checkout)


def test_where_git_cannot_tell_the_code_is_taken_to_differ(tmp_path):
    assert differs(tmp_path)


@pytest.mark.parametrize(
    ("said", "apart", "expected"),
    [(True, False, False), (True, True, True), (False, True, False), (None, True, None)],
)
def test_only_a_change_is_looked_at_again(monkeypatch, said, apart, expected):
    monkeypatch.setattr(module, "provenance", lambda: {"modified": said})
    monkeypatch.setattr(module, "differs", lambda root: apart)
    assert origin() == {"modified": expected}


def test_the_card_carries_it(monkeypatch, small):
    monkeypatch.setattr("agents.export.origin", lambda: {"modified": "as said"})
    run = run_settings("VPPDayAhead-v0").model_copy(update={"name": "x"})
    core = Stack(run, scenario=small).base.batch.core
    assert card_of(run, core, steps=1, score={"saving_eur": 1.0})["modified"] == "as said"


def test_the_folder_that_is_left_out_is_that_of_the_kept_policies():
    assert TRAINED.relative_to(TRAINED.parents[1]).as_posix() == KEPT.split("/ppo")[0]
