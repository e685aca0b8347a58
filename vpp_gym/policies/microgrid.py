"""Operators of the microgrid: the article's order, rules, a rolling plan, and foresight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.microgrid_state import rules_of
from vpp_gym.hydrogen.microgrid_views import MicrogridDecision, MicrogridSnapshot
from vpp_gym.hydrogen.microgrid_world import Microgrid
from vpp_gym.policies.hydrogen_base import HydrogenPolicy, Strategy
from vpp_gym.solvers.microgrid_program import (
    MicrogridInstance,
    MicrogridPlan,
    hindsight_instance,
    plan_microgrid,
)

Floats = NDArray[np.float64]


MicrogridPolicy = HydrogenPolicy[MicrogridSnapshot, MicrogridDecision]
"""Turns what is known in an hour into its decision."""

MicrogridStrategy = Strategy[MicrogridSnapshot, MicrogridDecision]
"""The same, from the snapshot alone."""


@dataclass
class ArticleOrder(MicrogridStrategy):
    """Cars serve the deficit; surplus and all wind go to the electrolyser.

    Source: Park Lee et al. 2018, Sec. 4.3.
    """

    name: str = "article"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """The article's decision."""
        return MicrogridDecision(snapshot.served_kwh, snapshot.taken_kwh)


@dataclass
class DirectUse(MicrogridStrategy):
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
class AdaptiveContracts(MicrogridStrategy):
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


@dataclass
class RollingPlan(MicrogridStrategy):
    """The optimal plan of the next 24 hours as expected, of which this hour is carried out.

    Stays follow the usual schedule. What a car gives is refilled after the plan's end:
    it costs nothing more while the store holds `reserve_days` of refilling, and else
    what a trailer costs above the price of hydrogen.
    """

    reserve_days: float = 2.0
    name: str = "rolling_plan"

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """This hour of the plan."""
        rules = rules_of(snapshot.params)
        plan = plan_microgrid(self._instance(snapshot), rules)
        return carried_out(plan, 0, snapshot)

    def _instance(self, snapshot: MicrogridSnapshot) -> MicrogridInstance:
        rules, wind_kwh = rules_of(snapshot.params), snapshot.expected_wind_kwh
        begins = snapshot.usual_open.copy()
        begins[:, 1:] &= ~snapshot.usual_open[:, :-1]
        number = np.cumsum(begins.ravel()).reshape(begins.shape) - 1
        car, hour = np.nonzero(begins)
        fuel_kg = np.maximum(snapshot.tank_kg - rules.guaranteed_kg, 0.0)
        now_kwh = np.minimum(snapshot.left_kwh, fuel_kg * rules.kwh_per_kg)
        full_kwh = (rules.tank_kg - rules.guaranteed_kg) * rules.kwh_per_kg
        later_kwh = np.minimum(snapshot.next_kwh, full_kwh)
        first_of_car = np.append(True, car[1:] != car[:-1])
        same_stay = snapshot.home[car] & first_of_car
        hours = snapshot.usual_open.shape[1]
        daily_kg = len(snapshot.tank_kg) * (rules.tank_kg - rules.guaranteed_kg) / 2
        is_scarce = snapshot.stock_kg < self.reserve_days * daily_kg
        return MicrogridInstance(
            deficit_kwh=snapshot.expected_deficit_kwh,
            made_kwh=snapshot.expected_surplus_kwh + wind_kwh * rules.wind_serves_houses,
            wind_kwh=wind_kwh * (not rules.wind_serves_houses),
            import_eur_per_kwh=snapshot.import_eur_per_kwh,
            export_eur_per_kwh=snapshot.export_eur_per_kwh,
            stay=np.where(snapshot.usual_open, number, -1),
            budget_kwh=np.where(same_stay, now_kwh[car], later_kwh[car]),
            refill_hour=np.full(len(hour), hours),
            fixed_refill_kg=np.zeros(hours),
            stock_kg=snapshot.stock_kg,
            scarcity_eur_per_kg=(rules.trailer_eur_per_kg - rules.hydrogen_eur_per_kg) * is_scarce,
        )


@dataclass
class ForesightOperator(MicrogridStrategy):
    """The optimal plan of the whole run in hindsight. Privileged."""

    name: str = "hindsight"
    privileged: bool = True
    _plan: MicrogridPlan | None = None
    _begin: int = 0

    def reveal(self, world: Microgrid, begin: int, end: int) -> None:
        """Receive the future of the world's first run."""
        k, stock_kg = int(world.state.world[0]), float(world.state.stock_kg[0])
        instance = hindsight_instance(k, world.bank, world.rules, begin, end, stock_kg)
        self._plan, self._begin = plan_microgrid(instance, world.rules), begin

    def decide(self, snapshot: MicrogridSnapshot) -> MicrogridDecision:
        """This hour of the plan."""
        if self._plan is None:
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        return carried_out(self._plan, snapshot.hour - self._begin, snapshot)


def carried_out(plan: MicrogridPlan, hour: int, snapshot: MicrogridSnapshot) -> MicrogridDecision:
    """An hour of a plan, as far as cars and electrolyser can follow."""
    return MicrogridDecision(
        v2g_kwh=min(max(float(plan.v2g_kwh[hour]), 0.0), snapshot.available_kwh),
        electrolyser_kwh=min(max(float(plan.electrolyser_kwh[hour]), 0.0), snapshot.room_kwh),
    )


def microgrid_baselines() -> dict[str, MicrogridPolicy]:
    """Every baseline by name."""
    policies = (
        ArticleOrder(),
        DirectUse(),
        AdaptiveContracts(),
        RollingPlan(),
        ForesightOperator(),
    )
    return {policy.name: policy for policy in policies}
