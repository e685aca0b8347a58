"""Groups of chargers: limits at every step, promises, what is shown, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.test_site import at_once, at_random, run, site_world, two_cars
from tests.sites import members_of, random_groups, site_params, site_scenarios
from tests.worlds import examples, plain, plain_world, standby_kwh
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.decided import behind_the_meter, net_loads
from vpp_gym.simulation.site import share_connection
from vpp_gym.simulation.state import State
from vpp_gym.views import Decisions

SEED = st.integers(0, 2**32 - 1)


def decided(sim: Simulation, rng: np.random.Generator, decide: Any) -> Decisions:
    """A load for each car, or one for the fleet, often at the ends of what it can."""
    if rng.random() < 0.5:
        return decide(sim.snapshot())
    lo, hi = (float(sim.state.run[f"fleet_{end}_kwh"][0]) for end in ("lo", "hi"))
    return Decisions(fleet_kwh=float(rng.choice([lo, hi, lo + rng.random() * (hi - lo)])))


def shared(sim: Simulation, decisions: Decisions) -> np.ndarray:
    """(N,) loads that a decision comes to; the simulation stays as it is."""
    state = State._make(part.copy() for part in sim.state)
    loads = net_loads(sim, [decisions])[0].copy()
    behind = behind_the_meter(sim, [decisions])
    if behind is not None:
        state.site["storage_wanted_kwh"], state.site["pv_wanted_kwh"] = behind[0]
    share_connection(0, int(state.run["position"][0]), True, sim.dataset, sim.rules, state, loads)
    return loads


@examples(15)
@given(site_scenarios(), site_params(), SEED)
def test_every_group_is_within_its_limits_at_every_step(scenario, world, seed):
    assert_groups_within(scenario, world, seed)


def assert_groups_within(scenario: Scenario, world: VPPParams, seed: int) -> None:
    """Of a site with random groups of chargers, under random decisions."""
    rng, decide = np.random.default_rng(seed), at_random(seed)
    groups = random_groups(rng, world.site.n_chargers)
    world = world.replace(connection={"groups": groups})
    sim, inside = Simulation(scenario, world), members_of(world.connection.groups)
    sim.reset()
    while not sim.done[0] and groups:
        decisions = decided(sim, rng, decide)
        if decisions.fleet_kwh is not None:
            handed = net_loads(sim, [decisions])[0]
            assert handed.sum() == pytest.approx(decisions.fleet_kwh, abs=1e-9)
            assert_within(handed, world, inside, scenario.dt_h)
        loads = shared(sim, decisions)
        assert_within(loads, world, inside, scenario.dt_h)
        assert (loads >= sim.lo_kwh[0] - 1e-8).all()
        assert (loads <= sim.hi_kwh[0] + 1e-8).all()
        sim.step(decisions)


def assert_within(loads: np.ndarray, world: VPPParams, inside: Any, dt_h: float) -> None:
    beside = standby_kwh(loads, world.site, dt_h)
    for group in world.connection.groups:
        chargers = list(inside[group.name])
        load = loads[chargers].sum()
        assert load + beside[chargers].sum() <= group.import_kw * dt_h + 1e-9
        if group.export_kw is not None:
            assert load >= -group.export_kw * dt_h - 1e-9


def grouped(*groups: dict[str, Any], **changes: Any) -> VPPParams:
    return site_world(connection={"groups": groups}, **changes)


def test_two_cars_behind_one_fuse_are_as_at_a_connection_of_that_limit():
    """8 kW for two hours: 16 kWh for 22; 6 are not promised, and paid as limited."""
    world = grouped({"name": "fuse", "chargers": 2, "import_kw": 8.0})
    sim = Simulation(two_cars(), world)
    sim.reset()
    snapshot = sim.snapshot()
    np.testing.assert_allclose(snapshot.site.promise_kwh, [31.0, 25.0], atol=1e-9)
    np.testing.assert_allclose(snapshot.lo_kwh, [3.0, 5.0], atol=1e-9)
    booked = run(two_cars(), world, at_once)
    assert [step["charge_kwh"] for step in booked[:2]] == pytest.approx([8.0, 8.0])
    assert booked[0]["yielded_kwh"] == pytest.approx(14.0)
    assert booked[1]["limited_kwh"] == booked[1]["unserved_kwh"] == pytest.approx(6.0)
    assert booked[1]["limited_eur"] == pytest.approx(-3.0)


def test_a_car_beside_a_group_does_not_give_way_to_it():
    """The first charger has a fuse of 4 kW: 8 of its 11 kWh; the second serves its car whole."""
    world = grouped({"name": "old", "chargers": "0", "import_kw": 4.0})
    sim = Simulation(two_cars(), world)
    sim.reset()
    view = sim.snapshot().site.groups
    assert view.names == ("old",)
    assert (view.import_kwh.tolist(), view.export_kwh.tolist()) == ([4.0], [np.inf])
    assert (view.lo_kwh[0], view.idle_kwh[0], view.hi_kwh[0]) == (4.0, 4.0, 4.0)
    assert view.group.tolist() == [0, -1]
    assert view.room_kwh.tolist() == [0.0, np.inf]
    assert float(sim.state.run["fleet_hi_kwh"][0]) == pytest.approx(15.0)
    booked = run(two_cars(), world, at_once)
    assert booked[0]["charge_kwh"] == pytest.approx(15.0)
    assert booked[1]["limited_kwh"] == booked[1]["unserved_kwh"] == pytest.approx(3.0)


def test_a_group_within_another_counts_in_both():
    groups = (
        {"name": "floor", "import_kw": 9.0, "export_kw": 2.0},
        {"name": "row", "chargers": [1], "import_kw": 4.0, "parent": "floor"},
        {"name": "other", "chargers": [0], "import_kw": 7.0, "parent": "floor"},
    )
    sim = Simulation(two_cars(), grouped(*groups).replace(guarantee=False))
    sim.reset()
    view = sim.snapshot().site.groups
    assert view.parent.tolist() == [-1, 0, 0]
    assert view.hi_kwh.tolist() == [9.0, 4.0, 7.0]
    assert view.export_kwh.tolist() == [2.0, np.inf, np.inf]
    assert view.group.tolist() == [2, 1]
    assert view.room_kwh.tolist() == [7.0, 4.0]
    assert float(sim.state.run["fleet_hi_kwh"][0]) == 9.0
    assert sim.hand_out(np.array([9.0]))[0].tolist() == pytest.approx([63 / 11, 36 / 11])
    with pytest.raises(InvalidInputError, match=r"stay within \[0, 9\]"):
        sim.step(Decisions(fleet_kwh=9.5))


@pytest.mark.parametrize("guarantee", [True, False])
def test_a_limit_of_the_connection_holds_beside_those_of_groups(guarantee):
    world = grouped(
        {"name": "a", "chargers": [0], "import_kw": 6.0},
        {"name": "b", "chargers": [1], "import_kw": 9.0},
    ).replace(connection={"import_limit_kw": 10.0}, guarantee=guarantee)
    booked = run(two_cars(), world, at_once)
    assert [step["import_kwh"] for step in booked[:2]] == pytest.approx([10.0, 10.0])
    assert booked[0]["yielded_kwh"] == pytest.approx(12.0)
    assert booked[1]["unserved_kwh"] == pytest.approx(2.0)


def test_without_a_guarantee_a_promise_counts_on_what_is_left_now():
    """Nobody is charged in the first hour; who comes then is promised what three hours leave."""
    cars = {
        "arrival_step": [0, 1],
        "departure_step": [3, 3],
        "arrival_soc": [0.5, 0.5],
        "target_soc": [0.75, 0.75],
        "capacity_kwh": [40.0, 40.0],
        "departure_draw": [0.5, 0.5],
    }
    world = grouped({"name": "a", "chargers": 2, "import_kw": 6.0}).replace(guarantee=False)
    sim = Simulation(plain_world(24, dt_h=1.0, sessions=cars), world)
    sim.reset()
    sim.step(Decisions(fleet_kwh=0.0))
    assert sim.snapshot().site.promise_kwh.tolist() == pytest.approx([30.0, 22.0])


def test_what_is_reserved_for_who_left_is_free_again():
    """One charger, one car after the other: the second is promised all of its target."""
    cars = {
        "arrival_step": [0, 3],
        "departure_step": [40, 43],
        "arrival_soc": [0.5, 0.5],
        "target_soc": [0.9, 0.9],
        "capacity_kwh": [40.0, 40.0],
        "departure_draw": [0.0, 0.5],
    }
    world = grouped({"name": "a", "chargers": 2, "import_kw": 0.45}).replace(
        owner={"early_departure_prob": 0.1, "early_exponent": 1.0}
    )
    sim = Simulation(plain_world(48, dt_h=1.0, sessions=cars), world)
    sim.reset()
    sim.step(Decisions(fleet_kwh=0.0 if not sim.lo_kwh.any() else float(sim.lo_kwh.sum())))
    while int(sim.state.run["position"][0]) < 3:
        sim.step(Decisions(fleet_kwh=float(sim.state.run["fleet_idle_kwh"][0])))
    assert sim.snapshot().site.promise_kwh.tolist() == pytest.approx([36.0])


A = {"name": "a", "chargers": [0], "import_kw": 5.0}


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([A, A | {"chargers": [1]}], "two groups are called a"),
        ([A, A | {"name": "b"}], "charger 0 is twice in a and b"),
        ([A | {"chargers": [0, 0]}], "charger 0 is twice in a:"),
        ([A | {"parent": "b"}], "no group is called b; parent is one of a"),
        ([A | {"parent": "a"}], "a in a is a loop"),
        (
            [A | {"parent": "b"}, {"name": "b", "import_kw": 5.0, "parent": "a"}],
            "a in b in a is a loop",
        ),
        ([A, {"name": "b", "import_kw": 5.0}], "b: nothing is in it"),
        ([A | {"chargers": [2]}], "a has charger 2, but the last of site.n_chargers 2 is 1"),
        ([A | {"chargers": 3}], "a has charger 2"),
        ([A | {"chargers": 0}], "give 1 to 1,000,000 chargers"),
        ([A | {"chargers": [-1]}], "counted from 0"),
        ([A | {"chargers": "4-2"}], "counted from 0"),
        ([A | {"chargers": "all"}], "counted from 0"),
        ([A | {"chargers": [True]}], "counted from 0"),
        ([A | {"chargers": 1.5}], "counted from 0"),
        ([A | {"import_kw": 0.0}], "greater than 0"),
        ([A | {"import_kw": float("nan")}], "finite"),
        ([A | {"export_kw": -1.0}], "greater than or equal to 0"),
        ([A | {"limit_kw": 1.0}], "unknown field"),
        ([A | {"name": ""}], "at least 1 character"),
        (
            [
                {"name": str(k), "chargers": [k], "import_kw": 1.0, "parent": str(k + 1)}
                for k in range(40)
            ]
            + [{"name": "40", "import_kw": 1.0}],
            "in more than 32 groups",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused(groups, message):
    with pytest.raises(InvalidInputError, match=message):
        plain(site={"n_chargers": 2}, connection={"groups": groups})


def test_chargers_are_named_by_number_range_or_list():
    groups = (
        {"name": "a", "chargers": "0-2, 5", "import_kw": 5.0},
        {"name": "b", "chargers": 2, "import_kw": 5.0},
        {"name": "c", "chargers": [3], "import_kw": 5.0, "parent": "b"},
    )
    sim = Simulation(plain_world(), plain(connection={"groups": groups}))
    of = sim.rules.charger_group[0]
    place = sim.rules.groups["place"][of[of >= 0]]
    assert place.tolist() == [0, 0, 0, 2, 0, 1, 1]
    assert np.flatnonzero(of >= 0).tolist() == [0, 1, 2, 3, 5, 6, 7]
