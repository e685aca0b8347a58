"""A card says whether the code that trained a policy was that of the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vpp_gym.evaluation import provenance as module
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.training.export import KEPT, card_of
from vpp_gym.training.learner import Stack
from vpp_gym.training.request import run_settings

POLICY = "vpp_gym/agents/trained/ppo/seed_0/card.json"
CODE = "agents/trainer.py"
RESULT = "benchmarks/results/embedded.json"


def git(root: Path, *words: str) -> None:
    own = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *own, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed policy, some code and a result."""
    for name in (POLICY, CODE, RESULT):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("as committed")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "all")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("name", "expected"), [(POLICY, False), (RESULT, False), (CODE, True)])
def test_a_policy_that_an_earlier_seed_left_is_no_change_of_the_code(checkout, name, expected):
    assert provenance(apart=[KEPT])["modified"] is False
    (checkout / name).write_text("otherwise")
    assert provenance(apart=[KEPT])["modified"] is expected
    assert provenance()["modified"] is (name != RESULT)


def test_another_change_counts_beside_a_kept_policy(checkout):
    for name in (POLICY, CODE):
        (checkout / name).write_text("otherwise")
    assert provenance(apart=[KEPT])["modified"] is True


def test_outside_a_checkout_nobody_can_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path)
    made = provenance(apart=[KEPT])
    assert (made["commit"], made["modified"]) == (None, None)


def test_the_card_leaves_kept_policies_out(checkout, small):
    (checkout / POLICY).write_text("otherwise")
    run = run_settings("VPPDayAhead-v0").model_copy(update={"name": "x"})
    core = Stack(run, scenario=small).base.batch.core
    card = card_of(run, core, steps=1, score={"saving_eur": 1.0})
    assert card["modified"] is False
    assert len(card["commit"]) == 40
