"""The exact menu: printed values, optimality conditions, brute force, bad input."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vpp_gym.contracts.design import design_menu, least_payoff_eur
from vpp_gym.contracts.menu import Menu, expected_value_eur, ic_residuals, ir_residuals
from vpp_gym.errors import InvalidInputError

TYPES = (0.5, 0.75, 1.0, 1.25, 1.5)
UNIFORM = (0.2,) * 5
FUTURE = {"kappa_eur": 0.2, "wear_eur_per_kwh": 0.01}


@pytest.mark.parametrize(
    ("term_h", "payoff_eur", "energy_kwh"),
    [
        (1, (0.07, 0.12, 0.16, 0.16, 0.16), (3.3, 7.6, 11.0, 11.0, 11.0)),
        (2, (0.07, 0.12, 0.18, 0.24, 0.25), (3.3, 7.6, 13.3, 20.4, 22.0)),
        (3, (0.07, 0.12, 0.18, 0.24, 0.29), (3.3, 7.6, 13.3, 20.4, 29.0)),
    ],
)
def test_table_1_to_the_printed_digit(term_h, payoff_eur, energy_kwh):
    menu = design_menu(TYPES, UNIFORM, energy_cap_kwh=11 * term_h, **FUTURE)
    assert tuple(menu.energy_kwh.round(1)) == energy_kwh
    assert tuple(menu.payoff_eur.round(2)) == payoff_eur


def test_menu_solved_by_hand():
    menu = design_menu(
        (1, 2, 3), (1 / 3,) * 3, kappa_eur=0.05, wear_eur_per_kwh=0.5 / 160, energy_cap_kwh=33
    )
    np.testing.assert_allclose(menu.energy_kwh, (7, 23, 33), rtol=1e-12)
    np.testing.assert_allclose(menu.payoff_eur, (0.021875, 0.046875, 0.171875 / 3), rtol=1e-12)


def test_one_type_gets_the_efficient_energy():
    menu = design_menu([2.0], [1.0], energy_cap_kwh=100, **FUTURE)
    assert menu.energy_kwh[0] == pytest.approx(0.2 * 2 / 0.01 - 1)
    assert menu.payoff_eur[0] == pytest.approx(39 * 0.01 / 2)


def test_a_rare_type_is_pooled_with_the_one_below():
    """By hand, kappa / gamma being 20.

    theta = (1, 2, 3), pi = (.45, .1, .45): v = (.725, .125, .15), and pi / v rises.
    theta = (1, 1.1, 3), pi = (.6, .05, .35): v = (.636, .247, .117), pi / v = .94, .20, 3,
    so that the first two types share .65 / (v_1 + v_2) = .65 / (1 - .35 / 3).
    """
    menu = design_menu((1, 2, 3), (0.45, 0.1, 0.45), energy_cap_kwh=99, **FUTURE)
    np.testing.assert_allclose(menu.energy_kwh, 20 * np.array([0.45 / 0.725, 0.8, 3]) - 1)
    pooled = design_menu((1, 1.1, 3), (0.6, 0.05, 0.35), energy_cap_kwh=99, **FUTURE)
    shared_kwh = 20 * 0.65 / (1 - 0.35 / 3) - 1
    np.testing.assert_allclose(pooled.energy_kwh, (shared_kwh, shared_kwh, 59))


def test_a_curve_that_flattens_later_asks_for_less_of_low_types():
    """By hand, kappa / gamma being 20 and s = 4: 20 * (.5 / .75, 2) - 4 kWh."""
    menu = design_menu((1, 2), (0.5, 0.5), energy_cap_kwh=99, saturation_kwh=4, **FUTURE)
    np.testing.assert_allclose(menu.energy_kwh, (20 / 1.5 - 4, 36))
    np.testing.assert_allclose(menu.payoff_eur, (0.28 / 3, 0.28 / 3 + (80 / 3) * 0.005))
    nothing = design_menu((1, 2), (0.5, 0.5), energy_cap_kwh=99, saturation_kwh=14, **FUTURE)
    np.testing.assert_allclose(nothing.energy_kwh, (0, 26))


def test_types_that_never_come_are_priced_without_changing_the_others():
    """Above the last likely type the objective is indifferent: the efficient energy."""
    menu = design_menu((1, 2, 3, 4), (0.5, 0.5, 0, 0), energy_cap_kwh=70, **FUTURE)
    two = design_menu((1, 2), (0.5, 0.5), energy_cap_kwh=70, **FUTURE)
    np.testing.assert_array_equal(menu.energy_kwh[:2], two.energy_kwh)
    np.testing.assert_allclose(menu.energy_kwh[2:], (59, 70))


def test_types_below_the_first_likely_one_get_no_energy():
    menu = design_menu((1, 2, 3), (0, 0, 1), energy_cap_kwh=99, **FUTURE)
    np.testing.assert_allclose(menu.energy_kwh, (0, 0, 59))
    np.testing.assert_allclose(menu.payoff_eur, (0, 0, 59 * 0.01 / 3))


@pytest.mark.parametrize("type_prob", [UNIFORM, (0, 0, 1, 0, 0)])
def test_without_wear_every_contract_asks_for_the_cap_and_pays_nothing(type_prob):
    menu = design_menu(TYPES, type_prob, kappa_eur=0.2, wear_eur_per_kwh=0, energy_cap_kwh=33)
    assert (menu.energy_kwh == 33).all()
    assert (menu.payoff_eur == 0).all()


def test_without_power_there_is_nothing_to_offer():
    menu = design_menu(TYPES, UNIFORM, energy_cap_kwh=0, **FUTURE)
    assert (menu.energy_kwh == 0).all()
    assert (menu.payoff_eur == 0).all()


def test_when_wear_outweighs_all_value_nothing_is_offered():
    menu = design_menu(TYPES, UNIFORM, kappa_eur=0.01, wear_eur_per_kwh=0.05, energy_cap_kwh=33)
    assert (menu.energy_kwh == 0).all()


@pytest.mark.parametrize("m", [10_000, 100_000])
def test_a_hundred_thousand_types_satisfy_the_optimality_conditions(m):
    rng = np.random.default_rng(m)
    types = np.cumsum(rng.uniform(1e-6, 1e-3, m))
    prob = rng.exponential(size=m) * (rng.random(m) < 0.7)
    menu = design_menu(types, prob / prob.sum(), energy_cap_kwh=33, **FUTURE)
    _assert_optimal(menu, kappa_eur=0.2, cap_kwh=33)
    assert ir_residuals(menu).min() >= -1e-9


def test_no_menu_on_a_grid_does_better():
    """Least payoffs by relaxing every IR and IC row to its fixed point, not by (8)."""
    rng = np.random.default_rng(7)
    for _ in range(6):
        types = np.cumsum(rng.uniform(0.1, 1, 3))
        prob = rng.dirichlet(np.full(3, 0.5)) * (rng.random(3) < 0.8) + [0, 0, 1e-3]
        prob /= prob.sum()
        menu = design_menu(types, prob, energy_cap_kwh=12, **FUTURE)
        exact = expected_value_eur(menu, 0.2)
        grid = np.array(list(combinations_with_replacement(np.linspace(0, 12, 25), 3)))
        payoff = _relaxed_payoff_eur(grid, 0.01 / types)
        best = (np.log1p(grid) * 0.2 @ prob - payoff @ prob).max()
        assert best <= exact + 1e-12
        assert best >= exact - 0.01  # half a grid step away at most
        own = _relaxed_payoff_eur(menu.energy_kwh[np.newaxis], 0.01 / types)
        np.testing.assert_allclose(menu.payoff_eur, own[0], atol=1e-12)


@st.composite
def problems(draw, m_max=12):
    m = draw(st.integers(1, m_max))
    gaps = draw(arrays(np.float64, m, elements=st.floats(1e-3, 2)))
    weights = draw(arrays(np.float64, m, elements=st.just(0.0) | st.floats(1e-6, 1)))
    if not weights.any():
        weights[draw(st.integers(0, m - 1))] = 1.0
    numbers = {
        "kappa_eur": draw(st.floats(1e-3, 10)),
        "wear_eur_per_kwh": draw(st.just(0.0) | st.floats(1e-4, 1)),
        "energy_cap_kwh": draw(st.just(0.0) | st.floats(0.1, 500)),
        "saturation_kwh": draw(st.just(1.0) | st.floats(0.05, 50)),
    }
    return np.cumsum(gaps), weights / weights.sum(), numbers


@given(problems())
@settings(deadline=None)
def test_every_menu_is_feasible_incentive_compatible_and_optimal(problem):
    types, prob, numbers = problem
    cap_kwh = numbers["energy_cap_kwh"]
    menu = design_menu(types, prob, **numbers)
    assert (np.diff(menu.energy_kwh, prepend=0) >= 0).all()
    assert menu.energy_kwh[-1] <= cap_kwh
    assert (np.diff(menu.payoff_eur, prepend=0) >= 0).all()
    assert ir_residuals(menu).min() >= -1e-9
    assert ic_residuals(menu).min() >= -1e-9
    assert ir_residuals(menu)[0] == pytest.approx(0, abs=1e-12)
    _assert_optimal(
        menu,
        kappa_eur=numbers["kappa_eur"],
        cap_kwh=cap_kwh,
        saturation_kwh=numbers["saturation_kwh"],
    )


@given(problems(), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_no_random_menu_does_better(problem, seed):
    types, prob, numbers = problem
    menu = design_menu(types, prob, **numbers)
    curve = numbers["kappa_eur"], numbers["saturation_kwh"]
    best = expected_value_eur(menu, *curve)
    rng = np.random.default_rng(seed)
    for scale in (1e-3, 0.1, 1.0):
        noise_kwh = scale * numbers["energy_cap_kwh"] * rng.normal(size=len(menu))
        energy_kwh = np.sort(np.clip(menu.energy_kwh + noise_kwh, 0, numbers["energy_cap_kwh"]))
        payoff = least_payoff_eur(energy_kwh, types, wear_eur_per_kwh=numbers["wear_eur_per_kwh"])
        other = Menu(energy_kwh, payoff, types, prob, numbers["wear_eur_per_kwh"])
        assert expected_value_eur(other, *curve) <= best + 1e-9


@given(problems(), st.floats(0.1, 10))
@settings(deadline=None)
def test_only_the_ratio_of_wear_to_type_matters(problem, scale):
    types, prob, numbers = problem
    menu = design_menu(types, prob, **numbers)
    wear = numbers["wear_eur_per_kwh"] * scale
    scaled = design_menu(types * scale, prob, **{**numbers, "wear_eur_per_kwh": wear})
    np.testing.assert_allclose(scaled.energy_kwh, menu.energy_kwh, rtol=1e-7, atol=1e-7)


GOOD = {"owner_types": (1, 2), "type_prob": (0.5, 0.5), "energy_cap_kwh": 33, **FUTURE}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("owner_types[1]", {"owner_types": (2, 1)}),
        ("owner_types[1]", {"owner_types": (2, 2)}),
        ("owner_types[0]", {"owner_types": (0, 1)}),
        ("owner_types[1]", {"owner_types": (1, float("nan"))}),
        ("owner_types[1]", {"owner_types": (1, float("inf"))}),
        ("owner_types", {"owner_types": "ab"}),
        ("owner_types", {"owner_types": [[1, 2]]}),
        ("owner_types", {"owner_types": [], "type_prob": []}),
        ("owner_types", {"owner_types": 1.0}),
        ("type_prob", {"type_prob": (1.0,)}),
        ("type_prob", {"type_prob": (0.5, 0.6)}),
        ("type_prob[0]", {"type_prob": (-0.5, 1.5)}),
        ("type_prob[1]", {"type_prob": (1.0, float("nan"))}),
        ("type_prob", {"type_prob": (1.0, float("inf"))}),
        ("kappa_eur", {"kappa_eur": 0}),
        ("kappa_eur", {"kappa_eur": -1}),
        ("kappa_eur", {"kappa_eur": float("nan")}),
        ("kappa_eur", {"kappa_eur": None}),
        ("wear_eur_per_kwh", {"wear_eur_per_kwh": -0.01}),
        ("wear_eur_per_kwh", {"wear_eur_per_kwh": float("nan")}),
        ("energy_cap_kwh", {"energy_cap_kwh": -1}),
        ("energy_cap_kwh", {"energy_cap_kwh": float("nan")}),
        ("energy_cap_kwh", {"energy_cap_kwh": float("inf")}),
        ("saturation_kwh", {"saturation_kwh": 0}),
        ("saturation_kwh", {"saturation_kwh": -1}),
        ("saturation_kwh", {"saturation_kwh": float("nan")}),
        ("saturation_kwh", {"saturation_kwh": float("inf")}),
        ("saturation_kwh", {"saturation_kwh": "much"}),
    ],
)
def test_bad_input_is_refused_by_name_with_a_remedy(field, change):
    with pytest.raises(InvalidInputError) as refusal:
        design_menu(**{**GOOD, **change})
    assert refusal.value.field == field
    assert refusal.value.remedy


def test_the_message_says_what_to_do():
    with pytest.raises(InvalidInputError, match=r"type_prob: got 'sum 1\.1'; divide by the sum"):
        design_menu(**{**GOOD, "type_prob": (0.5, 0.6)})


def _assert_optimal(
    menu: Menu, *, kappa_eur: float, cap_kwh: float, saturation_kwh: float = 1.0
) -> None:
    """First-order conditions of the concave program on the cone of rising energies.

    Within types that share one energy, no upper part may gain by moving up
    (unless at the cap), no lower part by moving down (unless at zero).
    """
    above = np.append(np.cumsum(menu.type_prob[::-1])[::-1], 0.0)
    cost = menu.wear_eur_per_kwh * -np.diff(above / np.append(menu.owner_types, 1.0))
    gain = kappa_eur * menu.type_prob / (saturation_kwh + menu.energy_kwh) - cost
    scale = 1e-9 * max(1.0, kappa_eur / saturation_kwh, menu.wear_eur_per_kwh / menu.owner_types[0])
    edges = np.flatnonzero(np.diff(menu.energy_kwh)) + 1
    for block in np.split(np.arange(len(menu)), edges):
        energy_kwh, part = menu.energy_kwh[block[0]], gain[block]
        if energy_kwh < cap_kwh:
            assert np.cumsum(part[::-1]).max() <= scale
        if energy_kwh > 0:
            assert np.cumsum(part).min() >= -scale


def _relaxed_payoff_eur(energy_kwh, cost):
    """(k, m) least payoffs that satisfy all IR and IC rows, by fixed-point iteration."""
    wear_eur = cost * energy_kwh
    payoff = wear_eur.copy()
    for _ in range(energy_kwh.shape[1]):
        envy = payoff[:, np.newaxis, :] - cost[:, np.newaxis] * energy_kwh[:, np.newaxis, :]
        payoff = np.maximum(payoff, wear_eur + envy.max(axis=2))
    return payoff
