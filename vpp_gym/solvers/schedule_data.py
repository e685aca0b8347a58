"""One instance of the fleet's schedule: the numbers that change from solve to solve."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.solvers.limits import (
    Ev,
    checked_fleet,
    checked_power,
    checked_prices,
    n_evs,
    per_ev,
)


@dataclass(frozen=True)
class ScheduleRules:
    """What stays the same between solves.

    Attributes:
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        dt_h: hours per step.
        shortfall_eur_per_kwh: per kWh of battery energy missing at departure;
            None makes every target a hard constraint.
        site_limit_kw: limit of |net load| of the site; None has none.
        ramp_eur_per_kwh2: on the square of each change of the site's net load.
        wear_eur_per_kwh2: on the square of each EV's discharge in a step.
        pooled: the site's net load and its commitments are settled as one
            position, so that one EV's discharge offsets another's charging.
        boolean: forbid charging and discharging at once by binaries, and either
            where an EV outside its window may only move back towards it; needed
            where selling earns what buying costs even after the losses (negative
            prices) and for EVs outside, and not available with quadratic terms.
    """

    charge_eff: float = 0.98
    discharge_eff: float = 0.98
    dt_h: float = 1.0
    shortfall_eur_per_kwh: float | None = None
    site_limit_kw: float | None = None
    ramp_eur_per_kwh2: float = 0.0
    wear_eur_per_kwh2: float = 0.0
    pooled: bool = False
    boolean: bool = False

    def __post_init__(self) -> None:
        for name in ("charge_eff", "discharge_eff"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise InvalidInputError(name, getattr(self, name), "give a fraction, at most 1")
        for name in (
            "dt_h",
            "shortfall_eur_per_kwh",
            "site_limit_kw",
            "ramp_eur_per_kwh2",
            "wear_eur_per_kwh2",
        ):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value < np.inf:
                raise InvalidInputError(name, value, "give a finite number, at least 0")
        if self.boolean and self.is_quadratic:
            raise InvalidInputError("boolean", True, "leave out the ramp and wear terms")

    @property
    def is_quadratic(self) -> bool:
        """Whether a quadratic term makes the program a QP."""
        return self.ramp_eur_per_kwh2 > 0.0 or self.wear_eur_per_kwh2 > 0.0

    @property
    def site_limit_kwh(self) -> float:
        """Limit of the site's net load per step, inf without one."""
        return np.inf if self.site_limit_kw is None else self.site_limit_kw * self.dt_h


@dataclass(frozen=True)
class ScheduleData:
    """One fleet and its prices.

    Attributes:
        buy_eur_per_kwh: (H,) at the meter for charging.
        sell_eur_per_kwh: (H,) at the meter for discharging, or (n, H) where each EV
            has its own; one for all in pooled settlement.
        steps: (n,) or scalar, steps to the EV's departure.
        energy_kwh: (n,) or scalar, stored now; as are the limits below.
        min_kwh: lower limit of the stored energy.
        max_kwh: upper limit of the stored energy.
        target_kwh: to be stored at departure.
        charge_kwh: limit per step at the meter, or (n, H) for each step.
        discharge_kwh: limit per step at the meter, or (n, H) for each step.
        discharge_steps: discharge is possible in the first so many steps.
        contract_kwh: energy left in the contract, at the meter; inf: no cap.
        committed_kwh: (H,) sold already, + sells; for pooled settlement.
    """

    buy_eur_per_kwh: ArrayLike
    sell_eur_per_kwh: ArrayLike
    steps: ArrayLike
    energy_kwh: ArrayLike
    min_kwh: ArrayLike
    max_kwh: ArrayLike
    target_kwh: ArrayLike
    charge_kwh: ArrayLike
    discharge_kwh: ArrayLike
    discharge_steps: ArrayLike
    contract_kwh: ArrayLike
    committed_kwh: ArrayLike = 0.0


@dataclass(frozen=True)
class Instance:
    """Checked data as arrays, widened to the (n, H) of a program.

    EVs that the data lack have no power and want nothing; steps beyond the data's
    horizon have neither price nor power.

    Attributes:
        buy: (H,) EUR/kWh.
        sell: (n or 1, H) EUR/kWh, one row where all EVs share it.
        charge_max_kwh: (n, H) at the meter, zero after departure.
        discharge_max_kwh: (n, H) at the meter, zero outside the contract's window.
        energy_kwh: (n,) stored now.
        min_kwh: (n,) lower limit.
        max_kwh: (n,) upper limit.
        lower_kwh: (n,) lower limit, or the energy now where that is below it.
        upper_kwh: (n,) upper limit, or the energy now where that is above it.
        target_kwh: (n,) wanted at departure.
        contract_kwh: (n,) left to discharge at the meter, >= 0; without a cap all
            that the EV can discharge in its steps.
        committed_kwh: (H,) sold already.
        shape: (n, H) of the data before widening.
    """

    buy: Floats
    sell: Floats
    charge_max_kwh: Floats
    discharge_max_kwh: Floats
    energy_kwh: Floats
    min_kwh: Floats
    max_kwh: Floats
    lower_kwh: Floats
    upper_kwh: Floats
    target_kwh: Floats
    contract_kwh: Floats
    committed_kwh: Floats
    shape: tuple[int, int]


def instance_of(data: ScheduleData, rules: ScheduleRules, n: int, horizon: int) -> Instance:
    """Checked arrays of the data for a program of n EVs and that many steps.

    Raises:
        InvalidInputError: data that cannot be used or do not fit the program.
    """
    wide = n_evs(*(getattr(data, field.name) for field in fields(data)[2:-1]))
    prices = checked_prices(data.buy_eur_per_kwh, data.sell_eur_per_kwh, wide)
    buy, sell = _shared(prices[0]), prices[1]
    if wide > n or len(buy) > horizon:
        raise InvalidInputError("data", (wide, len(buy)), f"build the program for {(n, horizon)}")
    if rules.pooled:
        _check_pooled(buy, sell)
    columns = {name: getattr(data, name, data.max_kwh) for name in Ev._fields}
    table = checked_fleet(wide, **columns)
    energy, low, high, _, target, window, contract, steps = table.T  # order of Ev
    time = np.arange(len(buy))
    here = time < steps[:, None]
    may_discharge = here & (time < window[:, None]) & (contract[:, None] > 0.0)
    discharge = may_discharge * _power("discharge_kwh", data, wide, len(buy))
    # Who is above the window and cannot discharge cannot charge either.
    may_charge = here & ((energy <= high) | discharge.any(axis=1))[:, None]
    charge = may_charge * _power("charge_kwh", data, wide, len(buy))
    uncapped = np.isinf(contract)
    contract = np.where(uncapped, discharge.sum(axis=1), np.maximum(contract, 0.0))
    return Instance(
        buy=_widened(buy, horizon),
        sell=_widened(sell, len(sell) if len(sell) == 1 else n, horizon),
        charge_max_kwh=_widened(charge, n, horizon),
        discharge_max_kwh=_widened(discharge, n, horizon),
        energy_kwh=_widened(energy, n),
        min_kwh=_widened(low, n),
        max_kwh=_widened(high, n),
        lower_kwh=_widened(np.minimum(low, energy), n),
        upper_kwh=_widened(np.maximum(high, energy), n),
        target_kwh=_widened(target, n),
        contract_kwh=_widened(contract, n),
        committed_kwh=_widened(_committed(data.committed_kwh, len(buy)), horizon),
        shape=(wide, len(buy)),
    )


def _shared(buy: Floats) -> Floats:
    """(H,) price of buying, which all EVs share in a program."""
    if len(buy) > 1:
        raise InvalidInputError("buy_eur_per_kwh", buy.shape, "give one price per step")
    return buy[0]


def _power(name: str, data: ScheduleData, n: int, steps: int) -> Floats:
    """(n or 1, H or 1) limit of charging or discharging."""
    return checked_power(name, per_ev(getattr(data, name)), n, steps)


def _check_pooled(buy: Floats, sell: Floats) -> None:
    """Refuse prices that do not settle the site's one position."""
    if len(sell) > 1:
        remedy = "pooled settlement has one selling price for all EVs: give (H,)"
        raise InvalidInputError("sell_eur_per_kwh", sell.shape, remedy)
    if (sell[0] > buy).any():
        raise InvalidInputError("sell_eur_per_kwh", sell[0], "pooled settlement needs sell <= buy")


def _committed(committed_kwh: ArrayLike, steps: int) -> Floats:
    committed = np.asarray(committed_kwh, dtype=float)
    if committed.shape not in ((), (steps,)) or not np.isfinite(committed).all():
        remedy = f"give one finite number or {steps}"
        raise InvalidInputError("committed_kwh", committed_kwh, remedy)
    return np.broadcast_to(committed, steps)


def _widened(array: Floats, *shape: int) -> Floats:
    """The array with zeros behind it along every axis."""
    wide = np.zeros(shape)
    wide[tuple(slice(length) for length in array.shape)] = array
    return wide
