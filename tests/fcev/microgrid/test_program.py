"""The microgrid as a linear program: by hand, and against the world that carries it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.fcev.microgrids import hand_made_grid, random_decision, random_grid
from vpp_gym.errors import SolveFailedError
from vpp_gym.fcev.microgrid.hindsight import run_of, signed_instance
from vpp_gym.fcev.microgrid.ledger import MONEY, TERMS
from vpp_gym.fcev.microgrid.planner import carried_out
from vpp_gym.fcev.microgrid.program import (
    INTERIOR,
    StockValue,
    microgrid_program,
    plan_microgrid,
)
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision
from vpp_gym.solvers.linear_program import LinearProgram, solve


def plan_of(grid, end: int):
    instance = signed_instance(run_of(grid, 0, end))
    return instance, plan_microgrid(instance, grid.rules)


def money_of(grid, decide, hours: int) -> float:
    """Money of a run, commitments aside."""
    total = 0.0
    for hour in range(hours):
        record = grid.advance([decide(hour, grid.snapshot())])[0]
        total += record[: len(MONEY)].sum() - record[TERMS.index("commitment_eur")]
    return total


def test_a_small_volume_waits_for_the_dearest_hour():
    """One car, 10 kWh, two hours of 10 kWh: imports at 0.13 first, V2G when they cost 0.22."""
    grid = hand_made_grid([10.0, 10.0], [10.0], da_eur_per_kwh=[0.01, 0.10])
    _, plan = plan_of(grid, 2)
    np.testing.assert_allclose(plan.v2g_kwh, [0.0, 10.0], atol=1e-9)
    np.testing.assert_allclose(plan.profit_eur, [-10 * 0.13, -10 * 0.0735])


def test_wind_becomes_hydrogen_only_where_it_earns_less_as_export():
    """A kWh of wind makes 0.75 / 39.4 kg worth 0.0227 EUR; exports earn the price less 0.03."""
    grid = hand_made_grid([], [10.0], da_eur_per_kwh=[0.05, 0.06], wind_kwh=100.0)
    _, plan = plan_of(grid, 2)
    np.testing.assert_allclose(plan.electrolyser_kwh, [100.0, 0.0], atol=1e-9)


@pytest.mark.parametrize(("worth", "made_kwh"), [(1.5, 0.0), (1.6, 100.0)])
def test_wind_becomes_hydrogen_where_that_is_worth_more_later(worth: float, made_kwh: float):
    """At 0.06 EUR/kWh a kg forgoes 0.03 * 39.4 / 0.75 = 1.576 EUR of exports."""
    grid = hand_made_grid([], [10.0], da_eur_per_kwh=[0.06], wind_kwh=100.0)
    instance, _ = plan_of(grid, 1)
    pieces = StockValue(np.array([grid.rules.store_kg]), np.array([worth]))
    plan = plan_microgrid(replace(instance, worth=pieces), grid.rules)
    assert plan.electrolyser_kwh[0] == pytest.approx(made_kwh, abs=1e-9)


@pytest.mark.parametrize(("worth", "given_kwh"), [(2.7, 10.0), (2.8, 0.0)])
def test_cars_give_only_where_hydrogen_is_not_worth_more_later(worth: float, given_kwh: float):
    """A kg saves (0.15 - 0.0735) * 39.4 * 0.51 = 1.537 EUR and is refilled for 1.1946."""
    grid = hand_made_grid([10.0], [10.0], da_eur_per_kwh=[0.03])
    instance, _ = plan_of(grid, 1)
    pieces = StockValue(np.array([grid.rules.store_kg]), np.array([worth]))
    plan = plan_microgrid(replace(instance, worth=pieces), grid.rules)
    assert plan.v2g_kwh[0] == pytest.approx(given_kwh, abs=1e-9)


def test_wind_that_may_serve_houses_does_so_first():
    grid = hand_made_grid([10.0], [10.0], wind_kwh=10.0, wind={"serves_houses": True})
    _, plan = plan_of(grid, 1)
    assert plan.v2g_kwh[0] == pytest.approx(0.0, abs=1e-9)
    assert plan.profit_eur[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("serves_houses", [False, True])
def test_no_decisions_earn_more_than_the_plan_and_the_plan_can_nearly_be_carried_out(
    seed: int, serves_houses: bool
):
    wind = {"power_kw": 60.0, "serves_houses": serves_houses}
    grid, rng = random_grid(seed, wind=wind), np.random.default_rng(seed)
    hours = 24 * grid.n_days - 1
    grid.reset()
    _, plan = plan_of(grid, hours)
    best_eur = plan.profit_eur.sum()

    def any_decision(hour, snapshot) -> MicrogridDecision:
        drawn = random_decision(rng, snapshot)
        return MicrogridDecision(drawn.v2g_kwh, drawn.electrolyser_kwh)

    assert money_of(grid, any_decision, hours) <= best_eur + 1e-6
    grid.reset()
    followed = money_of(grid, lambda hour, seen: carried_out(plan, hour, seen), hours)
    assert followed <= best_eur + 1e-6
    assert followed == pytest.approx(best_eur, abs=5.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("serves_houses", [False, True])
def test_the_method_for_a_year_finds_the_same_optimum(seed: int, serves_houses: bool):
    grid = random_grid(seed, n_days=9, wind={"power_kw": 60.0, "serves_houses": serves_houses})
    grid.reset()
    instance, plan = plan_of(grid, 24 * 9)
    other = plan_microgrid(instance, grid.rules, INTERIOR)
    assert other.profit_eur.sum() == pytest.approx(plan.profit_eur.sum(), abs=1e-5)


def test_the_value_is_that_of_the_program():
    grid = random_grid(7)
    grid.reset()
    instance, plan = plan_of(grid, 48)
    program = microgrid_program(instance, grid.rules)
    values = solve(program)
    rows = program.rows @ values
    assert (rows >= program.row_low - 1e-6).all()
    assert (rows <= program.row_high + 1e-6).all()
    exported_eur = instance.export_eur_per_kwh @ instance.wind_kwh
    assert plan.profit_eur.sum() == pytest.approx(exported_eur - program.cost @ values)
    assert plan.v2g_kwh.shape == plan.electrolyser_kwh.shape == (48,)
    assert (plan.electrolyser_kwh <= grid.rules.electrolyser_kw + 1e-6).all()


def test_a_program_without_an_answer_raises():
    one = np.ones(1)
    program = LinearProgram("impossible", one, 0 * one, one, np.ones((1, 1)), 2 * one, 3 * one)
    with pytest.raises(SolveFailedError, match="impossible"):
        solve(program)
