"""A small made-up day to draw."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pytest

from vpp_gym.plots.day_view import DayView


class MakeView(Protocol):
    def __call__(
        self, *, dt_h: float = 1.0, n_chargers: int = 3, now: int = 9, **changes: Any
    ) -> DayView: ...


def _make_view(
    *,
    dt_h: float = 1.0,
    n_chargers: int = 3,
    now: int = 9,
    steps: int | None = None,
    **changes: Any,
) -> DayView:
    rng = np.random.default_rng(7)
    length = round(24 / dt_h) if steps is None else steps
    da = 0.04 + 0.05 * np.sin(np.arange(length) * dt_h / 4)
    net = rng.uniform(-8, 20, length)
    im_sold = rng.normal(0, 4, length)
    soc = rng.uniform(0, 1, (n_chargers, length))
    soc[:, ::4] = np.nan
    view: dict[str, Any] = {
        "start": np.datetime64("2019-06-02"),
        "dt_h": dt_h,
        "da_eur_per_kwh": da,
        "im_short_eur_per_kwh": _until(now, da + 0.02),
        "im_long_eur_per_kwh": _until(now, da - 0.02 * (np.arange(length) % 3 > 0)),
        "da_sold_kwh": -net - im_sold,
        "im_sold_kwh": _until(now, im_sold),
        "net_load_kwh": _until(now, net),
        "fleet_energy_kwh": _until(now + 1, rng.uniform(40, 90, length + 1)),
        "soc": _until(now, soc),
        "has_contract": rng.random((n_chargers, length)) < 0.3,
        "profit_eur": _until(now, np.cumsum(rng.normal(0.2, 1, length))),
        "now": now,
        "title": "VPPDayAhead-v0",
        "notes": ("served 98 %", "V2G 12 kWh"),
    }
    return DayView(**(view | changes))


def _until(end: int, values: np.ndarray) -> np.ndarray:
    known = values.copy()
    known[..., end:] = np.nan
    return known


@pytest.fixture
def make_view() -> MakeView:
    return _make_view
