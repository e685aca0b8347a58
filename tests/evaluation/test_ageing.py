"""What batteries lose in a run, with V2G and without, and planners that count it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.worlds import plain_world
from vpp_gym.cli import app
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import ageing_by_v2g, battery_ageing, evaluate
from vpp_gym.fleet.ageing import Condition, loss_of_stay
from vpp_gym.params import DEFAULT
from vpp_gym.policies.ageing import AgeingAware, ageing_eur_per_kwh
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation

CERTAIN = DEFAULT.replace(
    owner={"early_departure_prob": 0, "late_departure_prob": 0, "participation_memory": 0}
)


def one_car(**more):
    sessions = {
        "arrival_step": [2],
        "departure_step": [12],
        "arrival_soc": [0.5],
        "target_soc": [0.8],
        "capacity_kwh": [50.0],
    }
    return plain_world(48, sessions=sessions, **more)


def test_one_car_by_hand():
    """11 kW store 10.78 kWh an hour: 25, 35.78 and 40 kWh, and ten hours in all."""
    found = battery_ageing(ChargeOnArrival(), one_car(), CERTAIN)
    levels = np.array([25, 35.78, *[40.0] * 9]) / 50
    loss = loss_of_stay(levels, 1.0, Condition(298.15, 1461.0, 200.0))
    assert found.cars == 1
    assert found.discharge_kwh == 0
    assert found.calendar_kwh == pytest.approx(50 * loss.calendar, rel=1e-9)
    assert found.cyclic_kwh == pytest.approx(50 * loss.cyclic, rel=1e-9)
    assert found.ageing_eur == pytest.approx(500 * found.ageing_kwh)


def test_price_and_end_of_life_scale_the_cost_and_nothing_else():
    dear = CERTAIN.replace(ageing={"pack_eur_per_kwh": 200, "end_soh": 0.6})
    usual, other = (battery_ageing("charge_on_arrival", one_car(), p) for p in (CERTAIN, dear))
    assert other.ageing_kwh == usual.ageing_kwh
    assert other.ageing_eur == pytest.approx(usual.ageing_eur)
    old = battery_ageing("charge_on_arrival", one_car(), CERTAIN.replace(ageing={"age_years": 9}))
    assert old.calendar_kwh < usual.calendar_kwh


@pytest.fixture(scope="module")
def weeks():
    return SyntheticSource("test", days=10, dt_h=1.0).scenario(0)


def test_v2g_is_compared_with_the_same_policy_without_offers(weeks):
    found = ageing_by_v2g("rolling_mpc_tariff", weeks)
    days = evaluate("rolling_mpc_tariff", weeks).days
    assert found["discharge_kwh"] == pytest.approx(days["discharge_kwh"].sum())
    assert found["discharge_kwh"] > 10
    assert found["cyclic_kwh"] > found["without_v2g_cyclic_kwh"] > 0
    extra = found["ageing_eur"] - found["without_v2g_ageing_eur"]
    assert found["by_v2g_eur_per_kwh"] == pytest.approx(extra / found["discharge_kwh"])
    bare = battery_ageing("rolling_mpc", weeks, {"contract": {"families": ()}})
    assert bare.discharge_kwh == 0


def test_the_report_changes_no_run(weeks):
    policy = baseline("rolling_mpc_tariff")
    before = evaluate(policy, weeks).days.drop(columns=["solve_ms_mean", "solve_ms_max"])
    battery_ageing(policy, weeks)
    after = evaluate(policy, weeks).days.drop(columns=["solve_ms_mean", "solve_ms_max"])
    assert before.equals(after)


def test_planners_that_count_ageing_discharge_less(weeks):
    """Owners are paid as before: what they perceive stays theirs."""
    plain = baseline("rolling_mpc_tariff")
    aware, deaf = AgeingAware(plain), AgeingAware(plain, share=0.0)
    names = ["discharge_kwh", "payoff_eur", "profit_eur"]
    usual, less, same = (evaluate(p, weeks).days[names].sum() for p in (plain, aware, deaf))
    assert same.equals(usual)
    assert 0 <= less["discharge_kwh"] < usual["discharge_kwh"]
    paid = -usual["payoff_eur"] / usual["discharge_kwh"]
    if less["discharge_kwh"]:
        assert -less["payoff_eur"] / less["discharge_kwh"] == pytest.approx(paid)
    assert aware.name == "rolling_mpc_tariff+ageing"


def test_the_cost_is_of_cars_that_may_discharge(weeks):
    simulation = Simulation(weeks)
    simulation.reset()
    seen = []
    for _ in range(48):
        snapshot = simulation.snapshot()
        cost = ageing_eur_per_kwh(snapshot)
        running = snapshot.contract_steps > 0
        assert (cost[~running] == 0).all()
        assert ((cost[running] > 0.005) & (cost[running] < 0.3)).all()
        seen += cost[running].tolist()
        simulation.advance(simulation.hi_kwh.copy())
    assert seen


def test_wrong_shares_and_policies_are_refused():
    with pytest.raises(InvalidInputError, match="share"):
        AgeingAware(baseline("rolling_mpc"), share=-1)
    with pytest.raises(InvalidInputError, match="policy"):
        battery_ageing("no_such_policy", one_car())


def test_run_tells_ageing():
    words = ["run", "rolling_mpc_tariff", "--days", "2", "--dt-h", "1", "--ageing"]
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["ageing"]
    assert told["cars"] > 10
    assert told["ageing_eur"] > 0
    assert "without_v2g_ageing_eur" in CliRunner().invoke(app, words).stdout
