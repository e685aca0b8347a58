"""Contracts of the microgrid by what V2G saves: volumes that are needed, rewards that pay."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.plan_inputs import energy_ahead, expected_instance
from vpp_gym.fcev.microgrid.planner import carried_out
from vpp_gym.fcev.microgrid.program import plan_microgrid
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision, MicrogridSnapshot
from vpp_gym.fcev.microgrid.state import rules_of
from vpp_gym.fcev.microgrid.stock_value import trained_stock_value
from vpp_gym.policy import StatelessPolicy

REWARDS = 51
"""Rewards that are tried, from nothing on."""


@dataclass
class PlannedContracts(StatelessPolicy[MicrogridSnapshot, MicrogridDecision]):
    """The rolling plan with contracts that are worth what they cost.

    Stays that begin commit what the next day is expected to need where V2G, with
    hydrogen at its value, costs less than imports. Where next hour's cars may not serve
    its need, parked cars are offered the reward that saves most. The constants were
    chosen on scenarios of `synthetic:validation`.

    Attributes:
        margin: factor on the expected need.
        wind_share: of the expected wind that is counted on, where wind serves houses.
        limits: of the factor on maxVolume.
        most_eur_per_h: largest reward.
    """

    margin: float = 1.25
    wind_share: float = 0.25
    limits: tuple[float, float] = (0.25, 1.5)
    most_eur_per_h: float = 0.5
    name: str = "planned_contracts"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """This hour of the plan, and the contracts of the next."""
        factor = self._factor(snapshot)
        plan = plan_microgrid(expected_instance(snapshot, factor), rules_of(snapshot.params))
        return replace(
            carried_out(plan, 0, snapshot),
            volume_factor=factor,
            reward_eur_per_h=self._reward_eur_per_h(snapshot),
        )

    def _factor(self, snapshot: MicrogridSnapshot) -> float:
        """Need of the hours in which V2G pays, over what the contracts commit."""
        if not np.isfinite(snapshot.next_kwh).all():
            return 1.0
        rules, ahead = rules_of(snapshot.params), energy_ahead(snapshot)
        made_kwh = ahead.surplus_kwh + self.wind_share * ahead.wind_kwh
        need_kwh = ahead.deficit_kwh - made_kwh * rules.wind_serves_houses
        could_kwh = rules.v2g_kw * snapshot.usual_open.sum(axis=0)
        pays = saved_eur_per_kwh(snapshot) > rules.commitment_eur_per_kwh
        served_kwh = np.clip(need_kwh, 0.0, could_kwh) @ pays
        return float(np.clip(self.margin * served_kwh / snapshot.next_kwh.sum(), *self.limits))

    def _reward_eur_per_h(self, snapshot: MicrogridSnapshot) -> float:
        """The reward that saves most, all that come being paid, in hours like the next."""
        power_kw, is_open = snapshot.params.fuel_cell.v2g_kw, snapshot.usual_open[:, 1]
        left_kwh = np.where(snapshot.home, np.minimum(snapshot.left_kwh, power_kw), power_kw)
        outside = snapshot.home & ~is_open
        short_kwh = np.maximum(next_needs_kwh(snapshot) - left_kwh[is_open].sum(), 0.0)
        rewards = np.linspace(0.0, self.most_eur_per_h, REWARDS)
        come = 1 - np.exp(-rewards / snapshot.params.money.reward_scale_eur_per_h)
        brought_kwh = np.minimum(come[:, None] * left_kwh[outside].sum(), short_kwh)
        saved_eur = saved_eur_per_kwh(snapshot)[1] * brought_kwh.mean(axis=1)
        return float(rewards[(saved_eur - rewards * come * outside.sum()).argmax()])


def saved_eur_per_kwh(snapshot: MicrogridSnapshot) -> Floats:
    """(24,) by V2G instead of imports, its hydrogen counted at its worth."""
    rules, worth = rules_of(snapshot.params), trained_stock_value(snapshot.params)
    lacking_kg = (rules.tank_kg - snapshot.tank_kg).sum()
    kg_eur = worth.marginal_eur_per_kg(snapshot.hour + HOURS, snapshot.stock_kg - lacking_kg)
    fuel_eur_per_kwh = (kg_eur - rules.hydrogen_eur_per_kg) / rules.kwh_per_kg
    saved: Floats = snapshot.import_eur_per_kwh - rules.tariff_eur_per_kwh - fuel_eur_per_kwh
    return saved


def next_needs_kwh(snapshot: MicrogridSnapshot) -> Floats:
    """(up to 7,) need of the next hour, if it changes as it did in this hour of past days."""
    past = snapshot.past
    made_kwh = past.surplus_kwh + past.wind_kwh * snapshot.params.wind.serves_houses
    need_kwh = past.deficit_kwh - made_kwh
    if len(need_kwh) <= HOURS:
        return need_kwh[-1:]
    before_kwh, after_kwh = need_kwh[-1 - HOURS :: -HOURS], need_kwh[-HOURS::-HOURS]
    return need_kwh[-1] + after_kwh[: len(before_kwh)] - before_kwh
