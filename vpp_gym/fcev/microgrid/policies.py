"""Operators of the microgrid: the article's order, and rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision, MicrogridSnapshot
from vpp_gym.policy import Policy, StatelessPolicy

MicrogridPolicy = Policy[MicrogridSnapshot, MicrogridDecision]
"""Turns what is known in an hour into its decision."""

StatelessMicrogridPolicy = StatelessPolicy[MicrogridSnapshot, MicrogridDecision]
"""The same, from the snapshot alone."""


@dataclass
class ArticleOrder(StatelessMicrogridPolicy):
    """Cars serve the deficit; surplus and all wind go to the electrolyser.

    Source: Park Lee et al. 2018, Sec. 4.3.
    """

    name: str = "article"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """The article's decision."""
        return MicrogridDecision(snapshot.served_kwh, snapshot.taken_kwh)


@dataclass
class DirectUse(StatelessMicrogridPolicy):
    """Wind serves the deficit first; only what is left is turned into hydrogen and back.

    For microgrids whose wind may serve houses; elsewhere cars serve too little.
    """

    name: str = "direct_use"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """Cars serve what wind does not; the electrolyser takes what the load does not."""
        made = snapshot.surplus_kwh + snapshot.wind_kwh
        missing = max(snapshot.deficit_kwh - made, 0.0)
        spare = max(made - snapshot.deficit_kwh, 0.0)
        return MicrogridDecision(
            v2g_kwh=min(missing, snapshot.available_kwh),
            electrolyser_kwh=min(spare, snapshot.room_kwh),
        )


@dataclass
class AdaptiveContracts(StatelessMicrogridPolicy):
    """The article's order with volumes that follow the season, and rewards in shortage hours.

    Stays that begin commit what the next day is expected to need of a car, and a
    margin. Where next hour's cars are not expected to serve its deficit, parked cars
    are offered the reward that saves most on imports.

    Attributes:
        margin: factor on the expected need of a car.
        limits: of the factor on maxVolume.
        most_eur_per_h: largest reward.
    """

    margin: float = 1.5
    limits: tuple[float, float] = (0.25, 1.5)
    most_eur_per_h: float = 0.5
    name: str = "adaptive_contracts"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """The article's decision with other contracts."""
        return MicrogridDecision(
            v2g_kwh=snapshot.served_kwh,
            electrolyser_kwh=snapshot.taken_kwh,
            volume_factor=self._factor(snapshot),
            reward_eur_per_h=self._reward_eur_per_h(snapshot),
        )

    def _factor(self, snapshot: MicrogridSnapshot) -> float:
        if not np.isfinite(snapshot.next_kwh).all():
            return 1.0
        need_kwh = self.margin * snapshot.expected_deficit_kwh.sum() / len(snapshot.next_kwh)
        return float(np.clip(need_kwh / snapshot.next_kwh.mean(), *self.limits))

    def _reward_eur_per_h(self, snapshot: MicrogridSnapshot) -> float:
        params, power_kw = snapshot.params, snapshot.params.fuel_cell.v2g_kw
        is_open = snapshot.usual_open[:, 1]
        more = int((snapshot.home & ~is_open & (snapshot.left_kwh > 0)).sum())
        short_kwh = snapshot.expected_deficit_kwh[1] - power_kw * is_open.sum()
        if more == 0 or short_kwh <= 0:
            return 0.0
        saved = snapshot.import_eur_per_kwh[1] - params.contract.tariff_eur_per_kwh
        rewards = np.linspace(0.0, self.most_eur_per_h, 26)
        join = more * (1 - np.exp(-rewards / params.money.reward_scale_eur_per_h))
        gain = saved * np.minimum(power_kw * join, short_kwh) - rewards * join
        return float(rewards[gain.argmax()])
