"""The connection to the grid, the battery behind it, and what is paid for its use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from vpp_gym.parameters import Section
from vpp_gym.params.groups import GroupParams, tree_of

LONGEST_FILL_H = 100.0
"""A battery that takes longer to fill has a unit wrong."""
HOURS_OF_DAY = 24

Fee = Annotated[float, Field(ge=-10, le=10)]
Fees = Annotated[tuple[Fee, ...], Field(min_length=1)]


class ConnectionParams(Section):
    """The connection of the site to the grid.

    import_limit_kw: most that the site may take; None: no limit.
    export_limit_kw: most that it may give; None: no limit.
    notice_h: limits that change by step (`vpp_gym.scenarios.site_series`) are known so many hours
        ahead. What cars are promised beyond that counts on the least limit that may come.
    groups: chargers behind a cable or fuse of their own, in any order: each with `name`,
        `chargers` (a number, "0-9", or a list), `import_kw`, and perhaps `export_kw` and
        `parent`, the name of the group that it is in. See docs/site.md.
    """

    import_limit_kw: float | None = Field(default=None, gt=0, le=1e7)
    export_limit_kw: float | None = Field(default=None, ge=0, le=1e7)
    notice_h: float = Field(default=24.0, ge=0, le=10_000)
    groups: tuple[GroupParams, ...] = ()

    @field_validator("groups")
    @classmethod
    def _groups_are_a_tree(cls, groups: tuple[GroupParams, ...]) -> tuple[GroupParams, ...]:
        tree_of(groups)
        return groups


class StorageParams(Section):
    """A stationary battery behind the connection.

    kwh: usable energy; 0: there is none.
    kw: largest power at the meter, either way.
    charge_eff: share of the metered energy that is stored.
    discharge_eff: share of the energy taken out that reaches the meter.
    wear_eur_per_kwh: cost of wear per kWh discharged, at the meter.
    initial_soc: share of `kwh` that is stored when a run begins.

    The efficiencies are those of lithium-ion systems with their inverter, 0.9 there and back;
    that wear costs nothing unless it is given is our choice.
    """

    kwh: float = Field(default=0.0, ge=0, le=1e7)
    kw: float = Field(default=0.0, ge=0, le=1e7)
    charge_eff: float = Field(default=0.95, gt=0, le=1)
    discharge_eff: float = Field(default=0.95, gt=0, le=1)
    wear_eur_per_kwh: float = Field(default=0.0, ge=0, le=10)
    initial_soc: float = Field(default=0.5, ge=0, le=1)

    @model_validator(mode="after")
    def _power_fills_it(self) -> StorageParams:
        if self.kwh > LONGEST_FILL_H * self.kw * self.charge_eff:
            least_kw = self.kwh / (LONGEST_FILL_H * self.charge_eff)
            raise ValueError(
                f"kwh {self.kwh:g} is more than {self.kw:g} kW can fill in {LONGEST_FILL_H:g} h: "
                f"give kw of at least {least_kw:.3g}"
            )
        return self


class TariffParams(Section):
    """What the site pays for using the grid, beside what the markets settle.

    Fees are one number, or 24: one for each hour of the local clock. A negative fee pays, but
    not for a kWh that is taken and given back.

    currency: "EUR"; to be said where anything is to be paid. Convert other currencies first.
    import_fee_eur_per_kwh: grid fee on what the connection takes.
    export_fee_eur_per_kwh: grid fee on what it gives.
    energy_tax_eur_per_kwh: on what it takes.
    net_metering: the tax is on the net import of each calendar year, so that what is given
        back is not taxed; never less than nothing.
    peak_eur_per_kw_month: on the largest mean power of a step that the connection takes in each
        calendar month.

    A name of `vpp_gym.params.tariffs.TARIFFS` stands for all of it: `{"tariff": "nl"}`, or
    `--set tariff=nl`.
    """

    currency: Literal["EUR"] | None = None
    import_fee_eur_per_kwh: Fees = (0.0,)
    export_fee_eur_per_kwh: Fees = (0.0,)
    energy_tax_eur_per_kwh: float = Field(default=0.0, ge=0, le=10)
    net_metering: bool = False
    peak_eur_per_kw_month: float = Field(default=0.0, ge=0, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        from vpp_gym.params.tariffs import TARIFFS  # which are made of this class

        if value not in TARIFFS:
            raise ValueError(f"use one of {', '.join(TARIFFS)}, or say each fee")
        return TARIFFS[value].model_dump()

    @model_validator(mode="after")
    def _fees_can_be_paid(self) -> TariffParams:
        for name in ("import_fee_eur_per_kwh", "export_fee_eur_per_kwh"):
            if len(getattr(self, name)) not in (1, HOURS_OF_DAY):
                raise ValueError(f"{name}: give one number, or {HOURS_OF_DAY}, one an hour")
        ways = (self.import_fee_eur_per_kwh, self.export_fee_eur_per_kwh)
        hours = max(map(len, ways))
        taken, given = (way * (hours // len(way)) for way in ways)
        if min(map(sum, zip(taken, given, strict=True))) + self.energy_tax_eur_per_kwh < 0:
            raise ValueError(
                "import and export fee and tax add up to less than 0: a kWh that is "
                "taken and given back must not earn"
            )
        if self.is_due and self.currency is None:
            raise ValueError('fees have no currency: say currency="EUR", and convert others')
        return self

    @property
    def is_due(self) -> bool:
        """Whether anything is to be paid."""
        fees = (*self.import_fee_eur_per_kwh, *self.export_fee_eur_per_kwh)
        return any((*fees, self.energy_tax_eur_per_kwh, self.peak_eur_per_kw_month))
