"""A forecast of imbalance prices learnt from years of training, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.archives import read_arrays
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.departure_law import Departures
from vpp_gym.policies.forecast_net import STEPS_AHEAD, Net, correction_of, inputs_of, net_of
from vpp_gym.policies.forecasters import (
    EPOCH_WEEKDAY,
    DayAheadAnchored,
    SampledPaths,
    day_ahead_anchor,
    with_price_now,
)
from vpp_gym.policies.scheduler import RollingScheduler, hazard_mpc
from vpp_gym.views import Snapshot

WEIGHTS = "imbalance_net.npz"
"""Trained by `python -m agents.forecaster`; the file beside this module."""
DT_H = 0.25


@cache
def embedded_net() -> Net:
    """The network that comes with the package.

    It was trained on synthetic years of the training split alone. It reads the same of every
    world: settled and day-ahead prices, the clock, and what `DayAheadAnchored` expects.
    """
    with as_file(files("vpp_gym.policies") / WEIGHTS) as path:
        return net_from(path)


def net_from(path: Path) -> Net:
    """The network in a file that `python -m agents.forecaster` wrote.

    Raises:
        InvalidInputError: a damaged file, or arrays that do not fit.
    """
    return net_of(read_arrays(path, Net._fields, field="path"), path.name)


@dataclass
class LearnedForecaster(SampledPaths):
    """`DayAheadAnchored`, corrected for the next 24 hours by a small network.

    The network sees twelve settled quarters, the hour so far, six hours before it, means of
    6 hours, a day and a week, the clock, the day-ahead prices of the next day, and what the
    anchored forecast expects. It was trained by `python -m agents.forecaster` to be right on
    average, horizon by horizon. Beyond a day the forecast is the anchored one. Paths are
    sampled from the past errors of the anchored forecast.

    Attributes:
        net: the network; by default the one that comes with the package.
        base: the forecast that it corrects; the network was trained on the default.

    Raises:
        InvalidInputError: in `forecast`, for steps that are not quarters of an hour.
    """

    net: Net = field(default_factory=embedded_net, repr=False)
    base: DayAheadAnchored = field(default_factory=DayAheadAnchored)
    name: str = "learned"
    privileged: bool = False

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first."""
        if snapshot.dt_h != DT_H:
            remedy = "it knows quarters of an hour (0.25): use DayAheadAnchored"
            raise InvalidInputError("snapshot.dt_h", snapshot.dt_h, remedy)
        size = max(n_steps, STEPS_AHEAD)
        mid, half_spread = self.base.path(snapshot, size)
        mid = self.corrected(mid, self.inputs(snapshot, mid, half_spread))[:n_steps]
        return with_price_now(snapshot, mid + half_spread, mid - half_spread)

    def past_shocks(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(p,) innovations of the anchored forecast [EUR/kWh], and how they last."""
        return self.base.past_shocks(snapshot)

    def lasting(self, snapshot: Snapshot) -> float:
        """Share of a step's news that moves the level."""
        return self.base.lasting(snapshot)

    def inputs(self, snapshot: Snapshot, mid: Floats, half_spread: float) -> Floats:
        """(F,) what the network sees, see `inputs_of`.

        Args:
            snapshot: of quarter hours.
            mid: (>= `STEPS_AHEAD`,) path of the base.
            half_spread: of the base.
        """
        short, long = snapshot.im_short_past_eur_per_kwh, snapshot.im_long_past_eur_per_kwh
        residual = 0.5 * (short + long) - snapshot.da_past_eur_per_kwh
        day = snapshot.time.astype("datetime64[D]").astype(np.int64)
        seen: Floats = inputs_of(
            residual,
            day_ahead_anchor(snapshot, STEPS_AHEAD),
            mid,
            int(snapshot.period[0]),
            int(day + EPOCH_WEEKDAY) % 7,
            half_spread,
            float(short[-1] - long[-1]) if len(short) else 0.0,
        )
        return seen

    def corrected(self, mid: Floats, inputs: Floats) -> Floats:
        """The path of the base, corrected by the network for as far as it sees."""
        path = mid.copy()
        path[:STEPS_AHEAD] += correction_of(inputs, self.net)
        return path


def learned_mpc(
    term_h: int | None = 0,
    *,
    contract: ContractChanges | None = None,
    name: str | None = None,
    departures: Departures = "law",
) -> RollingScheduler:
    """`hazard_mpc` with the learned forecast, in worlds of quarter hours.

    Args:
        term_h: term of the fixed-term menu on offer; 0 offers nothing, None what is in `params`.
        contract: what is on offer instead of that menu.
        name: row label; by default with the term.
        departures: "law" is told the law of the world, "learnt" estimates it as it goes.
    """
    label = name or ("learned_mpc" if not term_h else f"learned_mpc_{term_h}h")
    return hazard_mpc(
        term_h, LearnedForecaster(), contract=contract, name=label, departures=departures
    )
