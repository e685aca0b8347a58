"""The plan of a site against its definition in cvxpy, and small ones by hand."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import examples
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.site_lp import OVER_EUR_PER_KWH, Cars, Connection, plan_site


def definition_eur(cars: Cars, site: Connection) -> float:
    """Least cost, written car by car and step by step."""
    horizon, cost, limits = site.horizon, 0.0, []
    load = [site.building_kwh[s] + 0.0 for s in range(horizon)]
    own = {}  # net load of each car in each step
    for k in range(len(cars.steps)):
        stored = cars.energy_kwh[k]
        own_min, own_max = cars.min_kwh[k], cars.max_kwh[k]
        least, most = min(own_min, stored), max(own_max, stored)
        given_kwh = 0.0
        steps = int(cars.steps[k])
        may_give = [
            max(-cars.lo_kwh[k], 0.0) if s == 0
            else cars.discharge_kwh[k, s] * (cars.contract_kwh[k] > 0)
            for s in range(steps)
        ]  # fmt: skip
        may_take = cars.charge_kwh[k] * (stored <= own_max or sum(may_give) > 0)
        for s in range(steps):
            take, give = cp.Variable(nonneg=True), cp.Variable(nonneg=True)
            limits += [give <= may_give[s]]
            limits += [take <= (max(cars.hi_kwh[k], 0.0) if s == 0 else may_take)]
            if s == 0:
                limits += [take >= min(max(cars.lo_kwh[k], 0.0), max(cars.hi_kwh[k], 0.0))]
            stored = stored + cars.charge_eff * take - give / cars.discharge_eff
            limits += [stored >= least, stored <= most]
            given_kwh = given_kwh + give
            cost = cost + cars.pay_eur_per_kwh[k, s] * give
            load[s] = load[s] + take - give
            own[k, s] = take - give
        if np.isfinite(cars.contract_kwh[k]):
            limits += [given_kwh <= cars.contract_kwh[k]]
        cost = cost + cars.shortfall_eur_per_kwh * cp.pos(cars.target_kwh[k] - stored)
    battery, peak = site.storage_kwh, cp.Variable(nonneg=True)
    cost = cost + site.peak_eur_per_kwh * peak
    for s in range(horizon):
        into, out, sun, over = (cp.Variable(nonneg=True) for _ in range(4))
        limits += [into <= site.storage_power_kwh, out <= site.storage_power_kwh]
        battery = battery + site.storage_charge_eff * into - out / site.storage_discharge_eff
        limits += [battery >= 0, battery <= site.storage_max_kwh, sun <= site.sun_kwh[s]]
        net = load[s] + into - out - sun
        limits += [net <= min(site.import_kwh[s], 1e4) + over]
        limits += [net >= -min(site.export_kwh[s], 1e4)]
        for g in range(len(site.group_import_kwh)):
            inside = sum((own[k, s] for k in range(len(cars.steps)) if cars.in_group[k, g]
                          and (k, s) in own), start=cp.Constant(0.0))  # fmt: skip
            beyond = cp.Variable(nonneg=True) if s == 0 else 0.0  # what must be charged at once
            limits += [inside <= site.group_import_kwh[g] + beyond]
            limits += [inside >= -min(site.group_export_kwh[g], 1e4)]
            cost = cost + OVER_EUR_PER_KWH * beyond
        # Imports cost what they cost, exports earn less: the larger of the two lines.
        buy, sell = site.buy_eur_per_kwh[s], site.sell_eur_per_kwh[s]
        cost = cost + cp.maximum(buy * (net - over), sell * (net - over))
        cost = cost + OVER_EUR_PER_KWH * over + site.storage_wear_eur_per_kwh * out
        limits += [peak >= net - over - site.peak_kwh]
    cost = cost - site.storage_value_eur_per_kwh * battery
    problem = cp.Problem(cp.Minimize(cost), limits)
    return float(problem.solve(solver="HIGHS"))


def instance(seed: int) -> tuple[Cars, Connection]:
    """Up to four cars over up to six steps at a site with everything, every other with groups."""
    rng = np.random.default_rng(seed)
    grouped = seed % 2 == 1
    n, horizon = int(rng.integers(0, 5)), int(rng.integers(1, 7))
    low = rng.choice([0.0, 2.0], n)
    energy, high = rng.uniform(0, 20, n), rng.choice([12.0, 20.0, 30.0], n)
    hi = rng.choice([0.0, 2.0, 4.0], n) * (energy < high)
    hi = np.minimum(hi, np.maximum(high - energy, 0) / 0.9)
    spare = np.maximum(energy - low, 0) * 0.9
    lo = np.where(rng.random(n) < 0.5, hi * rng.random(n), -np.minimum(spare, 2.0))
    contract = rng.choice([0.0, 3.0, np.inf], n)
    lo = np.where(contract > 0, np.maximum(lo, -contract), np.maximum(lo, 0.0))
    cars = Cars(
        steps=rng.integers(1, horizon + 1, n),
        energy_kwh=energy,
        min_kwh=low,
        max_kwh=high,
        target_kwh=np.minimum(rng.uniform(0, 25, n), high),
        charge_kwh=rng.choice([2.0, 4.0], n),
        discharge_kwh=rng.choice([0.0, 2.0], (n, horizon)),
        contract_kwh=contract,
        pay_eur_per_kwh=rng.choice([0.0, 0.05], (n, horizon)),
        lo_kwh=lo,
        hi_kwh=hi,
        charge_eff=0.9,
        discharge_eff=0.9,
        shortfall_eur_per_kwh=100.0,
        in_group=rng.random((n, 3)) < 0.5 if grouped else None,
    )
    sell = rng.normal(0.05, 0.1, horizon)
    site = Connection(
        buy_eur_per_kwh=sell + rng.choice([0.0, 0.05], horizon),
        sell_eur_per_kwh=sell,
        building_kwh=rng.choice([0.0, 1.5], horizon),
        sun_kwh=rng.choice([0.0, 3.0], horizon),
        import_kwh=rng.choice([3.0, 6.0, np.inf], horizon),
        export_kwh=rng.choice([0.0, 1.0, np.inf], horizon),
        peak_kwh=float(rng.choice([0.0, 2.0])),
        peak_eur_per_kwh=float(rng.choice([0.0, 0.3])),
        storage_kwh=2.0,
        storage_max_kwh=float(rng.choice([2.0, 8.0])),
        storage_power_kwh=float(rng.choice([0.0, 1.0, 3.0])),
        storage_charge_eff=0.95,
        storage_discharge_eff=0.9,
        storage_wear_eur_per_kwh=float(rng.choice([0.0, 0.02])),
        storage_value_eur_per_kwh=0.04,
        group_import_kwh=rng.choice([0.5, 2.0, 6.0], 3) if grouped else (),
        group_export_kwh=rng.choice([0.0, 1.0, np.inf], 3) if grouped else (),
    )
    return cars, site


@examples(150)
@given(st.integers(0, 2**32 - 1))
def test_the_plan_costs_what_its_definition_costs(seed):
    cars, site = instance(seed)
    plan = plan_site(cars, site)
    assert plan.cost_eur == pytest.approx(definition_eur(cars, site), rel=1e-6, abs=1e-5)
    horizon = site.horizon
    for k, steps in enumerate(cars.steps.tolist()):
        assert (plan.net_load_kwh[k, steps:] == 0).all()
        assert cars.lo_kwh[k] - 1e-6 <= plan.net_load_kwh[k, 0]
        assert plan.net_load_kwh[k, 0] <= max(cars.hi_kwh[k], cars.lo_kwh[k]) + 1e-6
    net = plan.net_load_kwh.sum(axis=0) + site.building_kwh + plan.storage_kwh - plan.sun_kwh
    assert net.shape == (horizon,)
    assert (net >= -site.export_kwh - 1e-6).all()
    for g, inside in enumerate(() if cars.in_group is None else cars.in_group.T):
        of_group = plan.net_load_kwh[inside].sum(axis=0)
        assert (of_group[1:] <= site.group_import_kwh[g] + 1e-6).all()
        assert (of_group >= -site.group_export_kwh[g] - 1e-6).all()
    forced = np.maximum(cars.lo_kwh, 0).sum()
    if forced + site.building_kwh[0] <= site.import_kwh[0]:
        assert net[0] <= site.import_kwh[0] + 1e-6


def bare(prices: list[float], **more: Any) -> Connection:
    price = np.array(prices)
    nothing, free = np.zeros(len(price)), np.full(len(price), np.inf)
    given = {
        "buy_eur_per_kwh": price,
        "sell_eur_per_kwh": price,
        "building_kwh": nothing,
        "sun_kwh": nothing,
        "import_kwh": free,
        "export_kwh": free,
    }
    return Connection(**(given | more))


def one_car(need: float, steps: int, horizon: int) -> Cars:
    return Cars(
        steps=np.array([steps]),
        energy_kwh=np.array([0.0]),
        min_kwh=np.array([0.0]),
        max_kwh=np.array([need]),
        target_kwh=np.array([need]),
        charge_kwh=np.array([4.0]),
        discharge_kwh=np.zeros((1, horizon)),
        contract_kwh=np.array([0.0]),
        pay_eur_per_kwh=np.zeros((1, horizon)),
        lo_kwh=np.array([0.0]),
        hi_kwh=np.array([4.0]),
        charge_eff=1.0,
        discharge_eff=1.0,
        shortfall_eur_per_kwh=100.0,
    )


def test_a_limit_spreads_the_charging_and_its_price_says_what_it_costs():
    """6 kWh at prices 1, 2, 3: free 4 + 2; with a limit of 3 it is 3 + 3, and 1 kWh more in the
    first step would cost 2."""
    site = bare([1.0, 2.0, 3.0])
    plan = plan_site(one_car(6.0, 3, 3), site)
    np.testing.assert_allclose(plan.net_load_kwh, [[4.0, 2.0, 0.0]], atol=1e-9)
    tight = bare([1.0, 2.0, 3.0], import_kwh=np.full(3, 2.5))
    plan = plan_site(one_car(6.0, 3, 3), tight)
    np.testing.assert_allclose(plan.net_load_kwh, [[2.5, 2.5, 1.0]], atol=1e-9)
    np.testing.assert_allclose(plan.price_eur_per_kwh, [3.0, 3.0, 3.0], atol=1e-9)


def test_a_peak_charge_levels_the_load():
    plan = plan_site(one_car(6.0, 3, 3), bare([1.0, 1.1, 1.2], peak_eur_per_kwh=5.0))
    np.testing.assert_allclose(plan.net_load_kwh, [[2.0, 2.0, 2.0]], atol=1e-9)


def test_a_battery_buys_low_and_sells_high():
    site = bare(
        [1.0, 3.0], storage_max_kwh=2.0, storage_power_kwh=5.0, storage_wear_eur_per_kwh=0.5
    )
    plan = plan_site(one_car(0.0, 1, 2), site)
    np.testing.assert_allclose(plan.storage_kwh, [2.0, -2.0], atol=1e-9)
    assert plan.cost_eur == pytest.approx(2.0 - 6.0 + 1.0)


def test_sun_is_curtailed_where_giving_it_costs():
    site = bare([-0.1, 0.2], sun_kwh=np.array([3.0, 3.0]))
    plan = plan_site(one_car(1.0, 1, 2), site)
    np.testing.assert_allclose(plan.sun_kwh, [0.0, 3.0], atol=1e-9)


def test_a_group_of_one_spreads_its_car_and_leaves_the_other_alone():
    """6 kWh each at prices 1, 2, 3: the first may take 2 kWh a step, the second 4."""
    two = one_car(6.0, 3, 3)
    cars = Cars(**{
        name: np.repeat(value, 2, axis=0) if isinstance(value, np.ndarray) else value
        for name, value in vars(two).items()
    } | {"in_group": np.array([[True], [False]])})  # fmt: skip
    site = bare([1.0, 2.0, 3.0], group_import_kwh=(2.0,), group_export_kwh=(np.inf,))
    plan = plan_site(cars, site)
    np.testing.assert_allclose(plan.net_load_kwh, [[2.0, 2.0, 2.0], [4.0, 2.0, 0.0]], atol=1e-9)
    assert cars.take(np.array([1])).in_group.tolist() == [[False]]


def test_selling_above_buying_is_refused():
    with pytest.raises(InvalidInputError, match="no end to both"):
        bare([1.0, 1.0], sell_eur_per_kwh=np.array([1.0, 1.1]))
