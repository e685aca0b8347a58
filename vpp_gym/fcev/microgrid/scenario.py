"""Years of the microgrid: seeded weather, households and cars, and day-ahead prices."""

from __future__ import annotations

from collections.abc import Sequence

from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.contracts import draw_cars
from vpp_gym.fcev.microgrid.households import draw_households
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario
from vpp_gym.fcev.microgrid.weather import draw_wind_kwh
from vpp_gym.fcev.source import NumberedYears, YearSource, stream, year_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource

WORLD = "microgrid"
_HOUSEHOLDS, _WIND, _CARS = range(10, 13)

MicrogridScenarios = (
    MicrogridScenario | Sequence[MicrogridScenario] | YearSource[MicrogridScenario] | str
)
"""What names scenarios of the microgrid."""


class MicrogridSource(NumberedYears[MicrogridScenario]):
    """Years of a microgrid: day-ahead prices, and all else seeded by the number.

    Weather, households and schedules of a number are the same for every family of
    contracts.

    Args:
        params: of every year.
        prices: years of day-ahead prices, or their name; number k takes year k modulo their
            number.
        n_scenarios: how many episodes are drawn from.
        first_scenario: number of the first of them.
    """

    def __init__(
        self,
        params: MicrogridParams,
        prices: ScenarioSource | str = "synthetic:test",
        *,
        n_scenarios: int = 4,
        first_scenario: int = 0,
    ) -> None:
        super().__init__(WORLD, prices, n_scenarios, first_scenario)
        self.params = params

    def _of(self, number: int, year: Scenario) -> MicrogridScenario:
        days = len(year.da_eur_per_kwh) // HOURS
        return MicrogridScenario(
            name=f"{WORLD}:{year.name}:{number}",
            households=draw_households(stream(number, _HOUSEHOLDS), self.params.household, days),
            wind_kwh=draw_wind_kwh(stream(number, _WIND), self.params.wind, days),
            da_eur_per_kwh=year.da_eur_per_kwh,
            cars=draw_cars(stream(number, _CARS), self.params, days),
        )


def microgrid_source(
    value: MicrogridScenarios | None,
    params: MicrogridParams,
    n_scenarios: int = 4,
    first_scenario: int = 0,
) -> YearSource[MicrogridScenario]:
    """A source of years of the microgrid from whatever names one.

    Args:
        value: a `MicrogridScenario`, several, or a source; or years of prices by name, such as
            "synthetic:test" or "microgrid:synthetic:test"; None for "synthetic".
        params: of the years of a name.
        n_scenarios: of a name: how many episodes are drawn from.
        first_scenario: of a name: number of the first of them.

    Raises:
        InvalidInputError: something else, or a name that there is not.
    """

    def named(prices: str) -> MicrogridSource:
        return MicrogridSource(
            params, prices, n_scenarios=n_scenarios, first_scenario=first_scenario
        )

    return year_source(value, MicrogridScenario, WORLD, named)
