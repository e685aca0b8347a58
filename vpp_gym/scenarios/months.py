"""Months of years: a few weeks of each, so that slow planners see every season."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.params.site import SiteParams
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.cut_stays import reachable_target_soc
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.site_series import SERIES, SiteSeries
from vpp_gym.scenarios.source import BuiltSource, ScenarioSource

MONTHS = 12
SHORTEST_MONTH = 28


class MonthSource(BuiltSource[Scenario]):
    """The first days of a month from years of another source.

    Scenario k is of month k (0 is January), from year k of the source, or where that has fewer
    from year k modulo their number. So twelve of one year are its months, and twelve of twelve
    years a month of each.

    Args:
        years: a source whose scenarios begin on 1 January and last a year.
        days: from the first of each month, 28 at most.

    Raises:
        InvalidInputError: no source, or too many days.
    """

    def __init__(self, years: ScenarioSource, days: int = SHORTEST_MONTH) -> None:
        if not isinstance(years, ScenarioSource):
            raise InvalidInputError("years", years, "give a source, such as a SyntheticSource")
        self.years, self.days = years, whole("days", days, least=1)
        if self.days > SHORTEST_MONTH:
            raise InvalidInputError("days", days, f"every month has {SHORTEST_MONTH}")
        super().__init__(name=f"months of {years.name}", dt_h=years.dt_h, n_scenarios=MONTHS)

    def _build(self, index: int) -> Scenario:
        year = self.years.scenario(index % self.years.n_scenarios)
        dates = year.clock.astype("datetime64[D]")
        first_day = dates[0].astype("datetime64[Y]").astype("datetime64[M]") + index
        found = dates == first_day.astype("datetime64[D]")
        if not found.any():
            remedy = f"{year.name} has no {first_day}: give whole years"
            raise InvalidInputError("years", year.name, remedy)
        part = excerpt(year, int(year.day[np.argmax(found)]), self.days)
        return replace(part, name=f"{year.name}:{first_day}")


def excerpt(scenario: Scenario, first_day: int, days: int) -> Scenario:
    """Some whole days of a scenario.

    Cars that are there before the first day are left out. Those that stay beyond the last leave at
    its end, and need no more than full power of the reference charger reaches by then.

    Args:
        scenario: of which.
        first_day: number of the local day, 0 for the first.
        days: how many.

    Raises:
        InvalidInputError: the scenario does not have them.
    """
    first_day, days = whole("first_day", first_day, least=0), whole("days", days, least=1)
    last = first_day + days
    if last > int(scenario.day[-1]) + 1:
        remedy = f"{scenario.name} has {int(scenario.day[-1]) + 1} days"
        raise InvalidInputError("first_day, days", (first_day, days), remedy)
    begin, end = np.searchsorted(scenario.day, (first_day, last)).tolist()
    arrival = scenario.sessions.arrival_step
    sessions = scenario.sessions.take(np.flatnonzero((arrival >= begin) & (arrival < end)))
    columns = {
        **vars(sessions),
        "arrival_step": sessions.arrival_step - begin,
        "departure_step": sessions.departure_step - begin,
    }
    site = SiteParams()
    columns["target_soc"], capped = reachable_target_soc(
        columns,
        end - begin,
        dt_h=scenario.dt_h,
        charge_kw=site.charge_kw,
        charge_eff=site.charge_eff,
    )
    return Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh[begin:end],
        im_short_eur_per_kwh=scenario.im_short_eur_per_kwh[begin:end],
        im_long_eur_per_kwh=scenario.im_long_eur_per_kwh[begin:end],
        sessions=columns,
        start=scenario.clock[begin],
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
        name=f"{scenario.name}:{scenario.clock[begin].astype('datetime64[D]')}+{days}",
        notes={**scenario.notes, "demands_capped_at_end": int(capped.sum())},
        params=scenario.params,
        site=None if scenario.site is None else _of_steps(scenario.site, begin, end),
    )


def _of_steps(site: SiteSeries, begin: int, end: int) -> SiteSeries:
    """Series of some steps, with the ratings of all."""
    series: dict[str, Floats | None] = {name: getattr(site, name) for name in SERIES}
    cut: dict[str, Any] = {
        name: None if one is None else one[begin:end] for name, one in series.items()
    }
    return replace(site, **cut)
