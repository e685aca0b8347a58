"""Checked limits of one EV or a fleet, as the kernels take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.charging import is_taper
from vpp_gym.solvers.soundness import all_finite, all_powers, is_fleet


class Rules(NamedTuple):
    """What all EVs share.

    Attributes:
        charge_eff: in (0, 1].
        discharge_eff: in (0, 1].
        shortfall_eur_per_kwh: EUR per kWh of battery energy missing at departure.
    """

    charge_eff: float
    discharge_eff: float
    shortfall_eur_per_kwh: float


class Ev(NamedTuple):
    """One EV; energies of the battery are stored kWh, all others kWh at the meter.

    Attributes:
        energy_kwh: stored now.
        min_kwh: lower limit of the stored energy.
        max_kwh: upper limit of the stored energy.
        late_max_kwh: behind the contract's window, no charging beyond this.
        target_kwh: to be stored after the last step.
        discharge_steps: steps to the end of the contract's window.
        contract_kwh: most that may be discharged in all; inf: no cap.
        steps: to departure.
    """

    energy_kwh: float
    min_kwh: float
    max_kwh: float
    late_max_kwh: float
    target_kwh: float
    discharge_steps: float
    contract_kwh: float
    steps: float


WHOLE = [Ev._fields.index(name) for name in ("discharge_steps", "steps")]
CONTRACT = Ev._fields.index("contract_kwh")


def checked_fleet(n: int, **columns: ArrayLike) -> Floats:
    """(n, 8) one row per EV, in the order of `Ev`'s fields.

    Args:
        n: number of EVs.
        columns: (n,) or one number for each field of `Ev`.

    Raises:
        InvalidInputError: not finite (a contract may be inf), less than a step's
            stay, part of a step, lengths that do not match, an empty window of energy.
    """
    table = np.empty((n, len(Ev._fields)))
    for k, name in enumerate(Ev._fields):
        shape = _shape(columns[name])
        if shape not in ((), (n,), (1,)):
            raise InvalidInputError(name, shape, f"give ({n},) or one number")
        table[:, k] = columns[name]
    if not is_fleet(table):
        _check_table(table)
    return table


def _shape(values: ArrayLike) -> tuple[int, ...]:
    return values.shape if isinstance(values, np.ndarray) else np.shape(values)


def _check_table(table: Floats) -> None:
    finite = np.isfinite(table)
    if not finite.all():
        _check_infinite(table, finite)
    if table[:, -1].min() < 1.0:
        raise InvalidInputError("steps", table[:, -1].min(), "give at least 1")
    for k in WHOLE:
        column = table[:, k]
        if (column != np.rint(column)).any():
            raise InvalidInputError(Ev._fields[k], column, "give whole steps")
    if (table[:, 1] > table[:, 2]).any():
        raise InvalidInputError("min_kwh", table[:, 1], "must not exceed max_kwh")


def _check_infinite(table: Floats, finite: NDArray[np.bool_]) -> None:
    """Refuse what is not finite, but for a contract without a cap."""
    finite[:, CONTRACT] |= table[:, CONTRACT] == np.inf
    if finite.all():
        return
    k = int(np.argmin(finite.all(axis=0)))
    remedy = "give numbers, inf for no cap" if k == CONTRACT else "give finite numbers"
    raise InvalidInputError(Ev._fields[k], table[np.argmin(finite[:, k]), k], remedy)


def checked_rules(charge_eff: float, discharge_eff: float, shortfall_eur_per_kwh: float) -> Rules:
    """Rules with both efficiencies in (0, 1] and a finite penalty that is not negative."""
    for name, value in (("charge_eff", charge_eff), ("discharge_eff", discharge_eff)):
        if not 0.0 < value <= 1.0:
            raise InvalidInputError(name, value, "give a fraction above 0, at most 1")
    if not 0.0 <= shortfall_eur_per_kwh < np.inf:
        remedy = "give a finite number, at least 0"
        raise InvalidInputError("shortfall_eur_per_kwh", shortfall_eur_per_kwh, remedy)
    return Rules(float(charge_eff), float(discharge_eff), float(shortfall_eur_per_kwh))


def checked_prices(buy: ArrayLike, sell: ArrayLike, n: int) -> tuple[Floats, Floats]:
    """Finite prices of at least one step, each (n or 1, T).

    Args:
        buy: (T,) EUR/kWh, or (n, T) where each EV has its own.
        sell: (T,) EUR/kWh, or (n, T) where each EV has its own.
        n: number of EVs.

    Raises:
        InvalidInputError: shapes that do not match, nan or inf.
    """
    bought, sold = (np.array(p, dtype=float, order="C", ndmin=2) for p in (buy, sell))
    if bought.ndim != 2 or len(bought) not in (1, n) or not bought.size:
        raise InvalidInputError("buy", np.shape(buy), f"give one price per step, or {n} such rows")
    steps = bought.shape[1]
    if sold.shape not in ((1, steps), (n, steps)):
        remedy = f"give ({steps},) or ({n}, {steps}), as buy has so many steps"
        raise InvalidInputError("sell", np.shape(sell), remedy)
    for name, prices in (("buy", bought), ("sell", sold)):
        if not all_finite(prices):
            raise InvalidInputError(name, "nan or inf", "give finite prices")
    return bought, sold


def per_ev(limit_kwh: ArrayLike) -> NDArray:
    """A limit per EV, one number or (n,), as a column; (n, T) per EV and step as it is."""
    limit = np.asarray(limit_kwh)
    return limit if limit.ndim > 1 else limit.reshape(-1, 1)


def n_evs(*columns: ArrayLike) -> int:
    """Length of the longest column; one number counts as one EV."""
    return max(shape[0] if shape else 1 for shape in map(_shape, columns))


def checked_power(name: str, limit_kwh: ArrayLike, n: int, steps: int) -> Floats:
    """(n or 1, T or 1) limit of charging or discharging in a step, at the meter.

    Args:
        name: of the limit.
        limit_kwh: one number, (T,) for a single EV, (n, 1) or (n, T).
        n: number of EVs.
        steps: T.

    Raises:
        InvalidInputError: an array that fits neither the EVs nor the steps, NaN
            or a negative limit.
    """
    limit = np.array(limit_kwh, dtype=float, order="C", ndmin=2)
    if limit.ndim != 2 or limit.shape[0] not in (1, n) or limit.shape[1] not in (1, steps):
        remedy = f"give one number, or limits of {n} EVs, or of {n} EVs in {steps} steps"
        raise InvalidInputError(name, np.shape(limit_kwh), remedy)
    if not all_powers(limit):
        low, high = limit.min(), limit.max()
        worst = high if low >= 0.0 else low
        raise InvalidInputError(name, worst, "give finite numbers, at least 0")
    return limit


def checked_curves(curves: ArrayLike | None, n: int) -> Floats:
    """(n or 1, 2, K) tapers as `vpp_gym.fleet.charging.stored_kw` reads them, K 0 for none.

    Raises:
        InvalidInputError: another shape, energies that fall, or power that rises, is not
            positive or falls ever more slowly.
    """
    if curves is None:
        return np.zeros((1, 2, 0))
    table = np.array(curves, dtype=float, order="C")
    if table.ndim != 3 or table.shape[0] not in (1, n) or table.shape[1] != 2:
        raise InvalidInputError("curves", table.shape, f"give ({n}, 2, K)")
    if not is_taper(table):
        remedy = "give energies that rise, and positive power that falls ever faster"
        raise InvalidInputError("curves", table, remedy)
    return table
