"""Variable-term menus: the exact design against the program that defines it, and bundles."""

from __future__ import annotations

import copy
from math import inf

import numpy as np
import pytest

from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.menu import expected_value_eur as fixed_term_value_eur
from vpp_gym.contracts.variable_term import design_variable_term_menu, exact_menu, priced_menu
from vpp_gym.contracts.variable_term_menu import (
    VariableTermMenu,
    expected_value_eur,
    ic_residuals,
    ir_residuals,
    utility,
)
from vpp_gym.contracts.variable_term_problem import VariableTermProblem, variable_term_problem
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.variable_term_programs import solve_bundled_program, solve_joint_program

TYPES = (0.75, 1.0, 1.25)
INDEPENDENT = np.full((3, 3), 1 / 9)
SAME = np.eye(3) / 3
OPPOSITE = SAME[::-1]
PAPER = {
    "energy_kappa_eur": 0.4,
    "term_kappa_eur": 0.6,
    "wear_eur_per_kwh": 0.01,
    "tied_eur_per_h": 0.05,
}


def papers_problem(type_prob=INDEPENDENT, **changes) -> VariableTermProblem:
    return variable_term_problem(TYPES, TYPES, type_prob, **(PAPER | changes))


def value_eur(menu: VariableTermMenu, problem: VariableTermProblem) -> float:
    return expected_value_eur(
        menu, energy_kappa_eur=problem.energy_kappa_eur, term_kappa_eur=problem.term_kappa_eur
    )


def random_problem(seed: int) -> VariableTermProblem:
    """Up to four types each; types correlated either way, partly impossible, often pooled."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, 2))
    weights = rng.dirichlet(np.full(np.prod(shape), rng.choice([0.2, 1.0, 5.0]))).reshape(shape)
    weights *= rng.random(shape) < rng.choice([0.5, 1.0])
    if not weights.any():
        weights[rng.integers(shape[0]), rng.integers(shape[1])] = 1.0
    return variable_term_problem(
        *(np.cumsum(rng.uniform(0.05, 1, n)) for n in shape),
        weights / weights.sum(),
        energy_kappa_eur=rng.uniform(0.05, 1),
        term_kappa_eur=rng.uniform(0.05, 1),
        wear_eur_per_kwh=rng.choice([0.003, 0.01, 0.05, 0.2]),
        tied_eur_per_h=rng.choice([0.01, 0.05, 0.3]),
        energy_cap_kwh=rng.choice([0.0, 11.0, 33.0, inf]),
        term_cap_h=rng.choice([0.5, 3.0, 24.0, inf]),
        power_kw=rng.choice([1.0, 11.0, inf, inf]),
    )


@pytest.mark.parametrize("type_prob", [INDEPENDENT, SAME, OPPOSITE])
def test_the_papers_menu_depends_on_the_marginals_only(type_prob):
    """As its notebook 7GeneralProblem prints for independent types, to 3 decimals."""
    menu = exact_menu(papers_problem(type_prob))
    np.testing.assert_allclose(menu.energy_kwh[:, 1], (19, 97 / 3, 49))
    np.testing.assert_allclose(menu.term_h[1], (5, 9, 14))
    payoff = [[0.587, 0.787, 0.987], [0.720, 0.920, 1.120], [0.853, 1.053, 1.253]]
    np.testing.assert_allclose(menu.payoff_eur, payoff, atol=5e-4)
    assert ir_residuals(menu).min() >= -1e-15
    assert ic_residuals(menu).min() >= -1e-15


def test_the_papers_menu_where_wear_costs_five_times_as_much():
    menu = exact_menu(papers_problem(wear_eur_per_kwh=0.05))
    np.testing.assert_allclose(menu.energy_kwh[:, 0], (3, 17 / 3, 9))
    np.testing.assert_allclose(menu.term_h[0], (5, 9, 14))
    np.testing.assert_allclose(menu.payoff_eur[0, 0], 0.05 * 3 / 0.75 + 0.05 * 5 / 0.75)


def test_the_five_types_of_its_notebook_of_test_values():
    types = 1 / np.array([1.5, 1.25, 1, 0.75, 0.5])
    menu = design_variable_term_menu(
        types, types, np.full((5, 5), 0.04), energy_kappa_eur=0.1, term_kappa_eur=0.5,
        wear_eur_per_kwh=0.01, tied_eur_per_h=0.1,
    )  # fmt: skip
    np.testing.assert_allclose(menu.energy_kwh[:, 0], (3, 4, 17 / 3, 9, 19))
    np.testing.assert_allclose(menu.term_h[0], (1, 1.5, 7 / 3, 4, 9))
    corners = menu.payoff_eur[[0, 0, 4, 4], [0, 4, 0, 4]]
    np.testing.assert_allclose(corners, (0.19500, 0.71581, 0.29916, 0.81997), atol=5e-5)


@pytest.mark.parametrize("block", range(10))
def test_the_exact_menu_is_the_optimum_of_the_joint_program(block):
    """Of 240 random designs; the solver's own error is up to 3e-6 EUR."""
    for seed in range(24 * block, 24 * block + 24):
        problem = random_problem(seed)
        exact, joint = exact_menu(problem), solve_joint_program(problem)
        assert -1e-5 <= value_eur(joint, problem) - value_eur(exact, problem) <= 1e-6
        assert_feasible(exact, problem, tolerance=1e-12)
        assert_feasible(joint, problem, tolerance=1e-5)
        # Payoffs are the least for these energies and terms, too.
        least = priced_menu(problem, joint.energy_kwh[:, 0], joint.term_h[0])
        possible = problem.type_prob > 1e-3
        np.testing.assert_allclose(
            joint.payoff_eur[possible], least.payoff_eur[possible], atol=1e-4
        )


def assert_feasible(menu, problem, *, tolerance):
    assert ir_residuals(menu).min() >= -tolerance
    assert ic_residuals(menu).min() >= -tolerance
    assert (np.diff(menu.energy_kwh, axis=0, prepend=0) >= 0).all()
    assert (np.diff(menu.term_h, axis=1, prepend=0) >= 0).all()
    assert menu.energy_kwh.max() <= problem.energy_cap_kwh
    assert menu.term_h.max() <= problem.term_cap_h
    if problem.power_kw < inf:
        assert (menu.energy_kwh <= problem.power_kw * menu.term_h + 100 * tolerance).all()


def test_the_random_designs_cover_correlation_pooling_and_the_link():
    linked = pooled = impossible = correlated = 0
    for problem in map(random_problem, range(240)):
        menu, free = exact_menu(problem), exact_menu(problem._replace(power_kw=inf))
        linked += not np.allclose(menu.energy_kwh, free.energy_kwh)
        pooled += bool((np.diff(menu.energy_kwh[:, 0]) == 0).any())
        impossible += bool((problem.type_prob == 0).any())
        p, q = problem.type_prob.sum(axis=1), problem.type_prob.sum(axis=0)
        correlated += np.abs(problem.type_prob - np.outer(p, q)).max() > 0.02
    assert linked >= 25
    assert min(pooled, impossible, correlated) >= 80


def test_it_is_worth_what_two_fixed_term_menus_are():
    problem = random_problem(12)._replace(power_kw=inf, energy_cap_kwh=33.0, term_cap_h=24.0)
    energy = design_menu(
        problem.energy_types, problem.type_prob.sum(axis=1), kappa_eur=problem.energy_kappa_eur,
        wear_eur_per_kwh=problem.wear_eur_per_kwh, energy_cap_kwh=33,
    )  # fmt: skip
    term = design_menu(
        problem.term_types, problem.type_prob.sum(axis=0), kappa_eur=problem.term_kappa_eur,
        wear_eur_per_kwh=problem.tied_eur_per_h, energy_cap_kwh=24,
    )  # fmt: skip
    apart = fixed_term_value_eur(energy, problem.energy_kappa_eur)
    apart += fixed_term_value_eur(term, problem.term_kappa_eur)
    assert value_eur(exact_menu(problem), problem) == pytest.approx(apart, abs=1e-12)


@pytest.mark.parametrize(
    ("type_prob", "gain_percent"),
    [(INDEPENDENT, 0.53), (SAME, 0.0), (OPPOSITE, 9.58), ((INDEPENDENT + OPPOSITE) / 2, 2.25)],
)
def test_bundles_earn_more_unless_the_types_go_together(type_prob, gain_percent):
    problem = papers_problem(type_prob)
    exact, bundled = exact_menu(problem), solve_bundled_program(problem)
    gain = value_eur(bundled, problem) / value_eur(exact, problem) - 1
    assert 100 * gain == pytest.approx(gain_percent, abs=0.01)
    assert ir_residuals(bundled).min() >= -1e-12
    assert ic_residuals(bundled).min() >= -1e-6


def test_opposite_types_keep_no_rent_when_bundled():
    problem, possible = papers_problem(OPPOSITE), OPPOSITE > 0
    assert (ir_residuals(exact_menu(problem))[possible] > 0.1).all()
    bundled = solve_bundled_program(problem)
    np.testing.assert_allclose(ir_residuals(bundled)[possible], 0, atol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_bundles_contain_the_papers_form(seed):
    problem = random_problem(seed)
    bundled = value_eur(solve_bundled_program(problem), problem)
    assert bundled >= value_eur(exact_menu(problem), problem) - 1e-6


def test_a_weak_charger_joins_the_two_menus():
    """The paper's 11 kW are enough for its 49 kWh in 5 h; 5.39 kW are not."""
    free = exact_menu(papers_problem())
    np.testing.assert_array_equal(
        exact_menu(papers_problem(power_kw=11)).energy_kwh, free.energy_kwh
    )
    menu = exact_menu(papers_problem(power_kw=5.39))
    np.testing.assert_allclose(menu.energy_kwh[:, 0], (19, 97 / 3, 34.152024), rtol=1e-6)
    np.testing.assert_allclose(menu.term_h[0], (6.336183, 9, 14), rtol=1e-6)
    assert menu.energy_kwh.max() == pytest.approx(5.39 * menu.term_h.min())


def test_a_power_that_binds_at_the_longest_term():
    menu = exact_menu(papers_problem(power_kw=1, term_cap_h=3))
    assert (menu.energy_kwh == 3).all()
    assert (menu.term_h == 3).all()


def test_without_costs_every_contract_asks_for_the_caps_and_pays_nothing():
    free = {"wear_eur_per_kwh": 0, "tied_eur_per_h": 0, "energy_cap_kwh": 33, "term_cap_h": 24}
    menu = exact_menu(papers_problem(**free))
    assert (menu.energy_kwh == 33).all()
    assert (menu.term_h == 24).all()
    assert (menu.payoff_eur == 0).all()


def test_utility_by_hand():
    menu = VariableTermMenu(
        *([[7]], [[3]], [[0.05]], [[1]], [2], [0.5]), wear_eur_per_kwh=0.004, tied_eur_per_h=0.01
    )
    assert utility(menu).item() == pytest.approx(0.05 - 7 * 0.002 - 3 * 0.02)
    assert ir_residuals(menu).item() == pytest.approx(0.05 - 7 * 0.002 - 3 * 0.02)


@pytest.mark.parametrize("duplicate", [lambda menu: menu, copy.deepcopy])
def test_arrays_are_read_only_in_copies_too(duplicate):
    menu = duplicate(exact_menu(papers_problem()))
    assert menu.shape == (3, 3)
    for name in ("energy_kwh", "term_h", "payoff_eur", "type_prob", "energy_types"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(menu, name)[0] = 1.0


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("energy_types", {"energy_types": (1, 1, 2)}),
        ("term_types", {"term_types": (0, 1, 2)}),
        ("term_types", {"term_types": (1, 2, inf)}),
        ("energy_types", {"energy_types": 1.0}),
        ("type_prob", {"type_prob": np.full((2, 3), 1 / 6)}),
        ("type_prob", {"type_prob": INDEPENDENT * 1.1}),
        ("type_prob", {"type_prob": INDEPENDENT - np.diag([0.2, -0.1, -0.1])}),
        ("type_prob", {"type_prob": "none"}),
        ("type_prob", {"type_prob": np.full((3, 3), np.nan)}),
        ("energy_kappa_eur", {"energy_kappa_eur": 0}),
        ("term_kappa_eur", {"term_kappa_eur": inf}),
        ("wear_eur_per_kwh", {"wear_eur_per_kwh": -0.01}),
        ("tied_eur_per_h", {"tied_eur_per_h": float("nan")}),
        ("term_cap_h", {"tied_eur_per_h": 0}),
        ("energy_cap_kwh", {"wear_eur_per_kwh": 0}),
        ("energy_cap_kwh", {"energy_cap_kwh": -1}),
        ("power_kw", {"power_kw": 0}),
    ],
)
def test_bad_input_is_refused_by_name_with_a_remedy(field, change):
    arguments = {"energy_types": TYPES, "term_types": TYPES, "type_prob": INDEPENDENT, **PAPER}
    with pytest.raises(InvalidInputError) as refusal:
        design_variable_term_menu(**{**arguments, **change})
    assert refusal.value.field == field
    assert refusal.value.remedy


@pytest.mark.parametrize("name", ["energy_kwh", "term_h", "payoff_eur", "type_prob"])
def test_tables_that_do_not_fit_the_types_are_refused(name):
    tables = {key: getattr(exact_menu(papers_problem()), key) for key in VARIABLE_TERM_FIELDS}
    with pytest.raises(InvalidInputError, match=rf"menu\.{name}"):
        VariableTermMenu(**{**tables, name: np.ones((3, 2))})


VARIABLE_TERM_FIELDS = tuple(VariableTermMenu.__dataclass_fields__)
