"""The planner that knows the law by which drivers leave early."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import DEFAULT
from vpp_gym.policies.forecasters import DayAheadAnchored
from vpp_gym.policies.scheduler import (
    RollingScheduler,
    early_hazards,
    hazard_mpc,
    leaving_early,
    rolling_mpc,
)
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation.simulation import Simulation
from vpp_gym.views import Decisions

EARLY = DEFAULT.replace(
    owner={"early_departure_prob": 0.2, "early_exponent": 1.8, "late_departure_prob": 0.0},
    driver={"early_shortfall_share": 1.0},
)


@pytest.fixture(scope="module")
def month() -> Scenario:
    return SyntheticSource("validation", days=28, dt_h=0.25, params="metered").scenario(0)


def test_the_hazard_is_that_of_the_draws():
    """The chance to leave after each step agrees with the simulator's departures."""
    source = SyntheticSource("train", days=1, dt_h=0.25)
    sessions, stay, n = source.scenario(0).sessions, 9, 60_000
    one = replace(
        sessions,
        **{
            name: np.repeat(getattr(sessions, name)[:1], n)
            for name in (
                *("arrival_soc", "target_soc", "capacity_kwh", "charge_kw", "discharge_kw"),
                *("owner_draw", "interest_draw"),
            )
        },
        arrival_step=np.zeros(n, np.int64),
        departure_step=np.full(n, stay),
        departure_draw=(np.arange(n) + 0.5) / n,
    )
    left = np.bincount(leaving_step(one, EARLY.owner, 0.25, 96), minlength=stay + 1) / n
    hazard = early_hazards(np.array([0]), np.array([stay]), stay, [0.2], 1.8)[0]
    there = np.r_[1.0, np.cumprod(1.0 - hazard)]
    np.testing.assert_allclose(left[1:stay], (there[:-1] * hazard)[:-1], atol=2 / n)
    assert hazard[-1] == 0.0
    later = early_hazards(np.array([4]), np.array([stay - 4]), stay - 4, [0.2], 1.8)[0]
    np.testing.assert_allclose(later, hazard[4:])


def test_what_is_due_is_what_the_simulator_asks_for(month):
    """Idle cars that leave early are short of exactly what the plan says is due."""
    simulation = Simulation(month, EARLY.replace(guarantee=False))
    simulation.reset(end_step=400)
    checked = 0
    for _ in range(400):
        snapshot = simulation.snapshot()
        rows = np.arange(len(snapshot.session))
        early = snapshot.steps_to_departure > 1
        leaving = leaving_early(snapshot, rows, 2) if len(rows) else None
        record = simulation.step(Decisions(net_load_kwh=np.zeros(DEFAULT.site.n_chargers)))
        after = simulation.snapshot()
        gone = ~np.isin(snapshot.session, after.session)
        if leaving is not None and gone.any() and early[gone].all():
            missing = leaving.due_kwh[gone, 0] - snapshot.energy_kwh[gone]
            unserved = record[0, COLUMN.unserved_kwh]
            assert unserved == pytest.approx(np.maximum(missing, 0.0).sum(), abs=1e-9)
            checked += 1
    assert checked > 10


def test_with_drivers_who_keep_their_word_it_is_the_rolling_mpc(month):
    certain = EARLY.replace(owner={"early_departure_prob": 0.0})
    plans = [rolling_mpc(None, name="one"), hazard_mpc(None, name="one")]
    one, other = (evaluate(plan, month, certain, end_step=700).days for plan in plans)
    booked = [name for name in one.columns if not name.startswith("solve_ms")]
    assert one[booked].equals(other[booked])


def test_it_earns_and_serves_more_where_drivers_leave_early(month):
    plain, knowing = (evaluate(plan(), month, EARLY).days for plan in (rolling_mpc, hazard_mpc))
    assert knowing["profit_eur"].sum() > plain["profit_eur"].sum() + 50
    assert knowing["unserved_kwh"].sum() < 0.3 * plain["unserved_kwh"].sum()


@pytest.mark.parametrize(
    ("field", "settings"),
    [
        ("departures", {"departures": "guessed"}),
        ("engine", {"departures": "law", "engine": "cvxpy"}),
    ],
)
def test_what_it_cannot_plan_is_refused(field: str, settings: dict):
    with pytest.raises(InvalidInputError, match=field):
        RollingScheduler(name="one", forecaster=DayAheadAnchored(), term_h=0, **settings)
