"""Hand-made snapshots: a few EVs and prices, everything else at plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vpp_gym.fleet.envelope import dispatch_limits_kwh
from vpp_gym.fleet.laxity import laxity_h
from vpp_gym.params import PLAIN, VPPParams
from vpp_gym.views import Snapshot


def build_snapshot(
    *,
    energy_kwh: list[float] | None = None,
    target_kwh: list[float] | None = None,
    steps: list[int] | None = None,
    contract_kwh: list[float] | None = None,
    contract_steps: list[int] | None = None,
    contract_wait: list[int] | None = None,
    keep_kwh: list[float] | None = None,
    min_price: list[float] | None = None,
    tariff: list[float] | None = None,
    margin: list[float] | None = None,
    da: list[float] | None = None,
    da_past: list[float] | None = None,
    im_past: list[float] | None = None,
    im_long_past: list[float] | None = None,
    hour: int = 0,
    step: int = 0,
    dt_h: float = 1.0,
    im_now: float | None = None,
    params: VPPParams | dict[str, Any] | None = None,
    expected_load_kwh: list[float] | None = None,
) -> Snapshot:
    """Snapshot of n EVs at chargers 0..n-1, 80 kWh each, prices to the end of tomorrow.

    Changes of rules are changes of the plain world.
    """
    world = PLAIN.changed(params)
    site = world.site
    energy = np.array(energy_kwh or [], dtype=float)
    n = len(energy)
    target = np.array(target_kwh or [77.6] * n, dtype=float)
    left = np.array(steps or [4] * n, dtype=np.int64)
    contract = np.array(contract_kwh or [0.0] * n, dtype=float)
    window = np.array(contract_steps or (contract > 0) * 3, dtype=np.int64)
    wait = np.array(contract_wait or [0] * n, dtype=np.int64)
    keep = np.array(keep_kwh or [0.0] * n, dtype=float)
    least_price = np.array(min_price or [-np.inf] * n, dtype=float)
    signed = window > 0
    active = signed & (wait == 0) & ((da or [0.04])[0] >= least_price)
    periods = round(24 / dt_h)
    ahead = 2 * periods - round(hour / dt_h)
    maximum = np.where(signed, 0.97 * 80, target)
    minimum = np.full(n, 0.03 * 80)
    needed = target - site.charge_eff * site.charge_kw * dt_h * (left - 1)
    needed = np.where(world.guarantee, needed, -np.inf)
    limits = [
        dispatch_limits_kwh(
            energy[i],
            needed[i],
            max(minimum[i], keep[i]),
            maximum[i],
            site.charge_kw * dt_h,
            site.discharge_kw * dt_h,
            contract[i] if active[i] else 0.0,
            site.charge_eff,
            site.discharge_eff,
        )
        for i in range(n)
    ]
    lo = np.array([low for low, _ in limits])
    hi = np.array([high for _, high in limits])
    lax = [
        laxity_h(left[i] * dt_h, (target[i] - energy[i]) / (site.charge_kw * site.charge_eff))
        for i in range(n)
    ]
    past_da = np.array(da_past or [], dtype=float)
    past_short = np.array(im_past or [], dtype=float)
    line_now = round(hour / dt_h)
    return Snapshot(
        step=step,
        steps_left=1000,
        time=np.datetime64("2019-01-01T00:00") + np.timedelta64(round(hour * 60), "m"),
        dt_h=dt_h,
        is_gate=hour == 12,
        params=world,
        session=np.arange(n),
        charger=np.arange(n),
        energy_kwh=energy,
        target_kwh=target,
        min_kwh=minimum,
        max_kwh=maximum,
        charge_kw=np.full(n, site.charge_kw),
        discharge_kw=np.full(n, site.discharge_kw),
        curves=np.zeros((n, 2, 0)),
        steps_to_departure=left,
        steps_connected=np.full(n, min(step, 5)),
        arrival_kwh=energy.copy(),
        driver=np.full(n, -1),
        driver_visits=np.zeros(n, dtype=np.int64),
        driver_stay_h=np.zeros(n),
        driver_early_h=np.zeros(n),
        has_contract=signed,
        offer=np.where(signed, 0, -1),
        contract_kwh=contract,
        contract_wait=wait,
        contract_steps=window,
        keep_kwh=keep,
        min_price_eur_per_kwh=least_price,
        tariff_eur_per_kwh=np.array(tariff or [0.0] * n, dtype=float),
        margin=np.array(margin or [0.0] * n, dtype=float),
        payoff_eur=np.where(signed, 0.2, 0.0),
        lo_kwh=lo,
        hi_kwh=hi,
        idle_kwh=np.clip(0.0, lo, hi),
        laxity_h=np.array(lax, dtype=float),
        period=(line_now + np.arange(ahead)) % periods,
        slot=(line_now + np.arange(ahead)) % periods,
        n_slots=periods,
        n_known=ahead if hour > 12 else ahead - periods,
        da_eur_per_kwh=_padded(da or [0.04], ahead),
        da_sold_kwh=np.zeros(ahead),
        period_past=(line_now - len(past_da) + np.arange(len(past_da))) % periods,
        da_past_eur_per_kwh=past_da,
        im_short_past_eur_per_kwh=past_short,
        im_long_past_eur_per_kwh=np.array(im_long_past or past_short, dtype=float),
        im_short_now_eur_per_kwh=im_now,
        im_long_now_eur_per_kwh=im_now,
        shortfall_eur_per_kwh=world.driver.shortfall_eur_per_kwh,
        expected_load_kwh=np.array(expected_load_kwh or [0.0] * periods, dtype=float),
        bid_lo_kwh=np.full(periods, -world.bid_limit_kw * dt_h),
        bid_hi_kwh=np.full(periods, world.bid_limit_kw * dt_h),
    )


@pytest.fixture
def snapshot_of() -> Callable[..., Snapshot]:
    """The builder of hand-made snapshots."""
    return build_snapshot


def _padded(values: list[float], length: int) -> np.ndarray:
    given = np.array(values[:length], dtype=float)
    return np.concatenate([given, np.full(length - len(given), given[-1])])
