"""Days cut out of years: what happens in them is what happened there."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.months import MonthSource, excerpt
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_site import SiteSource

YEARS = SiteSource(SyntheticSource("test", 2, dt_h=1.0, sessions_per_day=6))


def test_a_month_has_the_prices_sun_and_cars_of_its_days():
    months = MonthSource(YEARS, days=5)
    assert months.n_scenarios == 12
    part, year = months.scenario(3), YEARS.scenario(1)
    assert str(part.start)[:10] == "2019-04-01"
    begin = (31 + 28 + 31) * 24
    days = slice(begin, begin + 5 * 24)
    np.testing.assert_array_equal(part.da_eur_per_kwh, year.da_eur_per_kwh[days])
    np.testing.assert_array_equal(part.im_long_eur_per_kwh, year.im_long_eur_per_kwh[days])
    np.testing.assert_array_equal(part.site.pv_kwh, year.site.pv_kwh[days])
    assert part.site.building_peak_kw == year.site.building_peak_kw
    assert part.params == year.params
    arrival = year.sessions.arrival_step
    inside = (arrival >= begin) & (arrival < begin + 5 * 24)
    np.testing.assert_array_equal(part.sessions.arrival_step, arrival[inside] - begin)
    np.testing.assert_array_equal(part.sessions.arrival_soc, year.sessions.arrival_soc[inside])
    assert part.sessions.departure_step.max() == 5 * 24
    assert months.scenario(3) is part
    assert months.scenario(2).name.startswith(YEARS.scenario(0).name)


def test_who_stays_beyond_the_end_needs_what_can_be_charged_until_then():
    scenario = Scenario.from_arrays(
        da_eur_per_kwh=np.zeros(72),
        im_eur_per_kwh=np.zeros(72),
        sessions={
            "arrival_step": [10, 30, 46, 50],
            "departure_step": [40, 47, 60, 70],
            "arrival_soc": [0.1] * 4,
            "target_soc": [0.9] * 4,
        },
    )
    part = excerpt(scenario, 1, 1)
    assert part.site is None
    assert part.sessions.arrival_step.tolist() == [6, 22]
    assert part.sessions.departure_step.tolist() == [23, 24]
    reach = 0.1 + 2 * 11 * 0.98 / 80
    np.testing.assert_allclose(part.sessions.target_soc, [0.9, reach])
    assert part.notes["demands_capped_at_end"] == 1


def test_days_that_are_not_there_are_refused():
    with pytest.raises(InvalidInputError, match="365 days"):
        excerpt(YEARS.scenario(0), 360, 6)
    with pytest.raises(InvalidInputError, match="28"):
        MonthSource(YEARS, days=29)
    with pytest.raises(InvalidInputError, match="years"):
        MonthSource("site:test")
    short = FixedSource(excerpt(YEARS.scenario(0), 0, 40))
    with pytest.raises(InvalidInputError, match="no 2019-05"):
        MonthSource(short).scenario(4)
