"""Offers as records: their defaults, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts.signing import control, price, volume
from tests.worlds import plain_world
from vpp_gym.contracts.families import fixed_term_offers
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.offer import OFFER, check_offers, offers, side_by_side
from vpp_gym.errors import InvalidInputError
from vpp_gym.simulation import Simulation

NAN, INF = float("nan"), float("inf")
MENU = Menu((3, 8), (0.04, 0.09), (1, 2), (0.5, 0.5), wear_eur_per_kwh=0.01)


def test_an_offer_of_defaults_has_no_condition_and_no_pay():
    one = offers(2)[1]
    assert (one["delay_h"], one["term_h"], one["energy_kwh"]) == (0, INF, INF)
    assert (one["owner_type"], one["min_price_eur_per_kwh"], one["markup"]) == (-1, -INF, 0)
    pay = ("tariff_eur_per_kwh", "margin", "payoff_eur", "eur_per_h", "eur_per_kwh_arrival")
    assert [one[name] for name in (*pay, "keep_soc")] == [0] * 6


def test_families_in_the_order_in_which_they_are_named():
    table = side_by_side([control(keep_soc=0.2), fixed_term_offers(MENU, 3, 2), price()])
    assert table["family"].tolist() == [0, 1, 1, 2]
    assert table["owner_type"].tolist() == [-1, 0, 1, -1]
    assert table["energy_kwh"].tolist() == [INF, 3, 8, INF]
    assert table["delay_h"].tolist() == [0, 2, 2, 0]
    assert table["term_h"].tolist() == [INF, 3, 3, INF]
    assert side_by_side([]).shape == (0,)


def test_volume_is_paid_whether_used_or_not():
    one = volume(energy_kwh=20, term_h=10, eur_per_h=0.05, eur_per_kwh=0.01)[0]
    assert one["payoff_eur"] == pytest.approx(0.2)
    assert one["eur_per_h"] == 0.05


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kwh", 3.0),
        ("delay_h", -1.0),
        ("delay_h", NAN),
        ("delay_h", INF),
        ("term_h", -0.5),
        ("term_h", NAN),
        ("term_h", "long"),
        ("term_h", [1.0, 2.0, 3.0]),
        ("min_price_eur_per_kwh", NAN),
        ("markup", -1.0),
        ("markup", INF),
        ("energy_kwh", -3.0),
        ("energy_kwh", NAN),
        ("keep_soc", 1.01),
        ("keep_soc", -0.01),
        ("keep_soc", NAN),
        ("tariff_eur_per_kwh", -0.01),
        ("tariff_eur_per_kwh", INF),
        ("margin", 1.5),
        ("margin", NAN),
        ("payoff_eur", -0.1),
        ("payoff_eur", NAN),
        ("payoff_eur", INF),
        ("eur_per_h", -1.0),
        ("eur_per_h", NAN),
        ("eur_per_kwh_arrival", -1.0),
        ("eur_per_kwh_arrival", NAN),
        ("owner_type", 0.5),
        ("owner_type", NAN),
        ("owner_type", -2),
    ],
)
def test_bad_fields_are_refused_by_name(field, value):
    with pytest.raises(InvalidInputError) as refused:
        offers(2, **{field: value})
    assert refused.value.field == f"offer.{field}"
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("term_h", "delay_h", "field"), [(-1, 0, "term_h"), (NAN, 0, "term_h"), (3, NAN, "delay_h")]
)
def test_a_menu_has_a_window(term_h, delay_h, field):
    with pytest.raises(InvalidInputError, match=rf"offer\.{field}: got"):
        fixed_term_offers(MENU, term_h, delay_h)


@pytest.mark.parametrize(
    "table",
    [None, [], "offers", [{"term_h": 3}], np.zeros(3), np.zeros((1, 1), OFFER), offers(1)[0]],
)
def test_only_lists_of_offers_are_posted(table):
    sim = Simulation(plain_world(24))
    for refuse in (check_offers, sim.post_offers):
        with pytest.raises(InvalidInputError) as refused:
            refuse(table)
        assert refused.value.field == "offers"


def test_offers_are_checked_again_when_they_are_posted():
    table = offers(2, term_h=3.0, energy_kwh=5.0)
    table["keep_soc"][1] = 1.5
    with pytest.raises(InvalidInputError, match=r"offer\.keep_soc: got 1\.5"):
        Simulation(plain_world(24)).post_offers(table)


def test_families_are_not_mixed():
    table = offers(3, term_h=3.0, energy_kwh=5.0)
    table["family"] = [0, 1, 0]
    with pytest.raises(InvalidInputError, match=r"offers\.family: got \[0, 1, 0\]"):
        check_offers(table)


@pytest.mark.parametrize("runs", [[2], [-1], [0, 0], 0.5])
def test_offers_for_runs_that_there_are_not(runs):
    sim = Simulation(plain_world(24), n_envs=2)
    before = sim.offers
    with pytest.raises(InvalidInputError) as refused:
        sim.post_offers(offers(1), runs)
    assert refused.value.field == "runs"
    np.testing.assert_array_equal(sim.offers, before)


def test_types_that_fall_within_a_family_are_refused():
    falling = offers(2, owner_type=[1, 0], term_h=3.0, energy_kwh=7.0)
    with pytest.raises(InvalidInputError, match=r"offers\[1\]\.owner_type"):
        check_offers(falling)
    check_offers(side_by_side([falling[:1], falling[1:]]))
