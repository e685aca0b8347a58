"""The smaller program of a site against the program that defines its plan."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.solvers.test_site_lp import instance
from tests.worlds import examples
from vpp_gym.errors import SolveFailedError
from vpp_gym.solvers import site_compact
from vpp_gym.solvers.site_compact import coarse_edges, plan_compact
from vpp_gym.solvers.site_lp import Cars, Connection, plan_site
from vpp_gym.solvers.site_program import Program
from vpp_gym.solvers.site_start import mean_of_classes, one_for_many
from vpp_gym.solvers.site_tapers import Tapers

RTOL = 1e-7
"""Of the cost of a plan."""


def tapering(seed: int) -> tuple[Cars, Connection]:
    """A small site of `test_site_lp`, half of them with cars that taper."""
    cars, site = instance(seed)
    rng = np.random.default_rng(seed)
    n = len(cars.steps)
    if not n or rng.random() < 0.5:
        return cars, site
    full = np.maximum(cars.max_kwh, cars.energy_kwh)
    level = cars.charge_kwh * cars.charge_eff
    lines = np.zeros((n, 3, 2))
    lines[:, 0, 0] = level
    for k in (1, 2):
        slope = -k * rng.uniform(0.05, 0.3, n)
        lines[:, k, 1] = slope
        begins = rng.uniform(5, 15, n)
        lines[:, k, 0] = np.maximum(level - slope * begins, -slope * full)
    return replace(cars, rise_lines=lines), site


@examples(120)
@given(st.integers(0, 2**32 - 1))
@example(3682713)  # what a car may take at once is more than its power later
def test_it_costs_what_the_whole_program_costs(seed):
    cars, site = tapering(seed)
    whole, plan = plan_site(cars, site), plan_compact(cars, site)
    assert plan.cost_eur == pytest.approx(whole.cost_eur, rel=RTOL, abs=RTOL)
    assert plan.net_load_kwh.shape == whole.net_load_kwh.shape
    for k, steps in enumerate(cars.steps.tolist()):
        assert (plan.net_load_kwh[k, steps:] == 0).all()
        assert cars.lo_kwh[k] - 1e-6 <= plan.net_load_kwh[k, 0]
        assert plan.net_load_kwh[k, 0] <= max(cars.hi_kwh[k], cars.lo_kwh[k]) + 1e-6
    net = plan.net_load_kwh.sum(axis=0) + site.building_kwh + plan.storage_kwh - plan.sun_kwh
    assert (net >= -site.export_kwh - 1e-6).all()
    assert (plan.sun_kwh <= site.sun_kwh + 1e-9).all()


@examples(30)
@given(st.integers(0, 2**32 - 1))
def test_blocks_of_one_step_are_the_steps_and_the_first_step_stays_alone(seed):
    cars, site = tapering(seed)
    fine = plan_compact(cars, site, np.arange(site.horizon + 1))
    assert fine.cost_eur == pytest.approx(plan_compact(cars, site).cost_eur, rel=1e-9, abs=1e-9)
    coarse = plan_compact(cars, site, coarse_edges(site.horizon, single=1, growth=2, most=4))
    assert coarse.net_load_kwh.shape == fine.net_load_kwh.shape
    stay = np.arange(site.horizon) < cars.steps[:, None]
    assert (coarse.net_load_kwh[~stay] == 0).all()
    assert (coarse.net_load_kwh[:, 0] <= np.maximum(cars.hi_kwh, cars.lo_kwh) + 1e-6).all()


@examples(60)
@given(st.integers(0, 2**32 - 1))
def test_a_plan_that_begins_at_that_of_a_few_costs_what_the_whole_program_costs(seed):
    cars, site = tapering(seed)
    whole = plan_site(cars, site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_compact, "MANY_CARS", 1)
        plan = plan_compact(cars, site)
    assert plan.cost_eur == pytest.approx(whole.cost_eur, rel=RTOL, abs=RTOL)
    net = plan.net_load_kwh.sum(axis=0) + site.building_kwh + plan.storage_kwh - plan.sun_kwh
    assert (net >= -site.export_kwh - 1e-6).all()
    forced = np.maximum(cars.lo_kwh, 0).sum()
    if forced + site.building_kwh[0] <= site.import_kwh[0]:
        assert net[0] <= site.import_kwh[0] + 1e-6


def test_a_class_has_the_sums_of_its_cars():
    cars, _ = next(one for one in map(instance, range(1, 40, 2)) if len(one[0].steps) == 4)
    gives = np.array([True, True, False, True])
    number = np.array([1, 0, 1, 1])
    few = one_for_many(cars, number, gives)
    assert few.steps.tolist() == [cars.steps[1], cars.steps[[0, 2, 3]].max()]
    assert few.energy_kwh[1] == pytest.approx(cars.energy_kwh[[0, 2, 3]].sum())
    assert few.contract_kwh[1] == cars.contract_kwh[[0, 3]].sum()
    assert (few.in_group == cars.in_group[[1, 0]]).all()
    pay = cars.pay_eur_per_kwh
    np.testing.assert_allclose(mean_of_classes(pay, number), few.pay_eur_per_kwh)


def test_a_program_keeps_what_it_has_when_it_grows():
    program, highs = Program(), highspy.Highs()
    highs.silent()
    columns = [program.add(700, float(k), 0.0, 2.0) for k in (1, 2)]
    rows = program.add_rows(700, 3.0, 3.0)
    for one in columns:
        program.put(rows, one, 1.0)
    program.hand_to(highs)
    highs.run()
    assert highs.getObjectiveValue() == pytest.approx(700 * (2 * 1 + 1 * 2))
    assert program.high[-1] == 2.0
    assert program.low[0] == 0.0


def test_the_solver_begins_with_the_columns_that_lead():
    steps = {}
    for leading in (0, 1):
        program, highs = Program(), highspy.Highs()
        highs.silent()
        highs.setOptionValue("presolve", "off")
        dear, cheap = (program.add(3, cost, 0.0, 10.0) for cost in (2.0, 1.0))
        rows = program.add_rows(3, 4.0, 4.0)
        for one in (dear, cheap):
            program.put(rows, one, 1.0)
        program.lead(rows[:2], (dear, cheap)[leading][:2])
        basis = program.begins()
        basic = [*basis.col_status, *basis.row_status].count(highspy.HighsBasisStatus.kBasic)
        assert basic == program.n_rows
        program.hand_to(highs)
        highs.setBasis(basis)
        highs.run()
        assert highs.getObjectiveValue() == pytest.approx(12.0)
        steps[leading] = highs.getInfo().simplex_iteration_count
    # Those that lead in the cheapest answer leave a single row to be solved.
    assert steps[1] <= 1 < steps[0]


def test_where_prices_are_alike_within_a_block_nothing_is_lost():
    price = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    nothing, free = np.zeros(6), np.full(6, np.inf)
    site = Connection(price, price, nothing, nothing, free, free)
    one = np.ones(1)
    cars = Cars(
        steps=np.array([6]),
        energy_kwh=0 * one,
        min_kwh=0 * one,
        max_kwh=20 * one,
        target_kwh=8 * one,
        charge_kwh=2 * one,
        discharge_kwh=np.zeros((1, 6)),
        contract_kwh=0 * one,
        pay_eur_per_kwh=np.zeros((1, 6)),
        lo_kwh=0 * one,
        hi_kwh=2 * one,
        charge_eff=1.0,
        discharge_eff=1.0,
        shortfall_eur_per_kwh=100.0,
    )
    plan = plan_compact(cars, site, np.array([0, 1, 3, 6]))
    assert plan.cost_eur == pytest.approx(6 * 0.1 + 2 * 0.2)
    np.testing.assert_allclose(plan.net_load_kwh, [[0, 1, 1, 2, 2, 2]])
    np.testing.assert_allclose(plan.price_eur_per_kwh, price)
    # What comes late costs more: the same car charges at once.
    late = np.array([[0, 1, 1, 1, 1, 1.0]])
    soon = plan_compact(cars, site, charge_eur_per_kwh=late)
    np.testing.assert_allclose(soon.net_load_kwh[0, 0], 2)


def test_lines_are_asked_for_cars_only_that_may_taper():
    cars, site = next(
        (cars, site)
        for cars, site in map(tapering, range(40))
        if cars.rise_lines is not None and (cars.contract_kwh > 0).any()
    )
    asked = []

    def lines(rows):
        asked.append(rows)
        return cars.rise_lines[rows]

    bare = replace(cars, rise_lines=None)
    never = plan_compact(bare, site, tapers=Tapers(np.full(len(cars.steps), np.inf), lines))
    assert not asked
    assert never.cost_eur == pytest.approx(plan_compact(bare, site).cost_eur)


def test_edges_grow_to_the_most_and_end_with_the_horizon():
    edges = coarse_edges(96, single=8, most=8)
    assert edges[:9].tolist() == list(range(9))
    assert edges[-1] == 96
    assert np.diff(edges).max() == 8
    assert coarse_edges(3).tolist() == [0, 1, 2, 3]


def test_what_cannot_be_solved_is_said():
    cars, site = instance(3)
    with pytest.raises(SolveFailedError, match="plan of the site"):
        plan_compact(cars, replace(site, building_kwh=np.full(site.horizon, np.nan)))
