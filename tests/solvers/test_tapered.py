"""Plans of EVs whose batteries charge more slowly the fuller they are."""

from __future__ import annotations

import pytest

from tests.solvers.oracle import COST
from tests.solvers.tapered_oracle import broken_kwh, taper_limit, tapered_case, tapered_cost_eur
from vpp_gym.solvers.single_ev import plan_cost, plan_ev


def planned(case):
    given = {name: value for name, value in case.items() if name != "taper"}
    return plan_ev(**given, curve=taper_limit(case).curve)


def cost_of(net_load, case):
    return plan_cost(net_load, case["buy"], case["sell"], **{name: case[name] for name in COST})


@pytest.mark.parametrize("batch", range(4))
def test_positive_prices_agree_with_the_linear_program(batch: int):
    for seed in range(60 * batch, 60 * batch + 60):
        case = tapered_case(seed)
        plan = planned(case)
        assert broken_kwh(plan, case) <= 2e-9, seed
        assert cost_of(plan, case) == pytest.approx(tapered_cost_eur(case), abs=2e-6), seed


@pytest.mark.parametrize("batch", range(4))
def test_prices_of_either_sign_agree_with_the_mixed_integer_program(batch: int):
    for seed in range(30 * batch, 30 * batch + 30):
        case = tapered_case(seed, negative=True, max_steps=6)
        plan = planned(case)
        assert broken_kwh(plan, case) <= 2e-9, seed
        assert cost_of(plan, case) == pytest.approx(tapered_cost_eur(case), abs=2e-6), seed
