"""A run's rows against the simulator's own records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, evaluate, profit_parts, totals
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import VPPParams
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival
from vpp_gym.scenarios.scenario import Scenario


class Seller(ChargeOnArrival):
    """Sells 5 kWh in every period of tomorrow, offers a menu, and watches its calls."""

    name = "seller"
    term_h = 2
    privileged = True

    def __init__(self) -> None:
        self.starts: list[bool] = []
        self.terms: set[int] = set()
        self.revealed: tuple[Any, ...] = ()

    def reveal(self, scenario, params, start_step, end_step):
        self.revealed = scenario, params.contract.term_h, start_step, end_step

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.starts.append(bool(episode_start[0]))
        self.terms.add(observation.params.contract.term_h)
        decisions, _ = super().predict(observation)
        schedule = np.full(len(observation.expected_load_kwh), 5.0) if observation.is_gate else None
        count = 0 if state is None else state
        assert count == observation.step
        return type(decisions)(net_load_kwh=decisions.net_load_kwh, bids_kwh=schedule), count + 1


@pytest.fixture(scope="module")
def sold(world):
    policy = Seller()
    return policy, evaluate(policy, world, "plain", keep_records=True)


def test_one_row_per_day_with_its_labels(world, sold):
    _, result = sold
    days = result.days
    assert list(days["day"]) == list(range(10))
    assert days["date"].iloc[0] == "2019-01-01"
    assert set(days["policy"]) == {"seller"}
    assert set(days["scenario"]) == {"ten days"}
    assert (days["steps"] == 24).all()


def test_rows_add_up_to_the_records(sold):
    _, result = sold
    by_day = result.records.reshape(10, 24, len(TERMS)).sum(axis=1)
    np.testing.assert_allclose(result.days[list(TERMS)], by_day, atol=1e-9)
    np.testing.assert_allclose(
        result.days["profit_eur"], result.days[list(MONEY)].sum(axis=1), atol=1e-9
    )
    np.testing.assert_allclose(
        profit_parts(result.days).sum(axis=1), result.days["profit_eur"], atol=1e-9
    )
    by_type = result.days.filter(like="contracts_type_")
    assert by_type.shape == (10, 5)
    assert result.days["contracts"].sum() > 0
    np.testing.assert_array_equal(by_type.sum(axis=1), result.days["contracts"])


def test_the_first_day_has_no_commitments_and_the_rest_do(sold):
    _, result = sold
    np.testing.assert_allclose(result.days["da_sold_kwh"], [0] + [120] * 9)


def test_the_position_is_what_the_bids_earn_at_the_spread(world, sold):
    _, result = sold
    spread = (world.da_eur_per_kwh - world.im_short_eur_per_kwh).reshape(10, 24).sum(axis=1)
    expected = 5.0 * spread * (np.arange(10) > 0)
    np.testing.assert_allclose(result.days["position_eur"], expected, atol=1e-9)


def test_the_policy_is_called_by_protocol_with_its_own_menu(world, sold):
    policy, result = sold
    assert policy.starts == [True] + [False] * 239
    assert policy.terms == {2}
    assert policy.revealed == (world, 2, 0, 240)
    assert result.metadata["params"]["contract"]["term_h"] == 2


def test_everybody_is_served_and_a_day_without_departures_counts_as_served(world):
    row = totals(evaluate(ChargeOnArrival(), world, "plain").days).iloc[0]
    assert row["demand_satisfaction"] == pytest.approx(1)
    assert row["departures"] == len(world.sessions) - row["turned_away"]
    empty = Scenario.from_arrays(da_eur_per_kwh=np.full(24, 0.05), im_eur_per_kwh=np.full(24, 0.05))
    result = evaluate(ChargeOnArrival(), empty)
    assert list(result.days["demand_satisfaction"]) == [1.0]
    assert list(result.days["profit_eur"]) == [0.0]


def test_a_stretch_and_progress_by_day(world):
    seen: list[tuple[int, int]] = []
    result = evaluate(
        ChargeAtDeadline(),
        world,
        VPPParams(guarantee=True),
        start_step=12,
        end_step=60,
        seed=7,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert list(result.days["steps"]) == [12, 24, 12]
    assert list(result.days["date"]) == ["2019-01-01", "2019-01-02", "2019-01-03"]
    assert set(result.days["seed"]) == {7}
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert result.records is None
    assert result.metadata["params"]["guarantee"] is True


def test_metadata_says_where_the_result_comes_from(sold):
    metadata = sold[1].metadata
    assert metadata["versions"]["vpp_gym"] == "0.1.0"
    assert {"numpy", "scipy", "pandas"} <= set(metadata["versions"])
    assert metadata["policy"] == "seller"
    assert metadata["privileged"] is True
    assert metadata["command"]


@pytest.mark.parametrize("span", [(5, 5), (-1, 5), (0, 241)])
def test_a_span_outside_the_scenario_is_refused(world, span):
    with pytest.raises(InvalidInputError, match=r"start_step|end_step"):
        evaluate(ChargeOnArrival(), world, start_step=span[0], end_step=span[1])


def test_an_agent_cannot_switch_the_guarantee_of_the_world_off(world):
    class Idle:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return -np.ones(1, dtype=np.float32), state

    agent = EnvironmentAgent(
        Idle(), name="idle", settings={"bids": "expected_load"}, term_h=0, guarantee=False
    )
    days = evaluate(agent, world, {"preset": "plain", "guarantee": True}).days
    assert days["unserved_kwh"].sum() == pytest.approx(0, abs=1e-6)


def test_contracts_are_counted_by_offer(world):
    """A policy may change any field of what is offered; what a world has several of, it lists."""
    control = {"control_based": {"keep_soc": 0.3, "tariff_eur_per_kwh": 0.012}}
    both = {"families": ("control_based", "fixed_term"), "delay_h": 1, **control}
    days = evaluate(Operator(ChargeOnArrival(), contract=both, term_h=2), world, "plain").days
    counts = days.filter(like="contracts_")
    types = [f"contracts_type_{k}" for k in range(1, 6)]
    assert list(counts) == ["contracts_control_based", *types]
    assert (counts.sum() > 0).sum() >= 2
    np.testing.assert_array_equal(counts.sum(axis=1), days["contracts"])
    nothing = evaluate(ChargeOnArrival(), world, "plain").days
    assert not list(nothing.filter(like="contracts_"))


def test_a_policy_shapes_its_menu_and_not_the_owners(world):
    offering = Operator(ChargeOnArrival(), contract={"wear_eur_per_kwh": 1e-4}, term_h=3)
    with pytest.raises(InvalidInputError, match="wear_eur_per_kwh"):
        evaluate(offering, world)
