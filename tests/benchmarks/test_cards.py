"""What is measured for the cards: totals of days, the spread of observations, rates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import cards
from benchmarks.cards import CARDS, Constant, Uniform, main, observations, rate, totals
from tests.test_package import IDS
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import TERMS


def test_every_environment_is_measured():
    assert set(CARDS) == set(IDS)


def test_simple_agents_act_within_the_space():
    one, several = np.zeros(7), np.zeros((2, 7))
    assert Constant(3, 0.5).predict(one)[0].tolist() == [0.5, 0.5, 0.5]
    assert Constant(1, 0.5).predict(several)[0].tolist() == [[0.5], [0.5]]
    first, again = (Uniform(400, seed=1).predict(one)[0] for _ in range(2))
    assert np.array_equal(first, again)
    assert -1 <= first.min() < -0.9 < 0.9 < first.max() <= 1
    moving = Uniform(4, seed=1)
    assert not np.array_equal(moving.predict(one)[0], moving.predict(one)[0])


def test_totals_leave_the_bids_out_where_there_are_any():
    days = pd.DataFrame(
        dict.fromkeys(TERMS, 0.0)
        | {
            "position_eur": [-0.5, 0.25],
            "retail_eur": [5.0, 5.0],
            "payoff_eur": [-1.0, 0.0],
            "shortfall_eur": [0.0, -0.5],
            "load_value_eur": [-1.5, -0.75],
            "profit_eur": [2.0, 4.0],
            "demand_kwh": [10.0, 10.0],
            "served_kwh": [10.0, 9.0],
        }
    )
    found = totals(days)
    assert found["profit_eur"] == 6.0
    assert found["operations_eur"] == pytest.approx(10 - 1 - 0.5 - 2.25)
    assert (found["demand_kwh"], found["served_kwh"]) == (20.0, 19.0)
    assert totals(days[["profit_eur"]]) == {"profit_eur": 6.0}


def test_observations_tell_of_every_column():
    seen = observations("FCEVMicrogrid-v0")
    assert (
        sum(int(one["columns"]) for one in seen.values())
        == cards.batch("FCEVMicrogrid-v0", 1).single_observation_space.shape[0]
    )
    assert all(one["sd"] >= 0 and 0 <= one["constant"] <= one["columns"] for one in seen.values())


def test_a_rate_counts_what_a_call_does(monkeypatch: pytest.MonkeyPatch):
    now = iter(range(100))
    monkeypatch.setattr(cards, "process_time", lambda: float(next(now)))
    assert rate(lambda: None, 8) == pytest.approx(8 * 1 / 2)


def test_what_was_measured_of_others_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cards, "measured", lambda env_id: {"rows": [env_id]})
    for env_id in ("VPPBidding-v0", "FCEVCarPark-v0"):
        main([env_id], results=tmp_path)
    document = json.loads((tmp_path / "cards.json").read_text())
    assert set(document["environments"]) == {"VPPBidding-v0", "FCEVCarPark-v0"}
    assert "python -m benchmarks.cards" in document["made_by"]


def test_rows_of_trained_agents_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = {"environments": {"VPPBidding-v0": {"rows": [1], "plain": [{"seed": 0}]}}}
    (tmp_path / "cards.json").write_text(json.dumps(kept))
    monkeypatch.setattr(cards, "measured", lambda env_id: {"rows": [2]})
    main(["VPPBidding-v0"], results=tmp_path)
    document = json.loads((tmp_path / "cards.json").read_text())
    assert document["environments"]["VPPBidding-v0"] == {"rows": [2], "plain": [{"seed": 0}]}


def test_an_unknown_environment_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="VPPBiding-v0"):
        main(["VPPBiding-v0"], results=tmp_path)
