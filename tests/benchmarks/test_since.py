"""Rates are measured beside those of an earlier commit, each by fresh programs."""

from __future__ import annotations

import pytest

from benchmarks import since
from benchmarks.earlier import take_out
from benchmarks.fingerprint import ROOT
from vpp_gym.errors import InvalidInputError

BATCH = {"kind": "environments", "cars": 7, "environments": 2, "threads": 1, "steps": 2}


def test_a_fresh_program_answers_every_case(tmp_path):
    cases = [BATCH, {**BATCH, "environments": 1}]
    answers = since.measured(tmp_path, cases, 0.01)
    assert len(answers) == len(cases)
    assert all(answer["best_s"] > 0 and answer["cars"] > 0 for answer in answers)


def test_a_case_that_does_not_run_is_refused_with_its_message(tmp_path):
    with pytest.raises(InvalidInputError, match=r"do not run.*no_such_policy"):
        since.measured(
            tmp_path, [{"kind": "planner", "policy": "no_such_policy", "seconds": 0}], 0.01
        )


def test_a_row_takes_the_best_of_all_rounds(monkeypatch):
    case = {"what": "steps", "environments": 16, "threads": 1}
    monkeypatch.setattr(since, "cases", lambda: [case])
    then = [[{"best_s": 4.0, "cars": 5.0}], [{"best_s": 3.0, "cars": 5.0}]]
    now = [[{"best_s": 1.0, "cars": 10.0}], [{"best_s": 2.0, "cars": 10.0}]]
    (row,) = since.rows(then, now)
    assert row["ratio"] == pytest.approx(3.0)
    assert row["ratio_of_car_steps"] == pytest.approx(6.0)
    assert (row["then_per_s"], row["now_per_s"]) == pytest.approx((1 / 3, 1.0))


def test_days_of_the_earlier_tree_are_asked_for_without_threads():
    threads = {case["kind"]: since.single_threaded(case)["threads"] for case in since.cases()}
    assert threads["days"] == 1
    assert any(case["threads"] == 2 for case in since.cases() if case["kind"] == "days")


def test_a_commit_that_is_not_there_is_refused(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("this copy of the tree has no history: run in a clone")
    with pytest.raises(InvalidInputError, match=r"commit.*no-such-commit.*name a commit"):
        take_out("no-such-commit", tmp_path, "vpp_gym")
