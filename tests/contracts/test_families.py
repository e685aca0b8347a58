"""What an owner signs of each family, and of several: numbers worked out by hand.

The owner who arrives has type 1 (of 0, 1, 2) and perceives 0.01 EUR/kWh; the car is
half full, 40 of 80 kWh, stays 10 h, gives 10 kW, and could give and take back 30 kWh.
"""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from tests.contracts.signing import control, price, signed, volume
from tests.worlds import one_car, plain, plain_world
from vpp_gym.contracts.choice import choose_offer, pay_eur_per_kwh
from vpp_gym.contracts.families import fixed_term_offers
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.offer import Arrival, Contract, offers, side_by_side
from vpp_gym.simulation import Simulation

OWNER = Arrival(
    own_type=1,
    perceived_eur_per_kwh=0.01,
    stay_h=10.0,
    stored_kwh=40.0,
    capacity_kwh=80.0,
    discharge_kw=10.0,
    dischargeable_kwh=30.0,
)
MENU = Menu((5, 10, 20), (0.2, 0.25, 0.4), (0.5, 1, 2), (0.3, 0.3, 0.4), wear_eur_per_kwh=0.01)
FIXED = fixed_term_offers(MENU, term_h=3, delay_h=1)


def test_fixed_term_from_the_delay_for_the_term():
    assert signed(FIXED, OWNER) == (1, Contract(1.0, 4.0, -inf, 10.0, 0.0, 0.0, 0.0, 0.25))


def test_the_stay_covers_delay_and_term():
    assert signed(FIXED, OWNER._replace(stay_h=4.0)) is not None
    assert signed(FIXED, OWNER._replace(stay_h=3.75)) is None


def test_price_based_for_the_stay_at_the_owners_price():
    """minPrice 2 * 0.01; kept 0.25 * 80."""
    family = price(markup=2, margin=0.25, keep_soc=0.25)
    assert signed(family, OWNER) == (0, Contract(0.0, 10.0, 0.02, inf, 20.0, 0.02, 0.25, 0.0))


def test_price_based_at_one_price_for_everybody():
    """Whoever perceives more wear than the price cannot be sure not to lose."""
    family = offers(1, min_price_eur_per_kwh=0.02)
    _, contract = signed(family, OWNER)
    assert contract.tariff_eur_per_kwh == contract.min_price_eur_per_kwh == 0.02
    assert signed(family, OWNER._replace(perceived_eur_per_kwh=0.02)) is not None
    assert signed(family, OWNER._replace(perceived_eur_per_kwh=0.021)) is None


def test_volume_based_within_its_interval():
    """4 h at 0.05 and 12 kWh at 0.01 EUR: 0.32 EUR, and 0.02 EUR for each kWh; 16 kWh kept."""
    family = volume(
        energy_kwh=12,
        term_h=4,
        delay_h=2,
        keep_soc=0.2,
        eur_per_h=0.05,
        eur_per_kwh=0.01,
        tariff_eur_per_kwh=0.02,
    )
    place, contract = signed(family, OWNER)
    assert place == 0
    assert contract == pytest.approx((2.0, 6.0, -inf, 12.0, 16.0, 0.02, 0.0, 0.32))


def test_control_based_for_the_declared_stay():
    """10 h at 0.01 EUR, and 0.005 EUR for each of 40 - 16 kWh: 0.22 EUR."""
    family = control(
        keep_soc=0.2, tariff_eur_per_kwh=0.02, eur_per_h=0.01, eur_per_kwh_arrival=0.005
    )
    place, contract = signed(family, OWNER)
    assert place == 0
    assert contract == pytest.approx((0.0, 10.0, -inf, inf, 16.0, 0.02, 0.0, 0.22))


@pytest.mark.parametrize(
    ("stored_kwh", "dischargeable_kwh", "signs"),
    [(28.0, 12.0, True), (27.99, 12.0, False), (28.0, 11.99, False)],
)
def test_the_volume_must_be_there_beside_what_is_kept(stored_kwh, dischargeable_kwh, signs):
    family = volume(energy_kwh=12, term_h=4, keep_soc=0.2, tariff_eur_per_kwh=0.02)
    arrival = OWNER._replace(stored_kwh=stored_kwh, dischargeable_kwh=dischargeable_kwh)
    assert (signed(family, arrival) is not None) == signs


@pytest.mark.parametrize(
    "family", [price(keep_soc=0.5), control(keep_soc=0.5, tariff_eur_per_kwh=0.02)]
)
def test_without_a_volume_there_must_be_something_to_give(family):
    more = OWNER._replace(stored_kwh=40.01)
    assert signed(family, OWNER) is None
    assert signed(family, more) is not None
    assert signed(family, more._replace(dischargeable_kwh=0.0)) is None
    assert signed(family, more._replace(dischargeable_kwh=0.01)) is not None


def test_a_tariff_below_the_wear_needs_pay_for_signing():
    """0.004 EUR/kWh less than the wear: at most 12 kWh, or 10 kW for 10 h."""
    short = {"tariff_eur_per_kwh": 0.006, "keep_soc": 0.0}
    assert signed(volume(energy_kwh=12, term_h=4, eur_per_h=0.0119, **short), OWNER) is None
    assert signed(volume(energy_kwh=12, term_h=4, eur_per_h=0.0121, **short), OWNER) is not None
    assert signed(control(eur_per_h=0.0399, **short), OWNER) is None
    assert signed(control(eur_per_h=0.0401, **short), OWNER) is not None


def test_of_several_families_the_one_surely_worth_most():
    """Surely worth: 0.25 - 0.1 of the menu, 0 of the price, 0.2 or 0.1 of the control."""
    for eur_per_h, place in ((0.02, 4), (0.01, 2)):
        tariff = control(keep_soc=0, tariff_eur_per_kwh=0.01, eur_per_h=eur_per_h)
        assert signed(side_by_side([price(), FIXED, tariff]), OWNER)[0] == place
    assert signed(side_by_side([FIXED, price()]), OWNER._replace(stay_h=3.0))[0] == 3


def test_of_equals_the_one_that_pays_more_per_kwh_then_the_first_named():
    """All are surely worth nothing; the price-based pays at least 0.01, 0.02 and 0.01."""
    low, high = price(), price(markup=2)
    wear_only = control(keep_soc=0, tariff_eur_per_kwh=0.01)
    assert signed(side_by_side([low, high]), OWNER)[0] == 1
    assert signed(side_by_side([high, low]), OWNER)[0] == 0
    assert signed(side_by_side([low, wear_only]), OWNER)[0] == 0
    assert signed(side_by_side([wear_only, low]), OWNER)[0] == 0
    assert signed(side_by_side([wear_only, low, high]), OWNER)[0] == 2


def test_nothing_on_offer_is_not_signed():
    assert signed(side_by_side([]), OWNER) is None
    assert choose_offer(offers(0), OWNER) == -1


@pytest.mark.parametrize(
    ("tariff", "margin", "least", "market", "pay"),
    [
        (0.02, 0.25, 0.02, 0.06, 0.03),
        (0.02, 0.25, 0.02, 0.02, 0.02),
        (0.02, 0.25, 0.02, 0.01, 0.02),
        (0.02, 1.00, 0.02, 0.06, 0.06),
        (0.02, 0.25, -inf, 0.06, 0.02),
        (0.00, 0.50, -0.01, -0.005, 0.0025),
    ],
)
def test_pay_per_kwh(tariff, margin, least, market, pay):
    """minPrice + margin * (market - minPrice); Park Lee et al. 2018."""
    assert pay_eur_per_kwh(tariff, margin, least, market) == pytest.approx(pay)


EACH = (
    FIXED,
    price(markup=3, keep_soc=0.1),
    volume(
        energy_kwh=8,
        term_h=4,
        delay_h=2,
        keep_soc=0.2,
        eur_per_h=0.01,
        eur_per_kwh=0.005,
        tariff_eur_per_kwh=0.015,
    ),
    control(keep_soc=0.3, tariff_eur_per_kwh=0.012, eur_per_h=0.001, eur_per_kwh_arrival=0.002),
)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_signed_here_is_signed_in_the_simulator(seed):
    rng = np.random.default_rng(seed)
    some = rng.permutation(4)[: rng.integers(1, 5)]
    hybrid = side_by_side([EACH[k] for k in some])
    own_type, stay, soc = int(rng.integers(3)), int(rng.integers(1, 15)), rng.uniform(0.1, 1)
    session = one_car(3, 3 + stay, soc, target_soc=0.6, owner_draw=(own_type + 0.5) / 3)
    owner = {"types": (0.5, 1, 2), "type_prob": (1 / 3,) * 3}
    sim = Simulation(plain_world(24, sessions=session), plain(owner=owner))
    sim.post_offers(hybrid)
    sim.reset(start_step=3)
    # Laxity and psi at 11 kW and 0.98; Rahman et al. 2023, Sec. 6.3.
    laxity_h, up_kw = stay - (48 - 80 * soc) / 10.78, 11 * 0.98**2
    arrival = Arrival(
        own_type=own_type,
        perceived_eur_per_kwh=0.01 / MENU.owner_types[own_type],
        stay_h=stay,
        stored_kwh=80 * soc,
        capacity_kwh=80,
        discharge_kw=11,
        dischargeable_kwh=laxity_h * 11 * up_kw / (11 + up_kw),
    )
    answer, snapshot = signed(hybrid, arrival), sim.snapshot()
    assert snapshot.has_contract[0] == (answer is not None)
    if answer is None:
        assert (sim.accepted == 0).all()
        return
    place, contract = answer
    assert snapshot.offer[0] == np.flatnonzero(sim.accepted[0])[0] == place
    shown = (
        snapshot.contract_wait[0],
        snapshot.contract_steps[0],
        snapshot.min_price_eur_per_kwh[0],
        snapshot.contract_kwh[0],
        snapshot.keep_kwh[0],
        snapshot.tariff_eur_per_kwh[0],
        snapshot.margin[0],
        snapshot.payoff_eur[0],
    )
    assert shown == pytest.approx(tuple(contract), rel=1e-12)
