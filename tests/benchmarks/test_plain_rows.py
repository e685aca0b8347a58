"""Plain agents for the cards: trained on other years, played in the card's worlds, kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

pytest.importorskip("stable_baselines3")

from benchmarks import plain_rows
from benchmarks.cards import CARDS, FILE
from vpp_gym.errors import InvalidInputError

MICROGRID = "FCEVMicrogrid-v0"


def test_every_card_has_budgets():
    assert set(plain_rows.BUDGETS) == set(CARDS)
    for budget in plain_rows.BUDGETS.values():
        assert tuple(budget) == plain_rows.ALGORITHMS


def test_what_is_missing_is_trained_and_the_rest_is_kept(tmp_path, monkeypatch):
    ran = []

    def rows(env_id, algorithm, steps):
        ran.append((env_id, algorithm, steps))
        return {"steps": steps, "seconds": 1.0, "rows": []}

    monkeypatch.setattr(plain_rows, "rows", rows)
    kept = {"speed": 1, "plain": {"SAC": {"steps": 5}}}
    (tmp_path / FILE).write_text(json.dumps({"environments": {MICROGRID: kept}}))
    plain_rows.main(env=[MICROGRID], results=tmp_path)
    assert ran == [(MICROGRID, "PPO", 100_000)]
    found = json.loads((tmp_path / FILE).read_text())["environments"][MICROGRID]
    assert found["speed"] == 1
    assert found["plain"]["SAC"] == {"steps": 5}
    assert found["plain"]["PPO"]["steps"] == 100_000
    plain_rows.main(env=[MICROGRID], results=tmp_path)
    assert len(ran) == 1
    plain_rows.main(env=[MICROGRID], algorithm=["SAC"], again=True, results=tmp_path)
    assert ran[1:] == [(MICROGRID, "SAC", 20_000)]
    with pytest.raises(InvalidInputError, match="algorithm"):
        plain_rows.main(env=[MICROGRID], algorithm=["DQN"], results=tmp_path)


def test_a_plain_agent_plays_the_worlds_of_its_card(monkeypatch):
    monkeypatch.setitem(CARDS, MICROGRID, replace(CARDS[MICROGRID], worlds=1))
    found = plain_rows.rows(MICROGRID, "SAC", 30)
    assert found["steps"] == 30
    (row,) = found["rows"]
    assert (row["policy"], row["world"]) == ("plain SAC", 0)
    assert row["profit_eur"] != 0
