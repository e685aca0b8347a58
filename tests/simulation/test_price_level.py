"""The penalty on unserved energy follows the price level, and is never less than given."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import AMSTERDAM, one_car, plain, plain_world
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.dataset import build_dataset
from vpp_gym.views import Decisions

RULES = plain(
    site={"n_chargers": 1, "charge_eff": 1.0},
    driver={"shortfall_eur_per_kwh": 0.5, "shortfall_da_factor": 10},
    contract={"families": ()},
)


def shortfall_eur_per_kwh(scenario, rules):
    """(T,) as the simulator has it."""
    return build_dataset([scenario], rules).steps["shortfall_eur_per_kwh"]


def rising(days: int, **more: object):
    """A price of 0.01 EUR/kWh on the first day, 0.02 on the second, ..."""
    return plain_world(24 * days, da=np.repeat(np.arange(1, days + 1) / 100, 24), **more)


def test_it_is_ten_times_the_mean_price_of_four_weeks():
    """On day 9 the mean of 1 to 9 cents is 5; on day 40 that of 13 to 40 cents is 26.5."""
    by_day = shortfall_eur_per_kwh(rising(40), RULES)[::24]
    np.testing.assert_allclose(by_day[:9], 0.5)
    assert by_day[9] == pytest.approx(0.55)
    assert by_day[27] == pytest.approx(10 * 0.145)
    assert by_day[28] == pytest.approx(10 * 0.155)
    assert by_day[39] == pytest.approx(2.65)


def test_a_factor_of_zero_leaves_it_as_given():
    rules = RULES.replace(driver={"shortfall_da_factor": 0})
    assert (shortfall_eur_per_kwh(rising(40), rules) == 0.5).all()


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
@pytest.mark.parametrize("start", ["2019-03-20", "2019-10-20"])
def test_a_day_of_23_or_25_hours_counts_as_long_as_it_is(start, dt_h):
    """Against the mean over all steps whose date is within the four weeks."""
    rng, steps = np.random.default_rng(0), round(40 * 24 / dt_h)
    scenario = plain_world(
        steps, da=rng.normal(0.1, 0.1, steps), start=start, timezone=AMSTERDAM, dt_h=dt_h
    )
    date = scenario.clock.astype("datetime64[D]").astype(int)
    found = shortfall_eur_per_kwh(scenario, RULES)
    for t in range(0, steps, 37):
        weeks = (date <= date[t]) & (date > date[t] - 28)
        level = scenario.da_eur_per_kwh[weeks].mean()
        assert found[t] == pytest.approx(max(0.5, 10 * level))


def test_later_prices_are_not_in_it():
    """Those of the same day are: they are known since the day before."""
    one = rising(40)
    changed = one.da_eur_per_kwh.copy()
    changed[24 * 30 :] += 1.0
    other = plain_world(24 * 40, da=changed)
    before, after = shortfall_eur_per_kwh(one, RULES), shortfall_eur_per_kwh(other, RULES)
    np.testing.assert_array_equal(before[: 24 * 30], after[: 24 * 30])
    assert (before[24 * 30 :] < after[24 * 30 :]).all()


def test_who_leaves_is_missed_at_the_penalty_of_that_day():
    """2 of 40 kWh missing at midnight: the new day's penalty, 0.11 * 10 / 2 after 10 days."""
    car = one_car(9 * 24 + 20, 10 * 24, 0.5, target_soc=0.525)
    sim = Simulation(rising(20, sessions=car), RULES)
    sim.reset(start_step=9 * 24 + 20)
    assert sim.snapshot().shortfall_eur_per_kwh == pytest.approx(0.55)
    record = np.zeros(1)
    for _ in range(4):
        record = sim.step(Decisions(fleet_kwh=0.0))[0]
    assert sim.snapshot().shortfall_eur_per_kwh == pytest.approx(0.6)
    assert record[COLUMN.unserved_kwh] == pytest.approx(2.0)
    assert record[COLUMN.shortfall_eur] == pytest.approx(-2.0 * 0.6)


def test_who_is_still_there_at_the_end_of_a_run_is_missed_at_the_penalty_of_that_day():
    """32 kWh are missing at midnight, 22 of them can still be charged until 2:00."""
    car = one_car(9 * 24 + 20, 10 * 24 + 2, 0.5, target_soc=0.9)
    sim = Simulation(rising(20, sessions=car), RULES)
    sim.reset(start_step=9 * 24 + 20, end_step=10 * 24)
    for _ in range(4):
        record = sim.step(Decisions(fleet_kwh=0.0))[0]
    assert record[COLUMN.unserved_kwh] == pytest.approx(10.0)
    assert record[COLUMN.shortfall_eur] == pytest.approx(-10.0 * 0.6)
