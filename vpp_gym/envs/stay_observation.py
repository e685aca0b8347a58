"""What an agent sees that decides for one EV: its stay, prices until it leaves, the market."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Observations
from vpp_gym.envs.fields import FAR_H
from vpp_gym.kernels import njit
from vpp_gym.observation import Field, ObservationLayout
from vpp_gym.policies.forecast_net import N_INPUTS

UNIT_EUR_PER_KWH = 0.02
"""Scale of differences between prices."""
MOST = 8.0
"""Scaled values beyond it are shown as this."""
LONG = 8.0
"""Logarithms of steps stay below it: more than any stay."""
AHEAD = (1, 2, 3, 4, 8, 16, 32)
"""Steps ahead whose expected price is shown, less that of now."""

_EUR = ("EUR/kWh", UNIT_EUR_PER_KWH, -MOST, MOST)
_LOG = ("log steps", 1.0, 0.0, LONG)

STAY_FIELDS = (
    Field("time_left", 1, "h", FAR_H, 0, 1, "time to the declared departure, 48 h at most"),
    Field("elapsed", 1, "h", FAR_H, 0, 1, "time since the arrival, 48 h at most"),
    Field("share_elapsed", 1, "1", 1.0, 0, 1, "share of the declared stay that has passed"),
    Field("need", 1, *_LOG, "ln(1 + steps of full power that are missing to the target)"),
    Field("slack", 1, *_LOG, "ln(1 + steps that are left beyond those)"),
    Field("due_gap", 1, *_LOG, "ln(1 + steps of full power missing if it left now)"),
    Field("lo", 1, "1", 1.0, -1, 1, "least net load in this step, share of the power"),
    Field("hi", 1, "1", 1.0, 0, 1, "largest net load in this step, share of the power"),
    Field("contract", 1, "1", 1.0, 0, 1, "a contract lets the VPP discharge it now or later"),
    Field("spare", 1, *_LOG, "ln(1 + steps of full power above the level kept), with a contract"),
    Field("room", 1, *_LOG, "ln(1 + steps of full power until it is full), with a contract"),
    Field("price_to_mean", 1, *_EUR, "expected price of this step less its mean until departure"),
    Field("price_to_min", 1, *_EUR, "the same less the lowest of the later steps"),
    Field("price_to_max", 1, *_EUR, "the same less the highest of the later steps"),
    Field("cheaper", 1, "1", 1.0, 0, 1, "share of the steps until departure that are cheaper"),
    Field(
        "price_to_need", 1, *_EUR,
        "expected price of this step less that of the dearest step among the cheapest that "
        "are needed to reach the target; 0 where none is",
    ),
    Field(
        "sell_margin", 1, *_EUR,
        "what discharging would earn now, after the owner's pay, less the cheapest later "
        "charge that puts it back; 0 without a contract",
    ),
    Field(
        "sell_later", 1, *_EUR,
        "highest later price of discharging less that of now; 0 without a contract",
    ),
    Field("price_ahead", len(AHEAD), *_EUR,
          "expected price 1, 2, 3, 4, 8, 16 and 32 steps ahead less that of this step"),
    Field(
        "market", N_INPUTS, "1", 1.0, -MOST, MOST,
        "what the network of the learned forecast sees, see "
        "`vpp_gym.policies.forecast_net.inputs_of`; prices in units of 0.05 EUR/kWh",
    ),
)  # fmt: skip
"""Fields of `VPPStay-v0`."""

N_OWN = sum(field.size for field in STAY_FIELDS) - N_INPUTS
"""Columns that tell of the EV and the prices of its stay."""

STAY_LAYOUT = ObservationLayout(STAY_FIELDS)
_AHEAD = np.array(AHEAD)


class StayNow(NamedTuple):
    """One EV in one step; energies stored, loads at the meter [kWh].

    Attributes:
        energy: now.
        target: wanted at departure.
        keep: discharging goes no lower.
        full: upper limit of the stored energy.
        arrival: stored on arrival.
        step: most that a step of charging takes.
        lo: least net load.
        hi: largest net load.
        steps_left: to the declared departure, this one included.
        behind: steps since the arrival.
        contract: it may be discharged now or later.
        pay: owed per kWh discharged now [EUR].
    """

    energy: float
    target: float
    keep: float
    full: float
    arrival: float
    step: float
    lo: float
    hi: float
    steps_left: int
    behind: int
    contract: bool
    pay: float


@njit(allocates=True, internal=True)
def write_stay(
    ev: StayNow,
    short: Floats,
    long: Floats,
    inputs: Floats,
    efficiencies: tuple[float, float],
    dt_h: float,
    per_scale: Floats,
    out: Observations,
) -> None:
    """Fill the (size,) observation of one EV.

    Args:
        ev: the EV.
        short: (>= steps left,) expected prices of charging, this step first.
        long: (>= steps left,) of discharging.
        inputs: (`N_INPUTS`,) of the network.
        efficiencies: of charging and discharging.
        dt_h: hours per step.
        per_scale: (size,) one over the scale of each column.
        out: result.
    """
    row, left = np.zeros(len(per_scale)), ev.steps_left
    charge_eff, discharge_eff = efficiencies
    unit = ev.step * charge_eff
    need = max(ev.target - ev.energy, 0.0) / unit
    row[0], row[1] = min(left * dt_h, FAR_H), min(ev.behind * dt_h, FAR_H)
    row[2] = ev.behind / (ev.behind + left)
    row[3], row[4] = math.log1p(need), math.log1p(max(left - need, 0.0))
    due = min(ev.target, ev.arrival + unit * ev.behind)
    row[5] = math.log1p(max(due - ev.energy, 0.0) / unit)
    row[6], row[7] = max(ev.lo / ev.step, -1.0), min(ev.hi / ev.step, 1.0)
    if ev.contract:
        row[8] = 1.0
        row[9] = math.log1p(max(ev.energy - ev.keep, 0.0) / unit)
        row[10] = math.log1p(max(ev.full - ev.energy, 0.0) / unit)
    now, lowest, highest, total, cheaper = short[0], np.inf, -np.inf, 0.0, 0
    for i in range(left):
        total += short[i]
        if i > 0:
            lowest, highest = min(lowest, short[i]), max(highest, short[i])
            cheaper += 1 if short[i] < now else 0
    row[11], row[14] = now - total / left, cheaper / left
    if left > 1:
        row[12], row[13] = now - lowest, now - highest
    if need > 0.0:
        place = min(math.ceil(need - 1e-9), left)
        order = np.argsort(short[:left], kind="mergesort")
        row[15] = now - short[order[max(place, 1) - 1]]
    if ev.contract and left > 1:
        dearest = -np.inf
        for i in range(1, left):
            dearest = max(dearest, long[i])
        row[16] = long[0] - ev.pay - lowest / (charge_eff * discharge_eff)
        row[17] = dearest - long[0]
    for k in range(len(_AHEAD)):
        row[18 + k] = short[min(_AHEAD[k], len(short) - 1)] - now
    for k in range(len(inputs)):
        row[N_OWN + k] = inputs[k]
    for j in range(len(row)):
        value = row[j] * per_scale[j]
        if j >= 11 and j != 14:
            value = min(max(value, -MOST), MOST)
        out[j] = np.float32(value)
