"""Contracts of each family, and owners who leave early or hear of others, worked out on paper.

One charger of 11 kW without losses; a car of 80 kWh, half full, that asks for 97 %.
The owner draws type 1.0, perceives the true wear of 0.01 EUR/kWh, and stays 9 h unless
said otherwise: 9 - 37.6 / 11 = 5.58 h of laxity, of which half may be spent on giving
11 kW and half on taking it back, so that 30.7 kWh pass the entry checks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.worlds import one_car, plain, plain_world
from vpp_gym.contracts.offer import offers
from vpp_gym.markets.ledger import TERMS
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SITE = {"n_chargers": 1, "charge_eff": 1.0, "discharge_eff": 1.0}


def started(n_steps: int = 12, *, session: dict[str, float] | None = None, **world: Any):
    """A run with one car; `prices` are the day-ahead ones."""
    prices = world.pop("prices", 0.05)
    car = {"arrival": 0, "departure": 9, "soc": 0.5, "owner_draw": 0.5, **(session or {})}
    sim = Simulation(
        plain_world(n_steps, da=prices, sessions=one_car(**car)), plain(site=SITE, **world)
    )
    sim.reset()
    return sim


def run(sim: Simulation, *loads_kwh: float) -> dict[str, np.ndarray]:
    rows = [sim.step(Decisions(net_load_kwh=[load]))[0] for load in loads_kwh]
    return dict(zip(TERMS, np.array(rows).T, strict=True))


def limit_kwh(sim: Simulation) -> float:
    """Most that may be discharged in the step to come."""
    return -float(sim.lo_kwh[0, 0])


def only(family: str, **terms: float) -> dict[str, Any]:
    return {"families": (family,), family: terms}


def test_control_based_down_to_what_is_kept():
    """0.2 * 80 = 16 kWh are kept, so 24 may go: 11 + 11 + 2; and again what is charged.

    Pay: 0.02 * 34 kWh, 0.01 * 9 h, 0.005 * 24 kWh stored above the limit on arrival.
    """
    terms = {"tariff_eur_per_kwh": 0.02, "eur_per_h": 0.01, "eur_per_kwh_arrival": 0.005}
    sim = started(contract=only("control_based", keep_soc=0.2, **terms))
    assert sim.snapshot().contract_steps[0] == 9
    assert sim.snapshot().payoff_eur[0] == pytest.approx(0.09 + 0.12)
    run(sim, -11.0, -11.0)
    assert limit_kwh(sim) == pytest.approx(2.0)
    run(sim, -2.0)
    assert limit_kwh(sim) == pytest.approx(0.0)
    booked = run(sim, 11.0, -10.0)
    assert limit_kwh(sim) == pytest.approx(1.0)
    np.testing.assert_allclose(booked["wear_eur"], [0, 0.1])
    np.testing.assert_allclose(booked["payoff_eur"], [0, -0.2])
    assert sim.snapshot().payoff_eur[0] == pytest.approx(0.21)
    booked = run(sim, *[0.0] * 4)
    np.testing.assert_allclose(booked["payoff_eur"], [0, 0, 0, -0.21])


def test_price_based_while_the_price_covers_the_owners():
    """minPrice 2 * 0.01. At 0.06 a kWh earns 0.02 + 0.25 * 0.04 = 0.03; at 0.02 just that."""
    sim = started(
        prices=[0.06, 0.02, 0.0199, -0.05, 0.5] + [0.01] * 7,
        contract=only("price_based", markup=2.0, margin=0.25),
    )
    snapshot = sim.snapshot()
    assert (snapshot.min_price_eur_per_kwh[0], snapshot.margin[0]) == (0.02, 0.25)
    assert (snapshot.contract_kwh[0], snapshot.payoff_eur[0]) == (np.inf, 0.0)
    allowed, paid_eur = [], []
    for load_kwh in (-10.0, -8.0, 0.0, 0.0, -5.0, 0.0):
        allowed.append(limit_kwh(sim))
        paid_eur.append(-float(run(sim, load_kwh)["payoff_eur"][0]))
    np.testing.assert_allclose(allowed, [11, 11, 0, 0, 11, 0])
    # 10 * 0.03, 8 * 0.02, 5 * (0.02 + 0.25 * 0.48)
    np.testing.assert_allclose(paid_eur, [0.30, 0.16, 0, 0, 0.70, 0])
    np.testing.assert_array_equal(run(sim, *[0.0] * 3)["payoff_eur"], 0.0)


def test_price_based_leaves_what_is_kept():
    """0.4 * 80 = 32 kWh are kept of 40."""
    sim = started(contract=only("price_based", keep_soc=0.4))
    assert limit_kwh(sim) == pytest.approx(8.0)


def test_volume_based_after_its_delay():
    """12 kWh from hour 2 to 5: 11, then 1; 0.05 * 3 h + 0.01 * 12 kWh + 0.02 * 12 kWh."""
    terms = {"delay_h": 2, "term_h": 3, "energy_kwh": 12.0, "keep_soc": 0.2}
    pay = {"eur_per_h": 0.05, "eur_per_kwh": 0.01, "tariff_eur_per_kwh": 0.02}
    sim = started(contract=only("volume_based", **terms, **pay))
    waits, allowed, paid_eur = [], [], []
    for load_kwh in (0.0, 0.0, -11.0, 0.0, -1.0, 0.0):
        waits.append(int(sim.snapshot().contract_wait[0]))
        allowed.append(limit_kwh(sim))
        paid_eur.append(-float(run(sim, load_kwh)["payoff_eur"][0]))
    assert waits == [2, 1, 0, 0, 0, 0]
    np.testing.assert_allclose(allowed, [0, 0, 11, 1, 1, 0], atol=1e-9)
    np.testing.assert_allclose(paid_eur, [0, 0, 0.22, 0, 0.02, 0])
    assert -run(sim, *[0.0] * 3)["payoff_eur"].sum() == pytest.approx(0.15 + 0.12)


def test_volume_that_was_not_used_in_time_is_lost():
    terms = {"delay_h": 1, "term_h": 2, "energy_kwh": 20.0, "keep_soc": 0.0}
    sim = started(contract=only("volume_based", **terms))
    run(sim, 0.0, -5.0)
    assert sim.snapshot().contract_kwh[0] == pytest.approx(15.0)
    run(sim, -4.0)
    assert (limit_kwh(sim), sim.snapshot().contract_kwh[0]) == (0.0, 0.0)


def test_a_car_fills_beyond_its_target_until_its_window_closes():
    """Target 0.5 * 80; the window of the fixed term, open from 2 to 4, lets it take more before."""
    sim = started(
        session={"target_soc": 0.5},
        contract={"delay_h": 2, "term_h": 2, "families": ("fixed_term",)},
    )
    taken = []
    for _ in range(5):
        taken.append(float(sim.hi_kwh[0, 0]))
        run(sim, min(taken[-1], 1.0))
    np.testing.assert_allclose(taken, [11, 11, 11, 11, 0])


def test_the_energy_of_a_contract_is_used_up():
    """Type 1.0 signs 13.3 kWh (Table 1): 11 go in an hour, and 2.3 are left for the next."""
    sim = started()
    run(sim, -11.0)
    assert limit_kwh(sim) == pytest.approx(2.2857, abs=1e-4)


def early(steps: int) -> float:
    """The draw with which a stay of 9 steps ends after so many, if all leave early."""
    return (steps - 1 + 0.5) / 8


@pytest.mark.parametrize(
    ("steps", "delay_h", "share"),
    [(2, 0, 0.5), (1, 0, 0.25), (4, 0, 1), (8, 0, 1), (2, 2, 0), (1, 2, 0), (5, 2, 0.75)],
)
@pytest.mark.parametrize("rule", ["all_or_nothing", "pro_rata"])
def test_who_leaves_early_gets_the_part_of_the_window_that_has_passed(steps, delay_h, share, rule):
    """Or nothing; a window of 4 h. What was discharged is paid: 3 kWh at 0.02, if it was open."""
    terms = {"delay_h": delay_h, "term_h": 4, "energy_kwh": 10.0, "eur_per_h": 0.1}
    sim = started(
        session={"departure_draw": early(steps)},
        owner={"early_departure_prob": 1.0},
        contract={**only("volume_based", **terms), "payoff_rule": rule},
    )
    assert sim.snapshot().steps_to_departure[0] == 9
    loads = [0.0] * steps
    if delay_h < steps:
        loads[delay_h] = -3.0
    booked = run(sim, *loads)
    paid_eur = 0.4 * share if rule == "pro_rata" else 0.0
    paid_eur += 0.06 if delay_h < steps else 0.0
    np.testing.assert_array_equal(booked["departures"], [0] * (steps - 1) + [1])
    assert -booked["payoff_eur"].sum() == pytest.approx(paid_eur)


def test_the_departure_as_declared_earns_the_payoff_in_full():
    """A draw beyond the probability: the same owner stays."""
    sim = started(
        session={"departure_draw": 0.5},
        owner={"early_departure_prob": 0.5},
        contract={"term_h": 4, "payoff_rule": "all_or_nothing"},
    )
    owed = sim.snapshot().payoff_eur[0]
    np.testing.assert_allclose(run(sim, *[0.0] * 9)["payoff_eur"], [0] * 8 + [-owed])


def test_who_leaves_early_expects_what_full_power_would_have_stored():
    """After 2 h 22 of the 37.6 kWh, of which 12 were charged; after 8 h all 37.6."""
    owner = {"early_departure_prob": 1.0}
    sim = started(session={"departure_draw": early(2)}, owner=owner, contract={"families": ()})
    booked = run(sim, 11.0, 1.0)
    named = ("demand_kwh", "served_kwh", "unserved_kwh", "retail_eur", "shortfall_eur")
    last = [booked[name][1] for name in named]
    np.testing.assert_allclose(last, [22, 12, 10, 12 * 0.13, -10 * 0.5])
    sim = started(session={"departure_draw": early(8)}, owner=owner, contract={"families": ()})
    assert run(sim, *[0.0] * 8)["demand_kwh"][-1] == pytest.approx(37.6)


def test_who_leaves_early_is_owed_a_share_of_the_penalty():
    """10 kWh missing after 2 h, at a tenth of 0.5 EUR."""
    sim = started(
        session={"departure_draw": early(2)},
        owner={"early_departure_prob": 1.0},
        driver={"early_shortfall_share": 0.1},
        contract={"families": ()},
    )
    assert run(sim, 11.0, 1.0)["shortfall_eur"][1] == pytest.approx(-10 * 0.05)


@pytest.mark.parametrize(("used_kwh", "share"), [(0.0, 1.0), (2.0, 0.5)])
def test_a_tariff_that_was_never_used_leaves_no_impression(used_kwh, share):
    """Its owner gets nothing and gives nothing; who gives 2 kWh for the wear is not pleased."""
    rules = plain(
        site=SITE,
        owner={"participation_memory": 2, "pleasing_eur": 0.05},
        contract=only("control_based", tariff_eur_per_kwh=0.02),
    )
    sim = Simulation(plain_world(24, sessions=queue(1)), rules)
    sim.reset()
    run(sim, -used_kwh, 0.0, 0.0, 0.0)
    assert sim.state.run["participation"][0] == share


def queue(n: int, **columns: list[float]) -> dict[str, Any]:
    """Cars that come one after the other, each for 4 h; of type 1.5 if not said otherwise."""
    return {
        "arrival_step": np.arange(n) * 4,
        "departure_step": np.arange(1, n + 1) * 4,
        "arrival_soc": [0.9] * n,
        "owner_draw": [0.9] * n,
        **columns,
    }


def test_word_gets_round():
    """Memory 4, floor 0.6: 1, then twice a fourth of the way to 0, then one to 1.

    0.75; 0.5625, but not below 0.6; 0.6 + 0.4 / 4. Who looks draws below that.
    """
    world = plain_world(24, sessions=queue(5, interest_draw=[0.99, 0.74, 0.61, 0.59, 0.69]))
    owner = {"participation_memory": 4, "participation_floor": 0.6, "pleasing_eur": 0.15}
    sim = Simulation(world, plain(site=SITE, owner=owner))
    dull = offers(1, energy_kwh=1.0, term_h=2, eur_per_h=0.05)  # 0.10 EUR
    sim.post_offers(dull)
    sim.reset()
    heard, signed = [], []
    for stay in range(5):
        signed.append(bool(sim.snapshot().has_contract[0]))
        if stay == 2:
            sim.post_offers(offers(1, energy_kwh=1.0, term_h=2, eur_per_h=0.08))  # 0.16 EUR
        run(sim, 0.0, 0.0, 0.0, 0.0)
        heard.append(float(sim.state.run["participation"][0]))
    # The third does not look, so nothing is heard of that stay.
    assert signed == [True, True, False, True, True]
    np.testing.assert_allclose(heard, [0.75, 0.6, 0.6, 0.7, 0.775])
    sim.reset()
    assert sim.state.run["participation"][0] == 1.0
    assert sim.snapshot().has_contract[0]


def test_what_was_discharged_counts_against_the_pay():
    """0.10 EUR less 6 kWh at 0.01 / 1.5: 0.06 EUR, more or less than what pleases."""
    for pleasing_eur, share in ((0.0599, 1.0), (0.0601, 0.5)):
        sim = Simulation(
            plain_world(24, sessions=queue(1)),
            plain(site=SITE, owner={"participation_memory": 2, "pleasing_eur": pleasing_eur}),
        )
        sim.post_offers(offers(1, energy_kwh=6.0, term_h=2, eur_per_h=0.05))
        sim.reset()
        run(sim, -6.0, 0.0, 0.0, 0.0)
        assert sim.state.run["participation"][0] == share


def test_what_one_owner_gave_does_not_count_against_the_next():
    """0.10 EUR each. The first gives 6 kWh, keeps 0.06 and is not pleased; the second is."""
    owner = {"participation_memory": 2, "pleasing_eur": 0.07}
    world = plain_world(24, sessions=queue(2, interest_draw=[0.1, 0.1]))
    sim = Simulation(world, plain(site=SITE, owner=owner))
    sim.post_offers(offers(1, energy_kwh=6.0, term_h=2, eur_per_h=0.05))
    sim.reset()
    run(sim, -6.0, 0.0, 0.0, 0.0)
    assert sim.state.run["participation"][0] == 0.5
    run(sim, 0.0, 0.0, 0.0, 0.0)
    assert sim.state.run["participation"][0] == 0.75


def test_a_run_that_begins_twice_books_its_first_arrivals_once():
    sim = started()
    sim.reset()
    booked = run(sim, 0.0, 0.0)
    assert booked["arrivals"].tolist() == booked["contracts"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "contract", [{"term_h": 3}, only("price_based", margin=0.0)], ids=["fixed term", "price based"]
)
@pytest.mark.parametrize("seed", range(12))
def test_an_owner_who_gets_the_wear_and_no_more_is_content(contract, seed):
    """As the lowest type by the design of the menu: rounding does not decide what it says."""
    rng = np.random.default_rng(seed)
    owner = {"participation": 0.5, "participation_memory": 2}
    sim = Simulation(
        plain_world(24, sessions=queue(1, owner_draw=[0.1], interest_draw=[0.1])),
        plain(
            site=SITE,
            owner=owner | {"wear_eur_per_kwh": rng.uniform(0.005, 0.02)},
            contract=contract,
        ),
    )
    sim.reset()
    used_kwh = min(float(sim.snapshot().contract_kwh[0]), 20.0)
    run(sim, *(-used_kwh * rng.dirichlet([9, 9, 9])), 0.0)
    assert sim.state.run["participation"][0] == 0.75


def test_what_is_offered_anew_leaves_what_was_signed():
    """A longer list, then a shorter one; the latter stays on offer after a reset."""
    world = plain_world(24, sessions=queue(3))
    sim = Simulation(world, plain(site=SITE, contract={"families": ()}))
    sim.reset()
    assert sim.accepted.shape == (1, 0)
    sim.post_offers(offers(2, energy_kwh=[90.0, 5.0], term_h=2.0, payoff_eur=0.3))
    run(sim, *[0.0] * 4)
    before = sim.snapshot()
    assert (before.offer[0], before.contract_kwh[0], before.payoff_eur[0]) == (1, 5.0, 0.3)
    sim.post_offers(offers(1, keep_soc=0.1, tariff_eur_per_kwh=0.03))
    assert sim.snapshot().contract_kwh[0] == 5.0
    assert -run(sim, *[0.0] * 4)["payoff_eur"].sum() == pytest.approx(0.3)
    assert sim.snapshot().tariff_eur_per_kwh[0] == 0.03
    assert sim.accepted.tolist() == [[1, 1]]
    sim.reset()
    assert sim.accepted.tolist() == [[1, 0]]
    assert sim.snapshot().tariff_eur_per_kwh[0] == 0.03


@pytest.mark.parametrize("arrival", [0, 3])
@pytest.mark.parametrize(
    ("delay_h", "term_h", "window"),
    [
        (0.5, 2.0, (1, 2)),
        (0.25, 1.75, (1, 2)),
        (1.0, 0.5, None),
        (0.0, 0.5, None),
        (0.5, 1.0, None),
    ],
)
def test_windows_are_cut_to_whole_steps(arrival, delay_h, term_h, window):
    """And where none is left there is nothing to sign."""
    sim = started(session={"arrival": arrival}, contract={"families": ()})
    sim.post_offers(offers(1, energy_kwh=5, term_h=term_h, delay_h=delay_h, eur_per_h=0.1))
    sim.reset(start_step=arrival)
    snapshot = sim.snapshot()
    assert snapshot.has_contract[0] == sim.accepted.sum() == (window is not None)
    if window is not None:
        assert (snapshot.contract_wait[0], snapshot.contract_steps[0]) == window
        booked = run(sim, *[0.0] * (9 - arrival))
        assert -booked["payoff_eur"].sum() == pytest.approx(0.1 * term_h)


def test_a_run_that_ends_first_has_paid_for_what_was_discharged():
    """10 kWh at 0.02 in the last step of a run that the car outlasts."""
    sim = started(contract=only("control_based", keep_soc=0.2, tariff_eur_per_kwh=0.02))
    sim.reset(end_step=1)
    np.testing.assert_allclose(run(sim, -10.0)["payoff_eur"], [-0.2])
    assert sim.done[0]
