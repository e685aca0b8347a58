"""What may be bid: what the cars of past days could have taken and given, or all chargers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.worlds import plain, plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import as_params
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SITE = {"n_chargers": 3}
BY_CARS = {"bid_limit": "expected_cars"}
CARS = {
    # On the first day two cars from 8 to 10, one of which stays until 12; on the second one.
    "arrival_step": [8, 8, 24 + 8],
    "departure_step": [10, 12, 24 + 10],
    "arrival_soc": [0.9, 0.9, 0.9],
    "charge_kw": [11.0, 3.7, 11.0],
    "discharge_kw": [11.0, 5.0, 11.0],
}
ALL_DAY = {"families": ("control_based",), "control_based": {"tariff_eur_per_kwh": 0.02}}


def after(steps: int, *, contract: dict[str, Any] = ALL_DAY, **market: Any) -> Simulation:
    """A run of three chargers and the cars above, so many steps old."""
    rules = plain(site=SITE, market=BY_CARS | market, contract=contract)
    sim = Simulation(plain_world(96, sessions=CARS), rules)
    sim.reset()
    for _ in range(steps):
        sim.step(Decisions(fleet_kwh=0.0))
    return sim


def limits(sim: Simulation, *periods: int) -> list[tuple[float, float]]:
    shown = sim.snapshot()
    return [(float(shown.bid_lo_kwh[k]), float(shown.bid_hi_kwh[k])) for k in periods]


def test_nothing_may_be_bid_before_any_car_was_seen():
    sim = after(8)
    assert limits(sim, *range(24)) == [(0.0, 0.0)] * 24


def test_the_cars_that_were_there_back_a_bid():
    """14.7 kW to charge and 16 kW under contracts from 8 to 10; then 3.7 and 5 kW until 12."""
    expected = [(0, 0), (-14.7, 16), (-14.7, 16), (-3.7, 5), (-3.7, 5), (0, 0)]
    np.testing.assert_allclose(limits(after(24), 7, 8, 9, 10, 11, 12), expected)


def test_the_mean_of_the_days_counts():
    """The second day has one car of 11 kW from 8 to 10, the third none."""
    expected = [(-12.85, 13.5), (-1.85, 2.5), (0, 0)]
    np.testing.assert_allclose(limits(after(48), 8, 11, 12), expected)
    expected = [(-25.7 / 3, 9), (-3.7 / 3, 5 / 3), (0, 0)]
    np.testing.assert_allclose(limits(after(72), 8, 11, 12), expected)


def test_only_open_contracts_back_what_is_sold():
    """A window from the second hour on; nothing where there are no contracts."""
    late = {"families": ("fixed_term",), "delay_h": 1, "term_h": 1}
    np.testing.assert_allclose(limits(after(24, contract=late), 8, 9), [(-14.7, 0), (-14.7, 16)])
    np.testing.assert_allclose(limits(after(24, contract={"families": ()}), 8), [(-14.7, 0)])


def test_a_new_run_starts_with_nothing():
    sim = after(24)
    sim.reset()
    assert limits(sim, *range(24)) == [(0.0, 0.0)] * 24


@pytest.mark.parametrize("bid_limit_kw", [None, 10.0, 100.0])
def test_a_further_limit(bid_limit_kw):
    at_most = 100 if bid_limit_kw is None else bid_limit_kw
    by_cars = limits(after(24, bid_limit_kw=bid_limit_kw), 8)
    np.testing.assert_allclose(by_cars, [(-min(14.7, at_most), min(16, at_most))])
    by_chargers = limits(after(24, bid_limit="chargers", bid_limit_kw=bid_limit_kw), 0, 8)
    limit_kwh = 33.0 if bid_limit_kw is None else bid_limit_kw
    np.testing.assert_allclose(by_chargers, [(-limit_kwh, limit_kwh)] * 2)


def test_limits_are_those_of_a_step():
    """In a quarter of an hour a quarter of the energy."""
    sessions = CARS | {
        name: 4 * np.array(CARS[name]) for name in ("arrival_step", "departure_step")
    }
    sim = Simulation(
        plain_world(192, dt_h=0.25, sessions=sessions),
        plain(site=SITE, market=BY_CARS, contract=ALL_DAY),
    )
    sim.reset()
    for _ in range(96):
        sim.step(Decisions(fleet_kwh=0.0))
    expected = [(0, 0), (-14.7 / 4, 4), (-14.7 / 4, 4), (-3.7 / 4, 5 / 4)]
    np.testing.assert_allclose(limits(sim, 31, 32, 39, 40), expected)


@pytest.mark.parametrize(
    ("period", "bid_kwh"), [(8, 16.1), (8, -14.8), (12, 0.1), (12, -0.1), (9, np.nan), (9, np.inf)]
)
def test_a_bid_that_no_car_backs_is_refused(period, bid_kwh):
    """Naming the bid, what is allowed, and where it is told; nothing has moved."""
    sim = after(36)
    bids = np.zeros(24)
    bids[period] = bid_kwh
    before = sim.state.run.tobytes(), sim.state.da_sold_kwh.tobytes()
    with pytest.raises(InvalidInputError) as refused:
        sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))
    assert refused.value.field == f"bids_kwh[0, {period}]"
    least_kwh, most_kwh = limits(sim, period)[0]
    assert f"[{least_kwh:.6g}, {most_kwh:.6g}] kWh" in refused.value.remedy
    assert "bid_lo_kwh" in refused.value.remedy
    assert "params.market.bid_limit" in refused.value.remedy
    assert (sim.state.run.tobytes(), sim.state.da_sold_kwh.tobytes()) == before


def test_all_that_may_be_bid_is_taken():
    sim = after(36)
    for bids_kwh in (limit[0] for limit in sim.bids_allowed_kwh):
        sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids_kwh))
        np.testing.assert_array_equal(sim.state.da_sold_kwh[0, 1], bids_kwh)
        sim = after(36)


def test_outside_the_gate_a_schedule_is_not_read():
    sim = after(30)
    sim.step(Decisions(fleet_kwh=0.0, bids_kwh=np.full(24, 1e3)))
    assert not sim.state.da_sold_kwh.any()


def test_the_default_world_asks_for_cars_and_the_older_ones_do_not():
    asked = [as_params(name).market.bid_limit for name in ("default", "plain", "paper_2023")]
    assert asked == ["expected_cars", "chargers", "chargers"]
