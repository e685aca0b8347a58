"""The program behind `engine="cvxpy"` plans contracts of any family at the exact cost."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.policies.schedule_engine import ProgramEngine
from vpp_gym.solvers.single_ev import plan_cost, plan_fleet

RULES = {"charge_eff": 0.98, "discharge_eff": 0.95, "shortfall_eur_per_kwh": 0.5}
N, HORIZON = 5, 9


def random_stays(rng: np.random.Generator, keep_kwh: float) -> dict[str, np.ndarray]:
    """Limits of EVs under contracts that ask for a price, some without a cap."""
    return {
        "steps": rng.integers(2, HORIZON + 1, N),
        "energy_kwh": rng.uniform(20, 60, N),
        "min_kwh": np.full(N, keep_kwh),
        "max_kwh": np.full(N, 77.6),
        "late_max_kwh": np.full(N, 77.6),
        "target_kwh": rng.uniform(30, 77.6, N),
        "charge_kwh": np.full(N, 11.0),
        "discharge_kwh": rng.choice([0.0, 11.0], (N, HORIZON)),
        "discharge_steps": rng.integers(0, HORIZON, N),
        "contract_kwh": np.array([0.0, 7.0, 20.0, np.inf, np.inf]),
    }


@pytest.mark.parametrize("lowest", [0.0, -0.1])
@pytest.mark.parametrize("keep_kwh", [2.4, 45.0])
def test_plans_cost_what_the_exact_plans_cost(lowest: float, keep_kwh: float):
    engine = ProgramEngine()
    for seed in range(5):
        rng = np.random.default_rng(seed)
        short = rng.uniform(lowest, 0.4, HORIZON)
        long = short - 0.05 * rng.random((N, 1))
        stays = random_stays(rng, keep_kwh)
        plans, repair_kwh = engine.plan_kwh(short, long, stays, **RULES)
        exact = plan_fleet(short, long, **stays, **RULES)
        ends = zip(long, stays["energy_kwh"], stays["target_kwh"], strict=True)
        costs = [
            [
                plan_cost(one[k], short, sell, energy_kwh=energy, target_kwh=target, **RULES)
                for one in (plans, exact)
            ]
            for k, (sell, energy, target) in enumerate(ends)
        ]
        np.testing.assert_allclose(*np.transpose(costs), atol=1e-5, rtol=0)
        assert repair_kwh <= 1e-5


def test_binaries_are_for_those_who_need_them():
    rng, engine = np.random.default_rng(0), ProgramEngine()
    stays, prices = random_stays(rng, 2.4), rng.uniform(0.1, 0.4, HORIZON)
    engine.plan_kwh(prices, prices, stays, **RULES)
    assert list(engine._programs) == [False]
    engine.plan_kwh(prices, prices, stays | {"min_kwh": np.full(N, 45.0)}, **RULES)
    engine.plan_kwh(-prices, -prices, stays | {"contract_kwh": np.zeros(N)}, **RULES)
    assert list(engine._programs) == [False, True]
