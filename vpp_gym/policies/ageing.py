"""Planners that count what discharging costs the battery, and not only what owners are paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.ageing import ZERO_K, Condition, round_trip_loss
from vpp_gym.params import VPPParams
from vpp_gym.policy import Policy, Privileged
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Decisions, Snapshot


def ageing_eur_per_kwh(snapshot: Snapshot) -> Floats:
    """(n,) cost of the capacity that a kWh at the meter takes, out of each battery and back in.

    By the cyclic part of `vpp_gym.fleet.ageing`, in a cycle as deep as the contract allows now;
    0 for cars without a running contract, which cannot discharge.
    """
    params = snapshot.params
    at = Condition(
        params.ageing.temperature_c + ZERO_K, params.ageing.age_days, params.ageing.cycles
    )
    running = snapshot.contract_steps > 0
    # Only with a running contract is the upper limit that of the battery.
    capacity = np.where(running, snapshot.max_kwh / params.battery.max_soc, 1.0)
    free_kwh = snapshot.energy_kwh - np.maximum(snapshot.min_kwh, snapshot.keep_kwh)
    open_kwh = snapshot.contract_kwh / params.site.discharge_eff
    depth = np.clip(np.minimum(free_kwh, open_kwh) / capacity, 0.0, 1.0)
    soc = np.clip(snapshot.energy_kwh / capacity - 0.5 * depth, 0.0, 1.0)
    lost = round_trip_loss(soc, depth, at) / params.site.discharge_eff
    return np.where(running, lost * params.ageing.eur_per_lost_kwh, 0.0)


class AgeingAware:
    """A dispatcher to which a kWh discharged costs the battery's ageing on top of the pay.

    Args:
        dispatcher: that plans with `Snapshot.tariff_eur_per_kwh`, such as `rolling_mpc`.
        share: of the ageing that is counted.
    """

    def __init__(self, dispatcher: Policy[Snapshot, Decisions], share: float = 1.0) -> None:
        if not 0 <= share <= 100:
            raise InvalidInputError("share", share, "give 0 to 100")
        self.dispatcher, self.share = dispatcher, share
        self.name = f"{dispatcher.name}+ageing"
        self.privileged = dispatcher.privileged
        self.term_h: int | None = getattr(dispatcher, "term_h", None)
        self.contract = dict(getattr(dispatcher, "contract", None) or {})

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to a dispatcher that may see it."""
        if isinstance(self.dispatcher, Privileged):
            self.dispatcher.reveal(scenario, params, start_step, end_step)

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """What the dispatcher does at that cost."""
        dear = observation.tariff_eur_per_kwh + self.share * ageing_eur_per_kwh(observation)
        seen = replace(observation, tariff_eur_per_kwh=dear)
        return self.dispatcher.predict(seen, state, episode_start, deterministic)
