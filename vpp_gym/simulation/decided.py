"""Decisions of all runs as arrays, checked against the limits of the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.simulation.arguments import TOLERANCE_KWH, number_within, shaped
from vpp_gym.simulation.choices import first_outside_limits
from vpp_gym.views import Decisions

if TYPE_CHECKING:
    from vpp_gym.simulation.simulation import Simulation


def net_loads(simulation: Simulation, given: Sequence[Decisions]) -> Floats:
    """(B, N) dispatch, the fleets' numbers handed out.

    Raises:
        InvalidInputError: neither or both of them, another shape, or a fleet's outside its limits.
    """
    fleet_kwh = np.zeros(simulation.n_envs)
    for run, decision in enumerate(given):
        if (decision.net_load_kwh is None) == (decision.fleet_kwh is None):
            raise InvalidInputError(
                "decisions", decision, "give either net_load_kwh or fleet_kwh, not both"
            )
        if decision.fleet_kwh is not None:
            fleet_kwh[run] = _fleet_load(simulation, run, decision.fleet_kwh)
    by_fleet = any(decision.fleet_kwh is not None for decision in given)
    shape = (simulation.n_envs, simulation.n_chargers)
    net_load_kwh = simulation.hand_out(fleet_kwh) if by_fleet else np.empty(shape)
    for run, decision in enumerate(given):
        if decision.net_load_kwh is not None:
            net_load_kwh[run] = shaped("net_load_kwh", decision.net_load_kwh, shape[1:])
    return net_load_kwh


def schedules(simulation: Simulation, given: Sequence[Decisions]) -> Floats:
    """(B, S) schedules; who gives none sells nothing."""
    if all(decision.bids_kwh is None for decision in given):
        return simulation.no_bids
    bids_kwh = np.zeros((simulation.n_envs, simulation.slots))
    for run, decision in enumerate(given):
        if decision.bids_kwh is not None:
            bids_kwh[run] = simulation.schedule(run, decision.bids_kwh)
    return bids_kwh


def behind_the_meter(simulation: Simulation, given: Sequence[Decisions]) -> Floats | None:
    """(B, 2) load of the battery and use of the sun; None where nobody says anything."""
    if all(one.storage_kwh is None and one.pv_kwh is None for one in given):
        return None
    wanted = np.tile([0.0, np.inf], (simulation.n_envs, 1))
    for run, decision in enumerate(given):
        site, at = simulation.state.site[run], int(simulation.state.run["position"][run])
        sun_kwh = 0.0
        if simulation.has_site and not simulation.done[run]:
            sun_kwh = float(simulation.dataset.site["pv_kwh"][at])
        limits = (
            ("storage_kwh", float(site["storage_lo_kwh"]), float(site["storage_hi_kwh"])),
            ("pv_kwh", 0.0, sun_kwh),
        )
        for k, (name, lo, hi) in enumerate(limits):
            if (value := getattr(decision, name)) is not None:
                wanted[run, k] = number_within(name, value, lo, hi)
    return wanted


def _fleet_load(simulation: Simulation, run: int, value: float) -> float:
    envelope = simulation.state.run[run]
    lo, hi = envelope["fleet_lo_kwh"], envelope["fleet_hi_kwh"]
    return number_within("fleet_kwh", value, lo, hi)


def check_limits(simulation: Simulation, net_load_kwh: Floats, bids_kwh: Floats) -> None:
    """Refuse (B, N) net loads or (B, S) schedules outside the limits of the step.

    Raises:
        InvalidInputError: names the first.
    """
    run, charger = first_outside_limits(simulation.state, net_load_kwh)
    if run >= 0:
        lo, hi = simulation.lo_kwh[run, charger], simulation.hi_kwh[run, charger]
        raise InvalidInputError(
            f"net_load_kwh[{run}, {charger}]",
            float(net_load_kwh[run, charger]),
            f"stay within [{lo:.6g}, {hi:.6g}]",
        )
    if bids_kwh is simulation.no_bids:
        return
    lo, hi = simulation.bids_allowed_kwh
    least, most = simulation.on_slots(lo, absent=-np.inf), simulation.on_slots(hi, absent=np.inf)
    within = (bids_kwh >= least - TOLERANCE_KWH) & (bids_kwh <= most + TOLERANCE_KWH)
    wrong = ~within & simulation.is_gate[:, None]
    if wrong.any():
        row, period = np.argwhere(wrong)[0]
        raise InvalidInputError(
            f"bids_kwh[{row}, {period}]",
            float(bids_kwh[row, period]),
            f"stay within [{least[row, period]:.6g}, {most[row, period]:.6g}] kWh, see "
            "bid_lo_kwh and bid_hi_kwh of the snapshot (params.market.bid_limit)",
        )
