"""Chargers, batteries, market rules and what drivers pay."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vpp_gym.parameters import Section

Pricing = Literal["dutch", "single", "dual"]
BidLimit = Literal["expected_cars", "chargers"]

LEAST_SHARE = 0.01
"""Of a car's largest power, that a full battery still takes: with 0 it would never be full."""


class SiteParams(Section):
    """The chargers: bidirectional, and all alike unless `charger_kw` says otherwise.

    n_chargers: how many. The default suits the 27.4 cars that come on a day of the synthetic
        and recorded years: it is the least number at which about one in a hundred is turned away.
    charge_kw: largest charging power of each, at the meter.
    charger_kw: power of each charger, one number for each, where they differ: it limits
        charging and discharging further. Cars take the first that is free. None: all alike.
    discharge_kw: largest discharging power of each, at the meter.
    charge_eff: share of the metered energy that is stored.
    discharge_eff: share of the energy taken out that reaches the meter.
    least_kw: least power with which a car is charged or discharged, at the meter: less energy in
        a step is that power during a part of it. 1.38 is 6 A on one phase, 4.14 on three.
    standby_kw: what charger and car take besides while they charge or discharge. It makes
        efficiency fall at low power: of a power p it is charge_eff * p / (p + standby_kw).
        See docs/cars.md.

    Source of power and efficiency: Rahman et al. 2023, Sec. 7 (11 kW, 0.98).
    """

    n_chargers: int = Field(default=18, ge=1, le=1_000_000)
    charge_kw: float = Field(default=11.0, gt=0, le=5_000)
    charger_kw: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    discharge_kw: float = Field(default=11.0, ge=0, le=5_000)
    charge_eff: float = Field(default=0.98, gt=0, le=1)
    discharge_eff: float = Field(default=0.98, gt=0, le=1)
    least_kw: float = Field(default=0.0, ge=0, le=5_000)
    standby_kw: float = Field(default=0.0, ge=0, le=5_000)

    @model_validator(mode="after")
    def _one_power_a_charger(self) -> SiteParams:
        if self.charger_kw is None:
            return self
        if len(self.charger_kw) != self.n_chargers:
            raise ValueError(f"charger_kw: give {self.n_chargers} powers, as n_chargers")
        if max(self.charger_kw) > self.charge_kw:
            raise ValueError(f"charger_kw: give {self.charge_kw:g} kW at most, or raise charge_kw")
        return self

    @model_validator(mode="after")
    def _standby_is_of_a_power(self) -> SiteParams:
        if self.least_kw > self.charge_kw:
            raise ValueError(f"least_kw: give {self.charge_kw:g} at most, as charge_kw")
        if self.standby_kw > self.least_kw:
            raise ValueError(
                f"standby_kw: give least_kw, too, of {self.standby_kw:g} at least: the least power "
                "with which a car is charged"
            )
        return self

    @property
    def charging_standby(self) -> float:
        """Standby for each kWh that is charged at full power, at the meter [kWh/kWh]."""
        return self.standby_kw / self.charge_kw

    @property
    def discharging_standby(self) -> float:
        """Standby for each kWh that is discharged at full power, at the meter [kWh/kWh]."""
        return self.standby_kw / max(self.discharge_kw, self.least_kw) if self.standby_kw else 0.0

    @property
    def all_kw(self) -> float:
        """Power of all chargers together, either way."""
        largest_kw = max(self.charge_kw, self.discharge_kw)
        if self.charger_kw is None:
            return self.n_chargers * largest_kw
        return sum(self.charger_kw)


class BatteryParams(Section):
    """Window of state of charge in which any battery is operated.

    min_soc: share of the capacity below which no battery is discharged.
    max_soc: share of the capacity above which none is charged; above 1 removes the upper
        limit, for reproductions.
    taper: how cars charge more slowly at a high state of charge that say nothing of it
        themselves: pairs of a state of charge and the share of the car's largest power that it
        takes there, the last of a full battery, such as ((0.8, 1), (1, 0.1)). Below the first,
        power is as there; between two, it is on a line; it may only fall, and ever faster.
        Empty: no taper. See docs/cars.md.
    """

    min_soc: float = Field(default=0.03, ge=0, lt=1)
    max_soc: float = Field(default=0.97, gt=0, le=2)
    taper: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _window_is_open(self) -> BatteryParams:
        if self.min_soc >= self.max_soc:
            raise ValueError(f"min_soc {self.min_soc} must be below max_soc {self.max_soc}")
        return self

    @model_validator(mode="after")
    def _taper_falls_ever_faster(self) -> BatteryParams:
        if not self.taper:
            return self
        soc, share = zip(*self.taper, strict=True)
        if min(soc) < 0 or soc[-1] != 1 or list(soc) != sorted(set(soc)):
            raise ValueError("taper: give states of charge that rise, the last of them 1")
        if not (max(share) <= 1 and min(share) >= LEAST_SHARE):
            raise ValueError(f"taper: give shares of {LEAST_SHARE:g} to 1: at 0 no battery fills")
        falls = [
            (share[k] - share[k + 1]) / (soc[k + 1] - soc[k]) for k in range(len(self.taper) - 1)
        ]
        if any(later < sooner - 1e-9 for sooner, later in zip([0.0, *falls], falls, strict=False)):
            raise ValueError("taper: power must fall, and ever faster towards a full battery")
        if self.max_soc > 1:
            raise ValueError("taper: it ends with a full battery: give a max_soc of 1 at most")
        return self


class MarketParams(Section):
    """Rules of settlement.

    imbalance_pricing:
        "dutch": the scenario's short and long prices as they are: one price,
        but two in hours of regulation state 2.
        "single": the mean of the two prices settles both directions.
        "dual": a short party pays max(DA, short), a long one gets min(DA, long).
    gate_closure_h: hour of the local day at which the schedule of tomorrow is submitted.
    imbalance_lag_steps: 1: only prices of settled steps are known; 0: the price
        of the present step is known before the dispatch, too.
    bid_limit: what the bids of a period may be at most.
        "expected_cars": the mean power of the cars connected in that period on the past days
        of the run: what they could take for bids that buy, and what those with a running
        contract could give for bids that sell. Nothing on the first day.
        "chargers": the power of all chargers, either way.
    bid_limit_kw: a further limit per period, either way; None: no further limit.

    Source of "expected_cars": Rahman et al. 2023, Sec. 5, bounds bids by connected cars.
    """

    imbalance_pricing: Pricing = "dutch"
    gate_closure_h: int = Field(default=12, ge=1, le=23)
    imbalance_lag_steps: Literal[0, 1] = 1
    bid_limit: BidLimit = "expected_cars"
    bid_limit_kw: float | None = Field(default=None, ge=0, le=1e9)


class DriverParams(Section):
    """What drivers pay for energy, and the penalty on unserved energy.

    retail_eur_per_kwh: what drivers pay for served energy, per kWh at the meter.
    shortfall_eur_per_kwh: least penalty per kWh that is missing in the battery, beside the retail
        revenue that is lost.
    early_shortfall_share: share of the penalty that is owed to drivers who leave before the
        departure that they declared: the promise was for then.
    shortfall_da_factor: the penalty is no less than this times the mean day-ahead price of
        today and the 27 days before, so that it follows the price level of the world: not
        to charge must not pay where energy is dear.
    returning: cars of known drivers come back as they left, minus the trip, see docs/drivers.md;
        false: as the scenario has them.

    Sources of the defaults. Retail price: Rahman et al. 2023, Sec. 7. Penalty: what is missing
    is bought at a fast charger. That cost 0.59 EUR/kWh in the Netherlands of 2019 (Fastned
    without a subscription); less the retail price, which is not paid, and rounded up. The factor
    gives about the same at the price level of 2019. The share is our assumption.
    """

    retail_eur_per_kwh: float = Field(default=0.13, ge=0, le=20)
    shortfall_eur_per_kwh: float = Field(default=0.5, ge=0, le=1_000)
    early_shortfall_share: float = Field(default=0.1, ge=0, le=1)
    shortfall_da_factor: float = Field(default=10.0, ge=0, le=1_000)
    returning: bool = False
