"""The owner's choice at arrival, and the type behind a quantile."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.contracts.choice import choose_offer, owner_type_index
from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.families import fixed_term_offers
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.offer import Arrival, offers

TYPES = (0.5, 0.75, 1.0, 1.25, 1.5)
UNIFORM = (0.2,) * 5
AMPLE = {
    "stay_h": 9.0,
    "stored_kwh": 60.0,
    "capacity_kwh": 80.0,
    "discharge_kw": 11.0,
    "dischargeable_kwh": 60.0,
}


def paper_menu(term_h: int = 3) -> Menu:
    return design_menu(
        TYPES, UNIFORM, kappa_eur=0.2, wear_eur_per_kwh=0.01, energy_cap_kwh=11 * term_h
    )


def choose(menu: Menu, own_type: int, term_h: float = 3.0, **arrival: float) -> int:
    perceived = menu.wear_eur_per_kwh / menu.owner_types[own_type]
    visit = Arrival(own_type, perceived, **(AMPLE | arrival))
    return choose_offer(fixed_term_offers(menu, term_h), visit)


@pytest.mark.parametrize("own_type", range(5))
def test_every_type_takes_its_own_contract_where_it_can(own_type):
    """The lowest type too, whose utility is zero but for rounding."""
    assert choose(paper_menu(), own_type) == own_type


def test_a_stay_as_long_as_the_term_will_do():
    assert choose(paper_menu(), 4, stay_h=3.0) == 4
    assert choose(paper_menu(), 4, stay_h=2.75) == -1


@pytest.mark.parametrize("limit", ["stored_kwh", "dischargeable_kwh"])
@pytest.mark.parametrize(
    ("kwh", "chosen"), [(29.0, 4), (28.9, 3), (14.0, 2), (3.2857, 0), (3.28, -1), (0.0, -1)]
)
def test_energy_decides_how_far_down_the_owner_goes(limit, kwh, chosen):
    """w = 3.2857, 7.57, 13.29, 20.43, 29: the limit is met with equality, rounding apart."""
    assert choose(paper_menu(), 4, **{limit: kwh + 2e-5}) == chosen


def test_a_limit_met_exactly_passes():
    menu = paper_menu()
    exact_kwh = float(menu.energy_kwh[4])
    assert choose(menu, 4, stored_kwh=exact_kwh, dischargeable_kwh=exact_kwh) == 4
    assert choose(menu, 4, stored_kwh=np.nextafter(exact_kwh, 0)) == 3


def test_owners_never_walk_up():
    assert choose(paper_menu(), 0, stored_kwh=60.0) == 0
    assert choose(paper_menu(), 2, stored_kwh=3.0) == -1


@pytest.mark.parametrize("field", ["stay_h", "stored_kwh", "dischargeable_kwh"])
@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_an_unreachable_target_or_an_unknown_limit_signs_nothing(field, value):
    assert choose(paper_menu(), 4, **{field: value}) == -1


def test_contracts_without_energy_are_no_offer():
    menu = Menu((0, 0, 5), (0, 0, 1), (1, 2, 3), (0.2, 0.3, 0.5), wear_eur_per_kwh=0.01)
    assert choose(menu, 1) == -1
    assert choose(menu, 2) == 2
    assert choose(menu, 2, stored_kwh=4.0) == -1


def test_a_contract_that_pays_less_than_the_wear_is_passed_over():
    menu = Menu((5, 10, 20), (0.05, 0.05, 0.06), (1, 2, 3), (0.2, 0.3, 0.5), wear_eur_per_kwh=0.01)
    assert choose(menu, 2) == 1  # 0.06 EUR for 20 kWh costs the third type 0.0667
    assert choose(menu, 1) == 1
    assert choose(menu, 0) == 0
    tight = Menu((5,), (0.05 - 1e-8,), (1,), (1,), wear_eur_per_kwh=0.01)
    assert choose(tight, 0) == -1


@pytest.mark.parametrize(("delay_h", "term_h", "hours"), [(2, 4, 4), (0, 4, 4), (2, np.inf, 7)])
def test_a_loss_without_a_limit_is_bounded_by_the_window(delay_h, term_h, hours):
    """11 kW in every hour from the delay to the end, of a stay of 9 h, at 0.01 EUR of wear."""
    arrival = Arrival(2, 0.01, **AMPLE)
    loss_eur = 0.01 * 11 * hours
    for payoff_eur, chosen in ((loss_eur + 1e-6, 0), (loss_eur - 1e-6, -1)):
        offer = offers(1, delay_h=delay_h, term_h=term_h, payoff_eur=payoff_eur)
        assert choose_offer(offer, arrival) == chosen


@given(
    st.integers(0, 4),
    st.floats(0, 60),
    st.floats(-5, 60),
    st.sampled_from([1.0, 2.0, 3.0, 8.0]),
)
def test_the_choice_is_the_largest_contract_that_passes(own_type, stored, dischargeable, stay_h):
    menu = paper_menu()
    chosen = choose(
        menu, own_type, stored_kwh=stored, dischargeable_kwh=dischargeable, stay_h=stay_h
    )
    passing = menu.energy_kwh[: own_type + 1] <= min(stored, dischargeable)
    expected = np.flatnonzero(passing).max(initial=-1) if stay_h >= 3 else -1
    assert chosen == expected


@pytest.mark.parametrize(
    ("draw", "row"), [(0.0, 1), (0.2499, 1), (0.25, 3), (0.999999, 3), (1 - 2**-53, 3)]
)
def test_a_quantile_falls_on_a_type_with_positive_probability(draw, row):
    assert owner_type_index(draw, np.cumsum([0, 0.25, 0, 0.75, 0])) == row


def test_a_sum_short_of_one_ends_with_the_last_likely_type():
    assert owner_type_index(0.9999, np.array([0.3, 0.999, 0.999, 0.999])) == 1
    assert owner_type_index(1 - 2**-53, np.cumsum([0.1] * 10 + [0.0])) == 9
    assert owner_type_index(0.5, np.array([1.0])) == 0


def test_quantiles_reproduce_numpys_choice():
    for prob in (UNIFORM, (0.36, 0.28, 0.2, 0.12, 0.04)):
        cumulative, rng = np.cumsum(prob), np.random.default_rng(3)
        drawn = [owner_type_index(rng.random(), cumulative) for _ in range(500)]
        rng = np.random.default_rng(3)
        assert drawn == [rng.choice(5, p=prob) for _ in range(500)]


@pytest.mark.data
@pytest.mark.skipif("VPP_GYM_DATA" not in os.environ, reason="VPP_GYM_DATA names no data folder")
@pytest.mark.parametrize(
    ("term_h", "seed", "by_type", "too_little_energy", "too_short"),
    [
        (1, 122, (4516, 1079, 507, 477, 541), 2129, 0),
        (2, 118, (3472, 1291, 785, 315, 252), 1487, 1647),
        (3, 138, (2369, 1254, 777, 401, 161), 976, 3311),
    ],
)
def test_contracts_of_the_papers_year(term_h, seed, by_type, too_little_energy, too_short):
    """7,120 / 6,115 / 4,962 of 9,249 arrivals (Sec. 7): the reference's day cut and draws."""
    stay_h, stored_kwh, laxity_h = _papers_arrivals(Path(os.environ["VPP_GYM_DATA"]))
    menu, cumulative = paper_menu(term_h), np.cumsum(UNIFORM)
    charge_kw_net = 11 * 0.98 * 0.98
    dischargeable_kwh = laxity_h * 11 * charge_kw_net / (11 + charge_kw_net)
    rng = np.random.default_rng(seed)
    chosen = [
        choose(
            menu,
            owner_type_index(rng.random(), cumulative),
            stay_h=stay_h[k],
            term_h=term_h,
            stored_kwh=stored_kwh[k],
            dischargeable_kwh=dischargeable_kwh[k],
        )
        for k in np.flatnonzero(stay_h >= term_h)
    ]
    assert len(stay_h) == 9249
    assert len(stay_h) - len(chosen) == too_short
    counts = np.bincount(np.array(chosen) + 1, minlength=6)
    assert tuple(counts) == (too_little_energy, *by_type)


def _papers_arrivals(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stay, stored energy and laxity of the kept sessions, in order of arrival slot."""
    table = np.genfromtxt(
        folder / "elaadnl_2019_reference_preprocessed.csv",
        delimiter=",",
        names=True,
        usecols=("day_no", "start_hour", "new_connected_time", "initial_soc", "new_laxity"),
    )
    table = table[table["new_laxity"] >= 0]
    table = table[np.lexsort((table["start_hour"], table["day_no"]))]
    return table["new_connected_time"], table["initial_soc"] * 80, table["new_laxity"]
