"""The fleet's schedule: solved by hand, against exact plans and between solvers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.solvers.fleets import (
    SOFT,
    cost_one_by_one_eur,
    random_fleet,
    under_contracts,
    violation_kwh,
)
from vpp_gym.errors import InvalidInputError, SolveFailedError
from vpp_gym.solvers import schedule
from vpp_gym.solvers.fleet_lp import FleetLP
from vpp_gym.solvers.schedule import ScheduleProgram
from vpp_gym.solvers.schedule_data import ScheduleData, ScheduleRules
from vpp_gym.solvers.single_ev import plan_fleet

LOSSLESS = ScheduleRules(charge_eff=1.0, discharge_eff=1.0)
ENGINES = [ScheduleProgram, FleetLP]
TWO = ScheduleData(
    buy_eur_per_kwh=[0.3, 0.1, 0.2],
    sell_eur_per_kwh=[0.3, 0.1, 0.2],
    steps=[3, 3],
    energy_kwh=[10.0, 20.0],
    min_kwh=2.0,
    max_kwh=40.0,
    target_kwh=20.0,
    charge_kwh=10.0,
    discharge_kwh=10.0,
    discharge_steps=[0, 3],
    contract_kwh=[0.0, 6.0],
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("change", "net_load", "cost_eur"),
    [
        # Each for itself: buy at 0.1; sell 6 at 0.3 and buy them back at 0.1.
        ({}, [[0, 10, 0], [-6, 6, 0]], 1.0 - 1.2),
        # 12 kWh for the site: 4 of the 16 wait for 0.2.
        ({"site_limit_kw": 12.0}, [0, 12, 4], -1.8 + 1.2 + 0.8),
    ],
)
def test_solved_by_hand(engine: type, change: dict, net_load: list, cost_eur: float):
    solution = engine(2, 3, replace(LOSSLESS, **change)).solve(TWO)
    assert solution.objective_eur == pytest.approx(cost_eur)
    if np.ndim(net_load) == 2:
        np.testing.assert_allclose(solution.net_load_kwh, net_load, atol=1e-9)
    else:
        np.testing.assert_allclose(solution.net_load_kwh[:, 1:].sum(axis=0), net_load[1:])


@pytest.mark.parametrize("engine", ENGINES)
def test_pooled_settlement_by_hand(engine: type):
    """Short 0.3 and long 0.1 throughout, 5 kWh sold: what is owed is not bought twice."""
    data = replace(
        TWO,
        buy_eur_per_kwh=[0.3] * 3,
        sell_eur_per_kwh=[0.1] * 3,
        target_kwh=[12.0, 14.0],
        committed_kwh=[6.0, 0.0, 0.0],
    )
    # The second EV delivers the 6 kWh that were sold; the first buys 2 kWh at 0.3.
    solution = engine(2, 3, replace(LOSSLESS, pooled=True)).solve(data)
    assert solution.objective_eur == pytest.approx(0.6)
    apart = engine(2, 3, LOSSLESS).solve(data)
    assert apart.objective_eur == pytest.approx(0.6 - 0.6)


@pytest.mark.parametrize("engine", ENGINES)
def test_agrees_with_the_exact_plans(engine: type):
    program = engine(6, 8, SOFT)
    for seed in range(25):
        data = random_fleet(seed)
        solution = program.solve(data)
        assert solution.objective_eur == pytest.approx(cost_one_by_one_eur(data, SOFT), abs=1e-7)
        assert violation_kwh(solution, data, SOFT) <= 1e-9
        assert solution.repair_kwh <= 1e-6


def test_binaries_agree_with_the_exact_plans_at_negative_prices():
    rules = replace(SOFT, boolean=True)
    program = ScheduleProgram(6, 8, rules)
    for seed in range(8):
        data = random_fleet(seed, negative=True)
        solution = program.solve(data)
        assert solution.objective_eur == pytest.approx(cost_one_by_one_eur(data, rules), abs=1e-6)
        assert solution.repair_kwh <= 1e-5


@pytest.mark.parametrize("engine", ENGINES)
def test_contract_terms_agree_with_the_exact_plans(engine: type):
    """Own selling prices, limits per step and contracts without a cap."""
    program = engine(7, 9, SOFT)
    for seed in range(25):
        data = under_contracts(random_fleet(seed), seed)
        solution = program.solve(data)
        assert solution.objective_eur == pytest.approx(cost_one_by_one_eur(data, SOFT), abs=1e-7)
        assert violation_kwh(solution, data, SOFT) <= 1e-9
        assert solution.repair_kwh <= 1e-6


def test_binaries_agree_with_the_exact_plans_from_below_the_level_to_keep():
    rules = replace(SOFT, boolean=True)
    program = ScheduleProgram(6, 8, rules)
    for seed in range(8):
        data = under_contracts(random_fleet(seed, negative=seed % 2 == 1), seed, outside=True)
        solution = program.solve(data)
        assert solution.objective_eur == pytest.approx(cost_one_by_one_eur(data, rules), abs=1e-6)
        assert violation_kwh(solution, data, rules) <= 1e-9
        assert solution.repair_kwh <= 1e-5


@pytest.mark.parametrize("engine", ENGINES)
def test_terms_all_evs_share_may_be_given_once_or_for_each(engine: type):
    program = engine(6, 8, SOFT)
    for seed in range(5):
        data = random_fleet(seed)
        each = replace(
            data,
            sell_eur_per_kwh=np.tile(data.sell_eur_per_kwh, (6, 1)),
            discharge_kwh=np.full((6, 8), data.discharge_kwh),
        )
        once, apart = program.solve(data), program.solve(each)
        np.testing.assert_array_equal(once.net_load_kwh, apart.net_load_kwh)
        assert once.objective_eur == apart.objective_eur


def test_without_binaries_the_answer_is_netted():
    """Both ways at once is worth more to the LP; what is handed out is possible, and dearer."""
    program, repairs = ScheduleProgram(6, 8, SOFT), []
    for seed in range(8):
        data = random_fleet(seed, negative=True)
        data = replace(data, contract_kwh=99.0, discharge_steps=8, energy_kwh=[70.0] * 6)
        solution = program.solve(data)
        assert violation_kwh(solution, data, SOFT) <= 1e-9
        assert solution.objective_eur >= cost_one_by_one_eur(data, SOFT) - 1e-7
        assert program.problem.value <= solution.objective_eur + 1e-7
        repairs.append(solution.repair_kwh)
    assert max(repairs) > 0.1


@pytest.mark.parametrize("limit_kw", [5.0, 15.0, 40.0])
@pytest.mark.parametrize("pooled", [False, True])
def test_engines_agree_within_the_site_limit(limit_kw: float, pooled: bool):
    rules = replace(SOFT, site_limit_kw=limit_kw, pooled=pooled)
    engines = [engine(6, 8, rules) for engine in ENGINES]
    for seed in range(6):
        data = replace(random_fleet(seed), committed_kwh=np.linspace(-5, 5, 8))
        first, second = (engine.solve(data) for engine in engines)
        assert first.objective_eur == pytest.approx(second.objective_eur, abs=1e-7)
        assert violation_kwh(first, data, rules) <= 1e-9
        assert violation_kwh(second, data, rules) <= 1e-9
        if not pooled:
            assert first.objective_eur >= cost_one_by_one_eur(data, SOFT) - 1e-7


@pytest.mark.parametrize("engine", ENGINES)
def test_hard_targets_are_met_or_refused(engine: type):
    rules = replace(SOFT, shortfall_eur_per_kwh=None)
    program = engine(6, 8, rules)
    data = random_fleet(0)
    before = program.solve(data)
    assert violation_kwh(before, data, rules) <= 1e-9
    with pytest.raises(SolveFailedError, match=r"(?i)infeasible"):
        program.solve(replace(data, energy_kwh=3.0, target_kwh=77.6, steps=2))
    again = program.solve(data)
    assert again.objective_eur == pytest.approx(before.objective_eur)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_kept_answers_like_a_new_one(engine: type):
    """And a program with room to spare like one that fits."""
    rules = replace(SOFT, site_limit_kw=20.0)
    kept, roomy = engine(6, 8, rules), engine(9, 12, rules)
    for seed in range(5):
        data = random_fleet(seed)
        fresh = engine(6, 8, rules).solve(data)
        assert kept.solve(data).objective_eur == pytest.approx(fresh.objective_eur, abs=1e-9)
        wide = roomy.solve(data)
        assert wide.objective_eur == pytest.approx(fresh.objective_eur, abs=1e-9)
        assert wide.net_load_kwh.shape == (6, 8)


def test_ramps_by_hand():
    """20 kWh for the site, y from the second step to the first: 0.1 y - r (2 y)^2 is gained."""
    rules = replace(LOSSLESS, ramp_eur_per_kwh2=0.005)
    data = replace(TWO, steps=2, buy_eur_per_kwh=[0.1, 0.2], sell_eur_per_kwh=[0.1, 0.2])
    data = replace(data, energy_kwh=[10.0, 10.0], discharge_steps=0, contract_kwh=0.0)
    both = ScheduleProgram(2, 2, rules, solver="CLARABEL").solve(data)
    # y = 0.1 / (8 r) = 2.5
    np.testing.assert_allclose(both.net_load_kwh.sum(axis=0), [12.5, 7.5], atol=1e-5)


def test_wear_by_hand():
    """0.2 d - w d^2 gained by discharging d at 0.3 and charging it at 0.1: d = 0.1 / w."""
    rules = replace(LOSSLESS, wear_eur_per_kwh2=0.02)
    data = replace(TWO, buy_eur_per_kwh=[0.3, 0.1, 0.4], sell_eur_per_kwh=[0.3, 0.1, 0.0])
    data = replace(data, energy_kwh=20.0, discharge_steps=[0, 1], contract_kwh=10.0)
    for solver in ("OSQP", "CLARABEL"):
        solution = ScheduleProgram(2, 3, rules, solver=solver).solve(data)
        np.testing.assert_allclose(solution.net_load_kwh[1], [-5.0, 5.0, 0.0], atol=2e-3)


@pytest.mark.parametrize("ramp, wear", [(1e-3, 0.0), (0.0, 1e-2), (1e-3, 1e-2)])  # noqa: PT006
def test_quadratic_solvers_agree(ramp: float, wear: float):
    rules = replace(SOFT, ramp_eur_per_kwh2=ramp, wear_eur_per_kwh2=wear)
    fast = ScheduleProgram(6, 8, rules)
    accurate = ScheduleProgram(6, 8, rules, solver="CLARABEL")
    for seed in range(5):
        data = random_fleet(seed)
        first, second = fast.solve(data), accurate.solve(data)
        assert first.objective_eur == pytest.approx(second.objective_eur, abs=0.01)
        assert second.repair_kwh <= 1e-5
        for solution in (first, second):
            assert violation_kwh(solution, data, rules) <= 1e-9


def test_a_solver_that_stops_early_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(schedule.SOLVER_OPTIONS, "OSQP", {"max_iter": 1})
    rules = replace(SOFT, ramp_eur_per_kwh2=1e-3)
    with pytest.raises(SolveFailedError, match="OSQP"):
        ScheduleProgram(6, 8, rules, solver="OSQP").solve(random_fleet(0))
    handed_over = ScheduleProgram(6, 8, rules).solve(random_fleet(0))
    assert handed_over.status.startswith("CLARABEL")


def test_an_unreachable_target_costs_its_penalty():
    data = replace(TWO, target_kwh=[60.0, 20.0], max_kwh=70.0, contract_kwh=0.0)
    rules = replace(LOSSLESS, shortfall_eur_per_kwh=2.0)
    for engine in ENGINES:
        solution = engine(2, 3, rules).solve(data)
        np.testing.assert_allclose(solution.net_load_kwh[0], [10, 10, 10])
        assert solution.objective_eur == pytest.approx(6.0 + 2.0 * 20.0)


def test_above_the_window_nobody_charges():
    """Paid to charge, but the EV is above its limit and may not discharge."""
    data = replace(TWO, buy_eur_per_kwh=[-0.1] * 3, sell_eur_per_kwh=[-0.1] * 3)
    data = replace(data, energy_kwh=45.0, discharge_steps=0, contract_kwh=0.0)
    for engine in ENGINES:
        np.testing.assert_array_equal(engine(2, 3, LOSSLESS).solve(data).net_load_kwh, 0.0)


@pytest.mark.parametrize(
    "change",
    [
        {"charge_eff": 0.0},
        {"discharge_eff": 1.1},
        {"site_limit_kw": -1.0},
        {"shortfall_eur_per_kwh": np.nan},
        {"boolean": True, "wear_eur_per_kwh2": 0.1},
    ],
)
def test_bad_rules_are_refused(change: dict):
    with pytest.raises(InvalidInputError):
        ScheduleRules(**change)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "change",
    [
        {"buy_eur_per_kwh": [0.1, np.nan, 0.2]},
        {"buy_eur_per_kwh": [0.1, 0.2]},
        {"energy_kwh": [1.0, 2.0, 3.0]},
        {"charge_kwh": -1.0},
        {"steps": [0, 1]},
        {"committed_kwh": [1.0, 2.0]},
        {"sell_eur_per_kwh": np.ones((3, 3))},
        {"discharge_kwh": np.ones((2, 4))},
        {"contract_kwh": [np.nan, 1.0]},
    ],
)
def test_bad_data_are_refused(engine: type, change: dict):
    with pytest.raises(InvalidInputError):
        engine(2, 3, SOFT).solve(replace(TWO, **change))


@pytest.mark.parametrize("engine", ENGINES)
def test_programs_refuse_what_they_are_not_for(engine: type):
    with pytest.raises(InvalidInputError):
        engine(0, 3, SOFT)
    with pytest.raises(InvalidInputError, match="build the program"):
        engine(1, 3, SOFT).solve(TWO)
    own = replace(TWO, sell_eur_per_kwh=np.zeros((2, 3)))
    with pytest.raises(InvalidInputError, match="one selling price"):
        engine(2, 3, replace(SOFT, pooled=True)).solve(own)
    with pytest.raises(InvalidInputError, match="pooled"):
        engine(2, 3, replace(SOFT, pooled=True)).solve(replace(TWO, sell_eur_per_kwh=[1.0] * 3))
    with pytest.raises(InvalidInputError):
        ScheduleProgram(2, 3, SOFT, solver="ECOS")
    with pytest.raises(InvalidInputError):
        FleetLP(2, 3, replace(SOFT, ramp_eur_per_kwh2=1.0))


def test_one_ev_and_one_step():
    data = replace(TWO, steps=[1, 1], buy_eur_per_kwh=[0.1], sell_eur_per_kwh=[0.1])
    data = replace(data, energy_kwh=15.0, discharge_steps=1, contract_kwh=6.0)
    for engine in ENGINES:
        solution = engine(2, 1, LOSSLESS).solve(data)
        np.testing.assert_allclose(solution.net_load_kwh, [[5.0], [5.0]])
    exact = plan_fleet(
        [0.1], [0.1], steps=1, energy_kwh=[15.0, 15.0], min_kwh=2.0, max_kwh=40.0,
        target_kwh=20.0, charge_kwh=10.0, discharge_kwh=10.0, discharge_steps=1,
        contract_kwh=6.0, charge_eff=1.0, discharge_eff=1.0, shortfall_eur_per_kwh=9.0,
    )  # fmt: skip
    np.testing.assert_allclose(exact, [[5.0], [5.0]])
