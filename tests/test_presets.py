"""The worlds that have a name: what they are, and how a mapping changes one of them."""

from __future__ import annotations

import pytest

from vpp_gym.params import DEFAULT, PAPER_2023, PLAIN, PRESETS, VPPParams, as_params


def test_names_stand_for_their_worlds():
    assert PRESETS == {"default": DEFAULT, "plain": PLAIN, "paper_2023": PAPER_2023}
    for name, world in PRESETS.items():
        assert as_params(name) is world
    assert as_params(None) is DEFAULT
    assert VPPParams() == DEFAULT


def test_the_reference_world_is_the_default():
    assert DEFAULT.guarantee
    assert DEFAULT.site.n_chargers == 18
    assert DEFAULT.market.bid_limit == "expected_cars"
    assert DEFAULT.contract.families == ("control_based",)
    owner = DEFAULT.owner
    assert owner.wear_eur_per_kwh == 0.03
    assert owner.early_departure_prob > 0
    assert owner.late_departure_prob > 0
    assert owner.participation_memory > 0
    assert DEFAULT.driver.shortfall_da_factor > 0
    assert 0 < DEFAULT.driver.early_shortfall_share < 1


def test_the_plain_world_has_no_surprises():
    """What it was before the reference world, number by number: older results rest on it."""
    owner = {
        "wear_eur_per_kwh": 0.01,
        "early_departure_prob": 0.0,
        "early_exponent": 1.0,
        "late_departure_prob": 0.0,
        "participation": 1.0,
        "participation_memory": 0,
        "pleasing_eur": 0.0,
        "participation_floor": 0.0,
    }
    assert PLAIN.owner.model_dump(include=set(owner)) == owner
    assert (PLAIN.site.n_chargers, PLAIN.guarantee) == (25, False)
    assert (PLAIN.market.bid_limit, PLAIN.market.bid_limit_kw) == ("chargers", None)
    assert (PLAIN.driver.shortfall_eur_per_kwh, PLAIN.driver.shortfall_da_factor) == (0.5, 0)
    assert PLAIN.driver.early_shortfall_share == 1
    assert PLAIN.contract.families == ("fixed_term",)
    for family in ("control_based", "volume_based"):
        assert PLAIN.contract.section(family).tariff_eur_per_kwh == 0.02


def test_the_papers_world_is_the_plain_one_with_one_price_and_a_guarantee():
    assert PLAIN.replace(market={"imbalance_pricing": "single"}, guarantee=True) == PAPER_2023


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_mapping_changes_the_preset_that_it_names(name):
    changes = {"preset": name, "site": {"n_chargers": 7}, "owner": {"participation": 0.5}}
    kept = {**changes}
    expected = PRESETS[name].replace(site={"n_chargers": 7}, owner={"participation": 0.5})
    assert as_params(changes) == expected
    assert changes == kept
    assert as_params({"preset": name}) == PRESETS[name]


def test_a_mapping_without_a_name_changes_the_default():
    assert as_params({"site": {"n_chargers": 7}}) == DEFAULT.replace(site={"n_chargers": 7})


@pytest.mark.parametrize(
    ("limit", "limit_kw", "expected_kw"),
    [
        ("chargers", None, 198),
        ("chargers", 50, 50),
        ("chargers", 500, 500),
        ("expected_cars", None, 198),
        ("expected_cars", 50, 50),
        ("expected_cars", 500, 198),
    ],
)
def test_the_bound_of_any_bid(limit, limit_kw, expected_kw):
    market = {"bid_limit": limit, "bid_limit_kw": limit_kw}
    assert DEFAULT.replace(market=market).bid_limit_kw == expected_kw
