"""What the VPP offers to owners."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from vpp_gym.parameters import Section, check_distribution

Family = Literal["fixed_term", "price_based", "volume_based", "control_based"]
PayoffRule = Literal["all_or_nothing", "pro_rata"]


class PriceBasedParams(Section):
    """Discharging is allowed whenever the day-ahead price covers the owner's price.

    markup: the owner asks for this multiple of the perceived wear (minPrice).
    margin: share of (day-ahead price - minPrice) paid on top of minPrice, per kWh.
    keep_soc: share of the capacity that must stay in the battery.

    Source: Park Lee et al. 2018, price-based contracts.
    """

    markup: float = Field(default=1.0, ge=1, le=100)
    margin: float = Field(default=0.25, ge=0, le=1)
    keep_soc: float = Field(default=0.0, ge=0, le=1)


class VolumeBasedParams(Section):
    """A volume within a committed interval, paid for being committed and for its use.

    delay_h, term_h: the interval begins so long after the arrival, and lasts so long.
    energy_kwh: maxVolume.
    keep_soc: guaranteed level, and so the level required on arrival beyond the volume.
    eur_per_h: pay for each hour of the interval.
    eur_per_kwh: pay for each kWh of the volume, used or not.
    tariff_eur_per_kwh: pay for each kWh that is discharged.

    Source: Park Lee et al. 2018, volume-based contracts.
    """

    delay_h: int = Field(default=0, ge=0, le=168)
    term_h: int = Field(default=10, ge=1, le=168)
    energy_kwh: float = Field(default=20.0, gt=0, le=5_000)
    keep_soc: float = Field(default=0.2, ge=0, le=1)
    eur_per_h: float = Field(default=0.0, ge=0, le=100)
    eur_per_kwh: float = Field(default=0.0, ge=0, le=20)
    tariff_eur_per_kwh: float = Field(default=0.02, ge=0, le=20)


class ControlBasedParams(Section):
    """The VPP controls the car while it is plugged in, down to a guaranteed level.

    keep_soc: activation limit, a share of the capacity.
    tariff_eur_per_kwh: pay for each kWh that is discharged.
    eur_per_h: capacity pay for each hour of the declared stay.
    eur_per_kwh_arrival: capacity pay for each kWh stored above the limit on arrival.

    Source: Park Lee et al. 2018, control-based contracts.
    """

    keep_soc: float = Field(default=0.2, ge=0, le=1)
    tariff_eur_per_kwh: float = Field(default=0.02, ge=0, le=20)
    eur_per_h: float = Field(default=0.0, ge=0, le=100)
    eur_per_kwh_arrival: float = Field(default=0.0, ge=0, le=20)


class ContractParams(Section):
    """What the VPP offers to owners.

    families: what an arriving owner may choose from; several make a hybrid menu, none
        offers nothing.
    term_h, delay_h: window of the fixed-term menu: its length (0 offers nothing), and
        how long after the arrival it opens.
    kappa_eur, saturation_kwh: w kWh are worth kappa log(1 + w / saturation) to the VPP:
        the value curve that the menu is designed for.
    type_prob: the distribution of types that the menu is designed for; None: the owners'.
    payoff_rule: what an owner gets who leaves before the declared departure:
        "all_or_nothing" of the payoff, or "pro_rata" by the part of the window served.
        What was discharged is paid in any case.

    Source of the fixed-term menu: Rahman et al. 2023, Table 1.
    """

    families: tuple[Family, ...] = ("fixed_term",)
    term_h: int = Field(default=3, ge=0, le=168)
    delay_h: int = Field(default=0, ge=0, le=168)
    kappa_eur: float = Field(default=0.2, gt=0)
    saturation_kwh: float = Field(default=1.0, gt=0, le=5_000)
    type_prob: tuple[float, ...] | None = None
    payoff_rule: PayoffRule = "all_or_nothing"
    price_based: PriceBasedParams = PriceBasedParams()
    volume_based: VolumeBasedParams = VolumeBasedParams()
    control_based: ControlBasedParams = ControlBasedParams()

    @model_validator(mode="after")
    def _families_are_distinct(self) -> ContractParams:
        if len(set(self.families)) < len(self.families):
            raise ValueError("families: name each family once")
        if self.type_prob is not None:
            check_distribution("type_prob", self.type_prob)
        return self
