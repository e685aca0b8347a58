"""What contracts mean for a plan: where EVs may discharge, and at what pay."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.views import Snapshot


def discharge_limits(snapshot: Snapshot, rows: Ints, da_eur_per_kwh: Floats) -> dict[str, Any]:
    """Limits of discharging as `vpp_gym.solvers.single_ev.plan_fleet` takes them.

    Args:
        snapshot: of the step in which the plan begins.
        rows: (m,) which of the connected EVs.
        da_eur_per_kwh: (H,) day-ahead prices, known or expected, this step first.

    Returns:
        min_kwh (m,), discharge_steps (m,), contract_kwh (m,), and discharge_kwh: (m,), or
        (m, H) where some contract opens later or asks for a price.
    """
    power_kwh = snapshot.discharge_kw[rows] * snapshot.dt_h
    wait, least = snapshot.contract_wait[rows], snapshot.min_price_eur_per_kwh[rows]
    running = snapshot.contract_steps[rows] > 0
    if (running & ((wait > 0) | (least > -np.inf))).any():
        ahead = np.arange(len(da_eur_per_kwh))
        allowed = (ahead >= wait[:, None]) & (da_eur_per_kwh >= least[:, None])
        power_kwh = power_kwh[:, None] * allowed
    return {
        # A target may lie below the level that is kept; such an EV gives nothing anyway.
        "min_kwh": np.minimum(
            np.maximum(snapshot.min_kwh[rows], snapshot.keep_kwh[rows]), snapshot.max_kwh[rows]
        ),
        "discharge_kwh": power_kwh,
        "discharge_steps": snapshot.contract_steps[rows],
        "contract_kwh": snapshot.contract_kwh[rows],
    }


def selling_price(
    snapshot: Snapshot, rows: Ints, sell_eur_per_kwh: Floats, da_eur_per_kwh: Floats
) -> Floats:
    """Price of discharging less the pay of the owner.

    Args:
        snapshot: of the step in which the plan begins.
        rows: (m,) which of the connected EVs.
        sell_eur_per_kwh: (H,) what the market pays.
        da_eur_per_kwh: (H,) day-ahead prices, known or expected, this step first.

    Returns:
        (H,) where nobody is paid per kWh, else (m, H) EUR/kWh.
    """
    tariff, margin = snapshot.tariff_eur_per_kwh[rows], snapshot.margin[rows]
    if not (tariff.any() or margin.any()):
        return sell_eur_per_kwh
    least = snapshot.min_price_eur_per_kwh[rows]
    asks = np.where(np.isfinite(least), least, np.inf)
    above = np.maximum(da_eur_per_kwh - asks[:, None], 0.0)
    return sell_eur_per_kwh - tariff[:, None] - margin[:, None] * above
