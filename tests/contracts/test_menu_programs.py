"""Programs (7) and (8) agree with the exact design, and a failed solve raises."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.menu import Menu, expected_value_eur, ic_residuals, ir_residuals
from vpp_gym.contracts.problem import DesignProblem, design_problem
from vpp_gym.errors import InvalidInputError, SolveFailedError
from vpp_gym.solvers.menu_programs import solve_full_program, solve_reduced_program

PAPER = design_problem(
    (0.5, 0.75, 1.0, 1.25, 1.5),
    (0.2,) * 5,
    kappa_eur=0.2,
    wear_eur_per_kwh=0.01,
    energy_cap_kwh=33,
)


def exact_menu(problem: DesignProblem) -> Menu:
    return design_menu(**problem._asdict())


def random_problem(seed: int) -> DesignProblem:
    """One to eight types, uneven and partly impossible, so that many are pooled."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 9))
    weights = rng.dirichlet(np.full(m, rng.choice([0.3, 1.0, 5.0]))) * (rng.random(m) < 0.75)
    if not weights.any():
        weights[rng.integers(m)] = 1.0
    return design_problem(
        np.cumsum(rng.uniform(0.01, 1, m)),
        weights / weights.sum(),
        kappa_eur=rng.uniform(0.02, 1),
        wear_eur_per_kwh=rng.choice([0.003, 0.01, 0.05, 0.2]),
        energy_cap_kwh=rng.choice([0.0, 1.0, 11.0, 33.0, 150.0]),
        saturation_kwh=rng.choice([1.0, 0.2, 5.0, 30.0]),
    )


def worth_eur(menu: Menu, problem: DesignProblem) -> float:
    return expected_value_eur(menu, problem.kappa_eur, problem.saturation_kwh)


@pytest.mark.parametrize("solve", [solve_full_program, solve_reduced_program])
def test_the_papers_menu_to_solver_tolerance(solve):
    menu, exact = solve(PAPER), exact_menu(PAPER)
    np.testing.assert_allclose(menu.energy_kwh, exact.energy_kwh, atol=1e-2)
    np.testing.assert_allclose(menu.payoff_eur, exact.payoff_eur, atol=1e-4)


@pytest.mark.parametrize("seed", range(40))
def test_full_reduced_and_exact_agree(seed):
    problem = random_problem(seed)
    exact = worth_eur(exact_menu(problem), problem)
    for solve in (solve_full_program, solve_reduced_program):
        menu = solve(problem)
        assert worth_eur(menu, problem) == pytest.approx(exact, abs=1e-6)
        assert ir_residuals(menu).min() >= -1e-9
        assert ic_residuals(menu).min() >= -1e-6
        assert (np.diff(menu.energy_kwh, prepend=0.0) >= 0).all()
        assert menu.energy_kwh[-1] <= problem.energy_cap_kwh


@pytest.mark.parametrize("first", range(40, 280, 20))
def test_program_8_agrees_with_the_exact_design(first):
    """Two hundred and forty problems more."""
    for seed in range(first, first + 20):
        problem = random_problem(seed)
        exact = exact_menu(problem)
        menu = solve_reduced_program(problem)
        value_eur = worth_eur(exact, problem)
        assert worth_eur(menu, problem) == pytest.approx(value_eur, rel=0, abs=1e-6), seed
        assert min(ir_residuals(exact).min(), ic_residuals(exact).min()) >= -1e-9, seed


@pytest.mark.parametrize("saturation_kwh", [0.2, 5.0, 12.0])
def test_energies_of_a_curve_that_flattens_later(saturation_kwh):
    """To the energy: with positive probabilities the optimum is unique."""
    problem = PAPER._replace(saturation_kwh=saturation_kwh)
    exact = exact_menu(problem)
    for solve in (solve_full_program, solve_reduced_program):
        np.testing.assert_allclose(solve(problem).energy_kwh, exact.energy_kwh, atol=1e-2)
    assert len(set(exact.energy_kwh.round(3))) >= 3


def test_the_random_problems_cover_pooling_and_impossible_types():
    pooled = impossible = 0
    for seed in range(40):
        problem = random_problem(seed)
        menu = exact_menu(problem)
        inner = (menu.energy_kwh > 0) & (menu.energy_kwh < problem.energy_cap_kwh)
        pooled += bool((inner[1:] & (np.diff(menu.energy_kwh) == 0)).any())
        impossible += bool((problem.type_prob == 0).any())
    assert pooled >= 5
    assert impossible >= 10


VALUES = {
    "square root": lambda w: 0.08 * cp.sqrt(w),
    "up to 20 kWh": lambda w: 0.03 * cp.minimum(w, 20.0),
    "less and less": lambda w: cp.minimum(0.04 * w, 0.2 + 0.015 * w),
    "quadratic": lambda w: 0.04 * w - 0.001 * cp.square(w),
    "logarithm": lambda w: 0.2 * cp.log1p(w),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("seed", range(6))
def test_other_values_of_energy_against_every_menu_on_a_grid(name, seed):
    value, problem = VALUES[name], random_problem(seed)._replace(wear_eur_per_kwh=0.01)
    best_eur = best_on_grid_eur(problem, value)
    for solve in (solve_full_program, solve_reduced_program):
        menu = solve(problem, value=value)
        value_eur = value(cp.Constant(menu.energy_kwh)).value
        worth_eur = problem.type_prob @ (value_eur - menu.payoff_eur)
        assert best_eur - 1e-5 <= worth_eur <= best_eur + 1e-3  # the grid is coarse
        assert ir_residuals(menu).min() >= -1e-9
        assert ic_residuals(menu).min() >= -1e-6


def best_on_grid_eur(problem: DesignProblem, value) -> float:
    """Best expected profit of all menus with energies on a grid, type by type.

    With least payoffs a kWh more for type m costs its own wear for all types from
    m on, less the next type's wear for those above: a cost that is linear in w_m.
    """
    grid_kwh = np.linspace(0, problem.energy_cap_kwh, 2001)
    value_eur = value(cp.Constant(grid_kwh)).value
    above = np.append(np.cumsum(problem.type_prob[::-1])[::-1], 0.0)
    cost = problem.wear_eur_per_kwh * -np.diff(above / np.append(problem.owner_types, 1.0))
    best = np.zeros(len(grid_kwh))
    for prob, cost_per_kwh in zip(problem.type_prob, cost, strict=True):
        best = np.maximum.accumulate(best + prob * value_eur - cost_per_kwh * grid_kwh)
    return best[-1]


@pytest.mark.parametrize(
    "value",
    [cp.square, lambda w: cp.sum(cp.sqrt(w)), lambda w: cp.multiply(w, cp.sqrt(w))],
    ids=["convex", "of all energies together", "not known to be concave"],
)
def test_a_value_that_is_not_concave_is_refused(value):
    with pytest.raises(InvalidInputError, match=r"value: got .*; give a concave function"):
        solve_reduced_program(PAPER, value=value)


@pytest.mark.parametrize("solve", [solve_full_program, solve_reduced_program])
def test_a_solve_without_an_answer_raises(solve, monkeypatch):
    def give_up(program, **options):
        program._status = cp.USER_LIMIT

    monkeypatch.setattr(cp.Problem, "solve", give_up)
    with pytest.raises(SolveFailedError, match="Clarabel ended with status user_limit"):
        solve(PAPER)


def test_a_solver_error_raises_ours(monkeypatch):
    def fail(program, **options):
        raise cp.error.SolverError("numerical trouble")

    monkeypatch.setattr(cp.Problem, "solve", fail)
    with pytest.raises(SolveFailedError, match=r"program \(8\): Clarabel failed: numerical"):
        solve_reduced_program(PAPER)
