"""A site's connection: what must hold at every step, and worlds solved by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sites import site_params, site_scenarios
from tests.worlds import by_charger, examples, one_car, plain, plain_world, random_point
from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.charging import Charging, gain_kwh
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.site_series import SiteSeries
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SEED = st.integers(0, 2**32 - 1)
LOSSLESS = {"charge_eff": 1.0, "discharge_eff": 1.0}


def run(scenario: Scenario, world: VPPParams, decide: Any) -> list[dict[str, float]]:
    """The terms of every step; `decide` makes Decisions of a snapshot."""
    sim = Simulation(scenario, world)
    sim.reset()
    booked = []
    while not sim.done[0]:
        record = sim.step(decide(sim.snapshot()))[0]
        booked.append(dict(zip(TERMS, record.tolist(), strict=True)))
    return booked


def at_once(snapshot: Any, **more: Any) -> Decisions:
    loads = np.zeros(snapshot.params.site.n_chargers)
    loads[snapshot.charger] = snapshot.hi_kwh
    return Decisions(net_load_kwh=loads, **more)


def barely_on(snapshot: Any) -> Decisions:
    """Every car at the least power, at which most is taken beside a kWh."""
    load_kwh = snapshot.params.site.least_kw * snapshot.dt_h
    loads = np.clip(load_kwh, snapshot.lo_kwh, snapshot.hi_kwh)
    return Decisions(net_load_kwh=by_charger(snapshot, loads))


def at_random(seed: int) -> Any:
    """Decisions anywhere between all limits, often at one of them."""
    rng, other = np.random.default_rng(seed), np.random.default_rng([seed, 1])

    def decide(snapshot: Any) -> Decisions:
        loads = np.zeros(snapshot.params.site.n_chargers)
        loads[snapshot.charger] = random_point(rng, snapshot.lo_kwh, snapshot.hi_kwh)
        site = snapshot.site
        if site is None:
            return Decisions(net_load_kwh=loads)
        ends = np.array([site.storage_lo_kwh]), np.array([site.storage_hi_kwh])
        sun = float(other.choice([0.0, 0.5, 1.0]) * site.pv_kwh[0])
        return Decisions(
            net_load_kwh=loads, storage_kwh=float(random_point(other, *ends)[0]), pv_kwh=sun
        )

    return decide


@examples(30)
@given(site_scenarios(), site_params(), SEED)
def test_the_connection_is_balanced_and_within_its_limits_at_every_step(scenario, world, seed):
    assert_balanced_and_within(scenario, world, at_random(seed))


def assert_balanced_and_within(scenario: Scenario, world: VPPParams, decide: Any) -> None:
    own = world.connection
    stored = world.storage.kwh * world.storage.initial_soc
    for t, booked in enumerate(run(scenario, world, decide)):
        cars = booked["charge_kwh"] - booked["discharge_kwh"] + booked["standby_kwh"]
        battery = booked["storage_charge_kwh"] - booked["storage_discharge_kwh"]
        net = cars + battery
        if scenario.site is not None or world.has_site:
            net = booked["building_kwh"] + cars + battery - booked["pv_kwh"]
            assert booked["import_kwh"] - booked["export_kwh"] == pytest.approx(net, abs=1e-9)
            assert min(booked["import_kwh"], booked["export_kwh"]) == 0
        assert booked["da_sold_kwh"] + booked["im_sold_kwh"] + net == pytest.approx(0, abs=1e-9)
        for way in ("import", "export"):
            series = getattr(scenario.site, f"{way}_limit_kw", None)
            limits = [getattr(own, f"{way}_limit_kw"), None if series is None else series[t]]
            for limit_kw in limits:
                if limit_kw is not None:
                    assert booked[f"{way}_kwh"] <= limit_kw * scenario.dt_h + 1e-9
        sun = 0.0 if getattr(scenario.site, "pv_kwh", None) is None else scenario.site.pv_kwh[t]
        assert booked["pv_kwh"] + booked["curtailed_kwh"] == pytest.approx(sun, abs=1e-9)
        assert booked["pv_kwh"] >= 0
        assert booked["curtailed_kwh"] >= -1e-12
        power = world.storage.kw * scenario.dt_h
        assert -power - 1e-9 <= battery <= power + 1e-9
        stored += booked["storage_charge_kwh"] * world.storage.charge_eff
        stored -= booked["storage_discharge_kwh"] / world.storage.discharge_eff
        assert -1e-9 <= stored <= world.storage.kwh + 1e-9
        assert 0 <= booked["limited_kwh"] <= booked["unserved_kwh"] + 1e-12


ON_TIME = {"early_departure_prob": 0.0, "late_departure_prob": 0.0}


@examples(60)
@given(site_scenarios(), site_params(guarantee=True, owner=ON_TIME), SEED)
def test_what_was_promised_on_arrival_is_kept_whatever_is_decided(scenario, world, seed):
    assert_promises_kept(scenario, world, at_random(seed))


def assert_promises_kept(scenario: Scenario, world: VPPParams, decide: Any) -> None:
    promised: dict[int, float] = {}
    sim = Simulation(scenario, world)
    sim.reset()
    while not sim.done[0]:
        before = sim.snapshot()
        promises = before.target_kwh if before.site is None else before.site.promise_kwh
        for session, promise in zip(before.session.tolist(), promises.tolist(), strict=True):
            assert promise == pytest.approx(promised.setdefault(session, promise), abs=1e-12)
        booked = dict(zip(TERMS, sim.step(decide(before))[0].tolist(), strict=True))
        leaving = before.steps_to_departure == 1
        missing = booked["unserved_kwh"] - booked["limited_kwh"]
        assert missing <= beyond_reach_kwh(scenario, world, before, leaving) + 1e-6


TAPERS = (((0.5, 1.0), (0.8, 0.7), (1.0, 0.1)), ((0.3, 1.0), (1.0, 0.2)))


@examples(30)
@given(
    site_scenarios(),
    site_params(guarantee=True, owner=ON_TIME),
    SEED,
    st.sampled_from(TAPERS),
    st.sampled_from([9.0, 15.0, 25.0]),
)
def test_promises_to_cars_that_taper_are_kept_too(scenario, world, seed, taper, limit_kw):
    world = world.replace(battery={"taper": taper}, connection={"import_limit_kw": limit_kw})
    sim, decide = Simulation(scenario, world), at_random(seed)
    sim.reset()
    while not sim.done[0]:
        before = sim.snapshot()
        booked = dict(zip(TERMS, sim.step(decide(before))[0].tolist(), strict=True))
        leaving = before.steps_to_departure == 1
        stay_h = (before.steps_connected[leaving] + 1) * scenario.dt_h
        reach_kwh = [
            gain_kwh(stored, hours, kw * world.site.charge_eff, curve)
            for stored, hours, kw, curve in zip(
                before.arrival_kwh[leaving],
                stay_h,
                before.charge_kw[leaving],
                before.curves[leaving],
                strict=True,
            )
        ]
        asked_kwh = before.target_kwh[leaving] - before.arrival_kwh[leaving]
        beyond_kwh = np.maximum(asked_kwh - np.array(reach_kwh), 0.0).sum()
        assert booked["unserved_kwh"] - booked["limited_kwh"] <= beyond_kwh + 1e-6
        assert booked["import_kwh"] <= limit_kw * scenario.dt_h + 1e-9


def beyond_reach_kwh(
    scenario: Scenario, world: VPPParams, snapshot: Any, leaving: np.ndarray
) -> float:
    """What those who leave now could not have got at full power from the first step on."""
    sessions = scenario.sessions
    rows = snapshot.session[leaving]
    steps = sessions.departure_step[rows] - sessions.arrival_step[rows]
    arrived = snapshot.arrival_kwh[leaving]
    charging = Charging(
        snapshot.charge_kw[leaving] * scenario.dt_h,
        world.site.charge_eff,
        scenario.dt_h,
        snapshot.curves[leaving],
    )
    gets = charging.gain_kwh(arrived, steps)
    asks = snapshot.target_kwh[leaving] - arrived
    return float(np.maximum(asks - gets, 0.0).sum())


def two_cars(**more: Any) -> Scenario:
    """Two cars that need 11 kWh each within the first two hours of a day."""
    cars = {
        "arrival_step": [0, 0],
        "departure_step": [2, 2],
        "arrival_soc": [0.5, 0.5],
        "target_soc": [0.775, 0.775],
        "capacity_kwh": [40.0, 40.0],
        "departure_draw": [0.5, 0.5],
    }
    return plain_world(24, sessions=cars, dt_h=1.0, **more)


def site_world(**changes: Any) -> VPPParams:
    return plain(
        site={"n_chargers": 2, **LOSSLESS}, contract={"families": ()}, guarantee=True, **changes
    )


def test_the_second_car_is_promised_what_the_first_leaves():
    """8 kW for two hours: 16 kWh for 22; 6 are not promised, and paid as limited."""
    world = site_world(connection={"import_limit_kw": 8.0})
    sim = Simulation(two_cars(), world)
    sim.reset()
    snapshot = sim.snapshot()
    np.testing.assert_allclose(snapshot.site.promise_kwh, [31.0, 25.0], atol=1e-9)
    np.testing.assert_allclose(snapshot.lo_kwh.sum(), 8.0, atol=1e-9)
    booked = run(two_cars(), world, at_once)
    assert [step["charge_kwh"] for step in booked[:2]] == pytest.approx([8.0, 8.0])
    assert booked[1]["unserved_kwh"] == pytest.approx(6.0)
    assert booked[1]["limited_kwh"] == pytest.approx(6.0)
    assert booked[1]["shortfall_eur"] == pytest.approx(0.0, abs=1e-9)
    assert booked[1]["limited_eur"] == pytest.approx(-3.0)


def test_the_building_and_not_the_sun_counts_in_promises():
    """Limit 12, the building may take 8: 4 are sure; it takes 2, so that 10 are there."""
    site = {"building_kwh": np.full(24, 2.0), "building_peak_kw": 8.0, "pv_kwh": np.full(24, 5.0)}
    world = site_world(connection={"import_limit_kw": 12.0})
    sim = Simulation(two_cars(site=site), world)
    sim.reset()
    promises = sim.snapshot().site.promise_kwh
    assert promises.sum() - 40.0 == pytest.approx(10.0 + 4.0)
    booked = run(two_cars(site=site), world, at_once)
    assert booked[0]["charge_kwh"] == pytest.approx(15.0)
    assert booked[0]["import_kwh"] == pytest.approx(12.0)
    assert booked[1]["unserved_kwh"] == pytest.approx(0.0, abs=1e-9)
    assert booked[0]["yielded_kwh"] == pytest.approx(7.0)


def test_limits_that_are_not_announced_count_as_the_least_that_may_come():
    limits = np.full(24, 20.0)
    limits[1] = 6.0
    site = {"import_limit_kw": limits, "least_import_limit_kw": 3.0}
    for notice_h, second in ((0.0, 3.0), (1.0, 6.0)):
        world = site_world(connection={"notice_h": notice_h})
        sim = Simulation(two_cars(site=site), world)
        sim.reset()
        view = sim.snapshot().site
        assert view.import_kwh[:2].tolist() == [20.0, second]
        assert view.promise_kwh.sum() - 40.0 == pytest.approx(min(22.0, 20.0 + second))


def test_a_shortfall_of_the_policy_is_not_put_down_to_the_limit():
    """Nobody is charged though 16 of 22 kWh were promised: 6 are the limit's, 16 the policy's."""
    world = site_world(connection={"import_limit_kw": 8.0}).replace(guarantee=False)
    booked = run(two_cars(), world, lambda seen: Decisions(fleet_kwh=0.0))
    assert booked[1]["unserved_kwh"] == pytest.approx(22.0)
    assert booked[1]["limited_kwh"] == pytest.approx(6.0)
    assert booked[1]["shortfall_eur"] == pytest.approx(-8.0)
    assert booked[1]["limited_eur"] == pytest.approx(-3.0)


def test_sun_is_used_then_stored_and_curtailed_at_the_export_limit():
    """20 kWh of sun, 6 into the battery, 5 may be given: 9 are curtailed."""
    world = site_world(
        connection={"export_limit_kw": 5.0},
        storage={"kwh": 20.0, "kw": 6.0, "initial_soc": 0.0, **LOSSLESS},
    )
    sun = plain_world(24, dt_h=1.0, site={"pv_kwh": np.full(24, 20.0)})
    booked = run(sun, world, lambda seen: at_once(seen, storage_kwh=seen.site.storage_hi_kwh))
    assert [booked[0][name] for name in ("export_kwh", "storage_charge_kwh", "curtailed_kwh")] == [
        5.0,
        6.0,
        9.0,
    ]
    assert [step["storage_charge_kwh"] for step in booked[:5]] == [6.0, 6.0, 6.0, 2.0, 0.0]


def test_fees_tax_and_peak_by_hand():
    """Loads of 4, 10 and -3 kWh: fees of the hour, tax on imports, 5 EUR for each new kW."""
    building, sun = np.zeros(24), np.zeros(24)
    building[:2], sun[2] = (4.0, 10.0), 3.0
    fees = {
        "currency": "EUR",
        "import_fee_eur_per_kwh": (0.1, 0.2, *(0.3,) * 22),
        "export_fee_eur_per_kwh": (0.01,),
        "energy_tax_eur_per_kwh": 0.05,
        "peak_eur_per_kw_month": 5.0,
    }
    world = plain_world(24, dt_h=1.0, site={"building_kwh": building, "pv_kwh": sun})
    booked = run(world, site_world(tariff=fees), at_once)[:3]
    assert [step["grid_fee_eur"] for step in booked] == pytest.approx([-0.4, -2.0, -0.03])
    assert [step["energy_tax_eur"] for step in booked] == pytest.approx([-0.2, -0.5, 0.0])
    assert [step["peak_fee_eur"] for step in booked] == pytest.approx([-20.0, -30.0, 0.0])
    netted = run(world, site_world(tariff=fees | {"net_metering": True}), at_once)[:3]
    assert [step["energy_tax_eur"] for step in netted] == pytest.approx([-0.2, -0.5, 0.15])


def test_a_new_month_has_a_peak_of_its_own():
    world = plain_world(48, dt_h=1.0, start="2019-01-31", site={"building_kwh": np.full(48, 2.0)})
    fees = {"currency": "EUR", "peak_eur_per_kw_month": 5.0}
    paid = [step["peak_fee_eur"] for step in run(world, site_world(tariff=fees), at_once)]
    assert paid[0] == paid[24] == pytest.approx(-10.0)
    assert sum(paid) == pytest.approx(-20.0)


def test_what_the_battery_has_more_at_the_end_is_worth_the_last_days_price():
    world = site_world(storage={"kwh": 20.0, "kw": 5.0, "charge_eff": 0.8, "discharge_eff": 0.5})
    prices = np.arange(24) / 100
    scenario = plain_world(24, dt_h=1.0, da=prices)
    booked = run(scenario, world, lambda seen: Decisions(fleet_kwh=0.0, storage_kwh=0.0))
    assert booked[-1]["storage_left_eur"] == 0.0
    booked = run(scenario, world, lambda seen: Decisions(
        fleet_kwh=0.0, storage_kwh=5.0 if seen.step == 0 else 0.0
    ))  # fmt: skip
    assert booked[-1]["storage_left_eur"] == pytest.approx(4.0 * 0.5 * prices.mean())
    booked = run(scenario, world, lambda seen: Decisions(
        fleet_kwh=0.0, storage_kwh=-2.0 if seen.step == 0 else 0.0
    ))  # fmt: skip
    assert booked[-1]["storage_left_eur"] == pytest.approx(-4.0 / 0.8 * prices.mean())


def test_a_battery_that_yields_keeps_what_it_has():
    """Limit 8: of 6 kWh for the battery and 8 for the cars, the battery gets none."""
    world = site_world(
        connection={"import_limit_kw": 8.0}, storage={"kwh": 20.0, "kw": 6.0, **LOSSLESS}
    )
    booked = run(two_cars(), world, lambda seen: at_once(seen, storage_kwh=6.0 * (seen.step == 0)))
    assert booked[0]["storage_charge_kwh"] == 0.0
    assert booked[0]["charge_kwh"] == pytest.approx(8.0)
    helped = run(two_cars(), world, lambda seen: at_once(
        seen, storage_kwh=float(seen.site.storage_lo_kwh)
    ))  # fmt: skip
    assert helped[0]["charge_kwh"] == pytest.approx(14.0)
    assert helped[0]["import_kwh"] == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"storage": {"kwh": 200.0, "kw": 1.0}}, "give kw of at least"),
        ({"storage": {"kwh": 10.0}}, "give kw of at least"),
        ({"storage": {"charge_eff": -0.5}}, "greater than 0"),
        ({"tariff": {"energy_tax_eur_per_kwh": 0.1}}, "fees have no currency"),
        ({"tariff": {"currency": "USD"}}, "EUR"),
        ({"tariff": {"currency": "EUR", "import_fee_eur_per_kwh": (0.1, 0.2)}}, "or 24"),
        ({"connection": {"import_limit_kw": 0.0}}, "greater than 0"),
        ({"connection": {"export_limit_kw": -1.0}}, "greater than or equal to 0"),
        ({"tariff": "atlantis"}, "use one of"),
    ],
)
def test_parameters_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InvalidInputError, match=message):
        plain(**changes)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ({"wind_kwh": np.ones(24)}, "unknown series"),
        ({"pv_kwh": np.ones(23)}, "give 24"),
        ({"pv_kwh": -np.ones(24)}, "the direction is in the name"),
        ({"building_kwh": np.full(24, 3.0), "building_peak_kw": 2.0}, "give at least that"),
        ({"import_limit_kw": np.full(24, 3.0), "least_import_limit_kw": 4.0}, "at most that"),
        ({"pv_kwh": np.full(24, np.nan)}, "fill or drop"),
        (3.0, "a mapping of its series"),
    ],
)
def test_series_that_cannot_be_are_refused(site, message):
    with pytest.raises(InvalidInputError, match=message):
        plain_world(24, dt_h=1.0, site=site)


def test_a_limit_below_the_load_of_the_building_is_refused():
    scenario = plain_world(24, dt_h=1.0, site={"building_kwh": np.full(24, 9.0)})
    with pytest.raises(InvalidInputError, match="below the load of the building, 9 kW"):
        Simulation(scenario, site_world(connection={"import_limit_kw": 8.0}))


def test_decisions_beyond_the_battery_or_the_sun_are_refused():
    sim = Simulation(two_cars(), site_world(storage={"kwh": 20.0, "kw": 5.0}))
    sim.reset()
    for decisions, message in (
        (Decisions(fleet_kwh=0.0, storage_kwh=5.1), "storage_kwh.*stay within"),
        (Decisions(fleet_kwh=0.0, pv_kwh=0.1), "pv_kwh.*stay within"),
        (Decisions(fleet_kwh=0.0, storage_kwh="much"), "storage_kwh"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            sim.step(decisions)


@examples(20)
@given(site_scenarios(), SEED)
def test_a_site_of_which_nothing_binds_changes_no_other_term(scenario, seed):
    """With sun and building away and limits out of reach, the cars' world is as without."""
    bare = Scenario(**{**vars(scenario), "site": None})
    far = plain(connection={"import_limit_kw": 1e6, "export_limit_kw": 1e6})
    one, other = (run(bare, world, at_random(seed)) for world in (plain(), far))
    for step, twin in zip(one, other, strict=True):
        for name in set(TERMS) - {"import_kwh", "export_kwh"}:
            assert twin[name] == pytest.approx(step[name], abs=1e-9), name


def test_series_are_closed_for_writing():
    site = SiteSeries.of({"pv_kwh": np.ones(4)}, 4, 1.0)
    with pytest.raises(ValueError, match="read-only"):
        site.pv_kwh[0] = 2.0


def test_one_car_alone_is_promised_its_target_up_to_the_power_of_the_limit():
    car = one_car(0, 3, 0.5, target_soc=0.9, capacity_kwh=40.0, departure_draw=0.5)
    scenario = plain_world(24, dt_h=1.0, sessions=car)
    for limit_kw, promise in ((11.0, 36.0), (5.0, 35.0), (1.0, 23.0)):
        sim = Simulation(scenario, site_world(connection={"import_limit_kw": limit_kw}))
        sim.reset()
        assert sim.snapshot().site.promise_kwh[0] == pytest.approx(promise)
