"""State and price of the batteries whose ageing is reported."""

from __future__ import annotations

from pydantic import Field

from vpp_gym.parameters import Section

DAYS_PER_YEAR = 365.25


class AgeingParams(Section):
    """State and price of the batteries whose ageing is reported, and shown to planners that ask.

    What owners perceive is `owner.wear_eur_per_kwh`, and what they are paid does not follow
    from these.

    temperature_c: of the cells, degrees C.
    age_years: of the batteries; the older, the less they lose in a day.
    cycles_per_year: full cycles of driving and charging so far; the more, the less the next one
        costs.
    pack_eur_per_kwh: price of a new battery, per kWh of its capacity.
    end_soh: share of the capacity at which the battery is replaced: the price is lost
        with the capacity above it.

    The model is that of `vpp_gym.fleet.ageing`. Sources of the defaults. Price: as of
    `owner.wear_eur_per_kwh`. End: 80 % is the usual definition of the end of a battery's life in a
    car. Cycles: about 15,000 km a year at 0.2 kWh/km, of 60 kWh. Age and temperature are our
    assumption.
    """

    temperature_c: float = Field(default=25.0, ge=-20, le=60)
    age_years: float = Field(default=4.0, gt=0, le=50)
    cycles_per_year: float = Field(default=50.0, gt=0, le=10_000)
    pack_eur_per_kwh: float = Field(default=100.0, ge=0, le=10_000)
    end_soh: float = Field(default=0.8, ge=0, lt=1)

    @property
    def age_days(self) -> float:
        """Days since the batteries were new."""
        return self.age_years * DAYS_PER_YEAR

    @property
    def cycles(self) -> float:
        """Full cycles so far."""
        return self.age_years * self.cycles_per_year

    @property
    def eur_per_lost_kwh(self) -> float:
        """What a kWh of lost capacity costs.

        >>> round(AgeingParams().eur_per_lost_kwh, 6)
        500.0
        """
        return self.pack_eur_per_kwh / (1 - self.end_soh)
