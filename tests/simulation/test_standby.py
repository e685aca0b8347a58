"""What chargers take beside what cars are charged and discharged: by hand, and as properties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.steps import steps
from tests.simulation.test_groups import assert_groups_within, grouped
from tests.simulation.test_guarantee import assert_promises_served
from tests.simulation.test_site import (
    ON_TIME,
    assert_balanced_and_within,
    assert_promises_kept,
    at_once,
    at_random,
    barely_on,
    run,
    site_world,
    two_cars,
)
from tests.sites import site_params, site_scenarios
from tests.worlds import (
    examples,
    one_car,
    params,
    plain,
    plain_world,
    scenarios,
    standby_kwh,
)
from vpp_gym.contracts.offer import offers
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params.stated import load_params, set_changes
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SEED = st.integers(0, 2**32 - 1)
ON = {"least_kw": 2.0, "standby_kw": 0.4}
OFF = {"least_kw": 0.0, "standby_kw": 0.0}
EIGHT_KW = {"charge_kw": 8.0, "discharge_kw": 8.0, "charge_eff": 0.9, "discharge_eff": 0.8}
PAY = 0.1
"""EUR per kWh that is discharged."""
OFFER = offers(1, tariff_eur_per_kwh=PAY, energy_kwh=20.0, term_h=20.0)


def parked(n_cars: int = 1, *, dt_h: float = 1.0, start_step: int = 0, **site: Any) -> Simulation:
    """Cars that are half full for 20 hours, and may be discharged for pay in all of them."""
    steps = round(20 / dt_h)
    car = one_car(start_step, start_step + steps, 0.5, target_soc=0.5, capacity_kwh=80.0)
    cars = {name: values * n_cars for name, values in car.items()}
    scenario = plain_world(
        start_step + steps + 1, da=0.05, short=0.3, long=0.1, sessions=cars, dt_h=dt_h
    )
    sim = Simulation(
        scenario,
        plain(site={"n_chargers": n_cars, **EIGHT_KW, **ON} | site, contract={"families": ()}),
    )
    sim.post_offers(OFFER)
    return sim


def booked_of(sim: Simulation, *loads_kwh: float, **more: Any) -> dict[str, float]:
    """The terms of a step with these loads."""
    decisions = Decisions(net_load_kwh=np.array(loads_kwh), **more)
    return dict(zip(TERMS, sim.step(decisions)[0].tolist(), strict=True))


POWERS = pytest.mark.parametrize(
    ("kw", "beside_kw"),
    [(8.0, 0.4), (4.0, 0.4), (2.0, 0.4), (1.0, 0.2), (0.02, 0.004), (1e-9, 2e-10), (0.0, 0.0)],
)
"""Full, half, a quarter; below the least power of 2 kW the charger is on for a part of the step."""


@POWERS
@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_a_car_that_charges_by_hand(kw, beside_kw, dt_h):
    sim = parked(dt_h=dt_h)
    sim.reset()
    booked = booked_of(sim, kw * dt_h)
    assert booked["standby_kwh"] == pytest.approx(beside_kw * dt_h, rel=1e-12, abs=0)
    taken_kwh = (kw + beside_kw) * dt_h
    assert booked["charge_kwh"] == pytest.approx(kw * dt_h, rel=1e-12, abs=0)
    assert booked["discharge_kwh"] == 0
    assert booked["im_sold_kwh"] == pytest.approx(-taken_kwh, abs=1e-12)
    assert booked["im_eur"] == pytest.approx(-taken_kwh * 0.3, abs=1e-12)
    assert booked["load_value_eur"] == pytest.approx(-taken_kwh * 0.1, abs=1e-12)
    assert sim.snapshot().energy_kwh[0] == pytest.approx(40 + 0.9 * kw * dt_h, abs=1e-12)
    assert sim.snapshot().expected_load_kwh[0] == pytest.approx(taken_kwh, abs=1e-12)


@POWERS
@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_a_car_that_discharges_by_hand(kw, beside_kw, dt_h):
    """The owner is paid for what leaves the car, and bears the wear of it."""
    sim = parked(dt_h=dt_h)
    sim.reset()
    booked = booked_of(sim, -kw * dt_h)
    assert booked["standby_kwh"] == pytest.approx(beside_kw * dt_h, rel=1e-12, abs=0)
    given_kwh = (kw - beside_kw) * dt_h
    assert booked["discharge_kwh"] == pytest.approx(kw * dt_h, rel=1e-12, abs=0)
    assert booked["charge_kwh"] == 0
    assert booked["im_sold_kwh"] == pytest.approx(given_kwh, abs=1e-12)
    assert booked["im_eur"] == pytest.approx(given_kwh * 0.1, abs=1e-12)
    assert booked["load_value_eur"] == pytest.approx(given_kwh * 0.1, abs=1e-12)
    assert booked["payoff_eur"] == pytest.approx(-kw * dt_h * PAY, abs=1e-12)
    assert booked["wear_eur"] == pytest.approx(kw * dt_h * 0.01, abs=1e-12)
    assert sim.snapshot().energy_kwh[0] == pytest.approx(40 - kw * dt_h / 0.8, abs=1e-12)
    assert sim.snapshot().expected_load_kwh[0] == pytest.approx(-given_kwh, abs=1e-12)


@pytest.mark.parametrize(
    ("loads_kwh", "beside_kwh"),
    [((8.0, 0.5), 0.4 + 0.1), ((4.0, -4.0), 0.8), ((0.0, -1.0), 0.2), ((0.0, 0.0), 0.0)],
)
def test_two_cars_each_count(loads_kwh, beside_kwh):
    """Also where one charges what the other discharges."""
    sim = parked(2)
    sim.reset()
    booked = booked_of(sim, *loads_kwh)
    assert booked["standby_kwh"] == pytest.approx(beside_kwh, abs=1e-12)
    assert booked["im_sold_kwh"] == pytest.approx(-sum(loads_kwh) - beside_kwh, abs=1e-12)


def test_what_was_bought_covers_it_first():
    """8 kWh bought day-ahead: of a car that takes 5 and its charger 0.4 there are 2.6 left; of
    one that takes 7.8, 0.2 are missing."""
    sim = parked(start_step=24)
    sim.reset(start_step=12)
    bids = np.zeros(24)
    bids[:2] = -8.0
    booked_of(sim, 0.0, bids_kwh=bids)
    for _ in range(11):
        booked_of(sim, 0.0)
    first, second = booked_of(sim, 5.0), booked_of(sim, 7.8)
    assert first["da_eur"] == second["da_eur"] == pytest.approx(-8 * 0.05)
    assert (first["im_sold_kwh"], first["im_eur"]) == pytest.approx((2.6, 0.26))
    assert (second["im_sold_kwh"], second["im_eur"]) == pytest.approx((-0.2, -0.06))


def test_drivers_pay_for_what_is_served_alone():
    """9 kWh asked for and charged with 10 at the meter and 0.8 beside it."""
    car = one_car(0, 2, 0.5, target_soc=0.725, capacity_kwh=40.0, departure_draw=0.5)
    site = {"n_chargers": 1, **EIGHT_KW, **ON}
    world = plain(site=site, contract={"families": ()}, guarantee=False)
    booked = run(plain_world(24, dt_h=1.0, sessions=car), world, at_once)
    assert [step["charge_kwh"] for step in booked[:2]] == pytest.approx([8.0, 2.0])
    assert sum(step["standby_kwh"] for step in booked) == pytest.approx(0.8)
    assert booked[1]["retail_eur"] == pytest.approx(10 * 0.13)
    assert booked[1]["fully_served"] == 1


# Limits

LIMITED = {"site": {"n_chargers": 2, "charge_eff": 1.0, "discharge_eff": 1.0, "least_kw": 1.0,
                    "standby_kw": 0.5}}  # fmt: skip
"""Of two chargers 1 kW is kept free."""


def limited_world(**changes: Any) -> Any:
    return site_world(**changes).changed(LIMITED)


def test_a_limit_keeps_free_what_all_chargers_may_take():
    """8 kW for two hours: 14 kWh for 22; 8 are not promised, and paid as limited."""
    world = limited_world(connection={"import_limit_kw": 8.0})
    sim = Simulation(two_cars(), world)
    sim.reset()
    snapshot = sim.snapshot()
    np.testing.assert_allclose(snapshot.site.promise_kwh, [31.0, 23.0], atol=1e-9)
    np.testing.assert_allclose(snapshot.lo_kwh.sum(), 7.0, atol=1e-9)
    np.testing.assert_allclose(sim.state.run["fleet_hi_kwh"], [7.0], atol=1e-9)
    booked = run(two_cars(), world, at_once)
    assert [step["charge_kwh"] for step in booked[:2]] == pytest.approx([7.0, 7.0])
    for step in booked[:2]:
        assert step["import_kwh"] == pytest.approx(7.0 + step["standby_kwh"], abs=1e-12)
        assert 7.5 <= step["import_kwh"] <= 8.0 + 1e-9
    assert booked[0]["yielded_kwh"] == pytest.approx(22.0 - 7.0)
    assert booked[1]["limited_kwh"] == booked[1]["unserved_kwh"] == pytest.approx(8.0)


def test_a_fuse_keeps_free_what_its_own_chargers_may_take():
    """Of 4 kW for the first charger 3.5 are its car's; the second's serves its car whole."""
    world = grouped({"name": "old", "chargers": "0", "import_kw": 4.0}).changed(LIMITED)
    sim = Simulation(two_cars(), world)
    sim.reset()
    np.testing.assert_allclose(sim.snapshot().site.promise_kwh, [27.0, 31.0], atol=1e-9)
    np.testing.assert_allclose(sim.state.run["fleet_hi_kwh"], [14.5], atol=1e-9)
    booked = run(two_cars(), world, at_once)
    assert booked[0]["charge_kwh"] == pytest.approx(3.5 + 11.0)
    assert booked[0]["standby_kwh"] == pytest.approx(1.0)
    assert booked[1]["limited_kwh"] == booked[1]["unserved_kwh"] == pytest.approx(4.0)


def test_a_group_keeps_free_what_the_chargers_of_groups_within_it_may_take():
    groups = (
        {"name": "floor", "import_kw": 9.0},
        {"name": "row", "chargers": [1], "import_kw": 4.0, "parent": "floor"},
        {"name": "other", "chargers": [0], "import_kw": 7.0, "parent": "floor"},
    )
    world = grouped(*groups).replace(guarantee=False).changed(LIMITED)
    sim = Simulation(two_cars(), world)
    sim.reset()
    assert float(sim.state.run["fleet_hi_kwh"][0]) == pytest.approx(8.0)
    booked = run(two_cars(), world, at_once)
    assert booked[0]["charge_kwh"] == pytest.approx(8.0)
    assert booked[0]["import_kwh"] == pytest.approx(9.0)


def test_the_steps_ahead_keep_it_free_too():
    """20 kW now, 6 in an hour, of which 3 are sure without notice: 19, and 5 or 2 for cars."""
    limits = np.full(24, 20.0)
    limits[1] = 6.0
    site = {"import_limit_kw": limits, "least_import_limit_kw": 3.0}
    for notice_h, second in ((0.0, 2.0), (1.0, 5.0)):
        sim = Simulation(two_cars(site=site), limited_world(connection={"notice_h": notice_h}))
        sim.reset()
        promises = sim.snapshot().site.promise_kwh
        assert promises.sum() - 40.0 == pytest.approx(min(22.0, 19.0 + second))


def test_a_building_leaves_what_it_leaves_less_that():
    """Limit 12, the building may take 8: 3 are sure; it takes 2, so that 9 are there."""
    site = {"building_kwh": np.full(24, 2.0), "building_peak_kw": 8.0}
    sim = Simulation(two_cars(site=site), limited_world(connection={"import_limit_kw": 12.0}))
    sim.reset()
    assert sim.snapshot().site.promise_kwh.sum() - 40.0 == pytest.approx(9.0 + 3.0)


def test_an_export_limit_is_as_without():
    """4 kW may be given: 4 are discharged, of which the charger takes 0.4."""
    sim = parked()
    world = sim.params.replace(connection={"export_limit_kw": 4.0})
    sim = Simulation(sim.scenarios[0], world)
    sim.post_offers(OFFER)
    sim.reset()
    booked = booked_of(sim, -8.0)
    assert booked["discharge_kwh"] == pytest.approx(4.0)
    assert booked["export_kwh"] == pytest.approx(3.6)
    assert booked["import_kwh"] == 0


STRONG = {"least_kw": 4.14, "standby_kw": 0.4}
WEAK = {"least_kw": 1.38, "standby_kw": 0.2}
SITES = st.sampled_from([STRONG, WEAK]).flatmap(lambda on: site_params(site=on))
GUARDED = st.sampled_from([STRONG, WEAK]).flatmap(
    lambda on: site_params(site=on, guarantee=True, owner=ON_TIME)
)


@examples(20)
@given(site_scenarios(), SITES, SEED)
def test_the_connection_is_balanced_and_within_its_limits(scenario, world, seed):
    assert_balanced_and_within(scenario, world, at_random(seed))
    assert_balanced_and_within(scenario, world, barely_on)


@examples(15)
@given(site_scenarios(), SITES, SEED)
def test_every_group_is_within_its_limits(scenario, world, seed):
    assert_groups_within(scenario, world, seed)


@examples(20)
@given(site_scenarios(), GUARDED, SEED)
def test_what_was_promised_is_kept(scenario, world, seed):
    assert_promises_kept(scenario, world, at_random(seed))
    assert_promises_kept(scenario, world, barely_on)


@examples(10)
@given(site_scenarios(), GUARDED, SEED, st.booleans())
def test_what_was_promised_is_kept_in_groups(scenario, world, seed, empty):
    assert_promises_served(scenario, world, seed, empty)


@pytest.mark.parametrize("way", ["import", "group"])
def test_a_limit_below_the_standby_is_refused(way):
    """Two chargers may take 1 kW, the limit is 0.8."""
    limit = {"name": "a", "chargers": 2, "import_kw": 0.8}
    connection = {"import_limit_kw": 0.8} if way == "import" else {"groups": (limit,)}
    with pytest.raises(InvalidInputError, match="standby"):
        Simulation(two_cars(), limited_world(connection=connection))


# Off

BESIDE = {"standby_kwh", "im_sold_kwh", "im_eur", "load_value_eur"}
"""What standby changes in a world without a site and without bids."""


@examples(15)
@given(scenarios(), params(site=OFF), SEED)
def test_without_it_rows_are_the_same_to_the_bit(scenario, world, seed):
    """Nothing is taken beside; a least power alone changes nothing."""
    alone = world.replace(site={"least_kw": 3.0})
    for off, twin in zip(steps(scenario, world, seed), steps(scenario, alone, seed), strict=True):
        assert off.terms["standby_kwh"] == 0
        assert off.terms == twin.terms
        assert off.after.energy_kwh.tobytes() == twin.after.energy_kwh.tobytes()


@examples(15)
@given(site_scenarios(), site_params(site=OFF), SEED)
def test_without_it_a_site_is_the_same_to_the_bit(scenario, world, seed):
    alone = world.replace(site={"least_kw": 3.0})
    assert run(scenario, world, at_random(seed)) == run(scenario, alone, at_random(seed))


@examples(15)
@given(scenarios(), params(site=OFF), SEED)
def test_it_moves_nothing_but_what_is_settled(scenario, world, seed):
    """With the same loads, cars, owners and drivers get the same to the bit."""
    both = Simulation(scenario, world), Simulation(scenario, world.replace(site=WEAK))
    for sim in both:
        sim.reset()
    rng = np.random.default_rng(seed)
    while not both[0].done[0]:
        lo, hi = both[0].lo_kwh[0], both[0].hi_kwh[0]
        loads = lo + rng.random(len(lo)) * (hi - lo)
        loads[rng.random(len(lo)) < 0.3] *= 0.05
        loads = np.clip(loads, lo, hi)
        off, on = (booked_of(sim, *loads) for sim in both)
        for name in set(TERMS) - BESIDE:
            assert on[name] == off[name], name
        beside = standby_kwh(loads, both[1].params.site, scenario.dt_h).sum()
        assert on["standby_kwh"] == pytest.approx(beside, abs=1e-12)
        assert off["im_sold_kwh"] - on["im_sold_kwh"] == pytest.approx(beside, abs=1e-9)
        for one, other in zip(*(vars(sim.snapshot()).items() for sim in both), strict=True):
            if one[0] in ("energy_kwh", "lo_kwh", "hi_kwh", "laxity_h", "contract_kwh"):
                assert one[1].tobytes() == other[1].tobytes(), one[0]


# Parameters


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ({"standby_kw": 0.2}, "standby_kw.*give least_kw"),
        ({"standby_kw": 0.2, "least_kw": 0.0}, "standby_kw.*give least_kw"),
        ({"standby_kw": 0.5, "least_kw": 0.4}, "standby_kw"),
        ({"least_kw": 11.1}, "least_kw"),
        ({"least_kw": 4.14, "charge_kw": 3.7}, "least_kw"),
        ({"least_kw": -1.0}, "least_kw.*greater than or equal to 0"),
        ({"standby_kw": -0.1, "least_kw": 1.0}, "standby_kw.*greater than or equal to 0"),
        ({"least_kw": float("nan")}, "least_kw"),
        ({"standby_kw": float("inf"), "least_kw": 1.0}, "standby_kw"),
        ({"standby_kwh": 0.2}, "unknown field"),
    ],
)
def test_values_that_cannot_be_are_refused(site, message):
    with pytest.raises(InvalidInputError, match=message):
        plain(site=site)


@pytest.mark.parametrize("site", [{}, {"least_kw": 11.0}, {"least_kw": 11.0, "standby_kw": 11.0}])
def test_values_at_their_ends_are_taken(site):
    kept = plain(site=site).site
    assert (kept.least_kw, kept.standby_kw) == (site.get("least_kw", 0), site.get("standby_kw", 0))


def test_files_and_words_give_them(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("site: {least_kw: 4.14, standby_kw: 0.2}\n", encoding="utf-8")
    read = load_params(path).site
    assert (read.least_kw, read.standby_kw) == (4.14, 0.2)
    words = set_changes(["site.least_kw=1.38", "site.standby_kw=0.1"])
    assert words == {"site": {"least_kw": 1.38, "standby_kw": 0.1}}
    assert plain(**words).site.standby_kw == 0.1
