"""What the agent of each environment of EVs decides, and what it is shown: checked keywords."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from vpp_gym.envs.columns import ColumnName
from vpp_gym.params.contract import FamilyName
from vpp_gym.planning.planner import PlannerName
from vpp_gym.settings import Settings

Control = Literal["fleet", "per_ev", "price"]
Bids = Literal["schedule", "period", "expected_load"]
Reward = Literal["spread", "profit"]
"""What an environment rewards.

"profit": the profit of the step.

"spread": the profit, less what no policy can change: what drivers would pay if all demand were
served, minus the cost of that energy at the price level, the mean day-ahead price of the four
weeks up to the start of the episode. So a kWh is judged by how much cheaper or dearer than usual
it was, when it is charged, and not by its whole price; demand that is missed costs the penalty
and the lost margin. Over complete stays it differs from the profit by an amount that is the same
for every policy: ranks do not change, but a learner sees its own doing more clearly. With plain
profits a discount alone would make it pay to charge late.
"""
StepReward = Literal["spread", "profit", "planner_gain"]
"""What an environment rewards that decides in every step: as `Reward`, or

"planner_gain": what the action earned beyond that of the built-in planner from the same state.
The step itself is settled at its real prices, with either action; what remains is valued by the
planner, from the energies that either action leaves, with its forecast of the next step. EVs that
leave are worth what they pay. An action that is the planner's earns exactly 0. It is no profit:
it tells an action from the planner's, so that credit is due at once, and nothing that happened
before has a part in it.
"""


class EVSettings(Settings):
    """Settings of every environment of EVs.

    Attributes:
        reward: "profit" is the profit; "spread" leaves out of it what no policy can change.
    """

    reward: Reward = "spread"


class DayAheadSettings(EVSettings):
    """Settings of `VPPDayAhead-v0`.

    Attributes:
        reward: "profit" is the profit; "spread" leaves out of it what no policy can change;
            "planner_gain" is what the action earned beyond the built-in planner's.
        control: "fleet" is one number for all EVs, "per_ev" one per charger, "price" two
            numbers by which the built-in planner finds this step's prices dearer.
        bids: "schedule" has all bids of tomorrow in the action, read at gate closure; "period"
            one bid per step; "expected_load" none: the expected load is bought.
        bid_scale: a bid of +-1 differs from the expected load by this share of what may be bid.
        planner: the built-in planner: "hazard_mpc", or "learned_mpc" with the learned forecast.
        price_scale: EUR/kWh by which an entry of 1 corrects a price with `control="price"`.
        columns: further parts of the observation, of `vpp_gym.envs.columns.COLUMNS`.
    """

    reward: StepReward = "spread"  # type: ignore[assignment]
    control: Control = "fleet"
    bids: Bids = "period"
    bid_scale: float = Field(default=0.1, ge=0, le=1)
    planner: PlannerName = "hazard_mpc"
    price_scale: float = Field(default=0.03, ge=0, le=1)
    columns: tuple[ColumnName, ...] = ()


class DispatchSettings(EVSettings):
    """Settings of `VPPDispatch-v0`.

    Attributes:
        reward: "profit" is the profit; "spread" leaves out of it what no policy can change;
            "planner_gain" is what the action earned beyond the built-in planner's.
        control: "fleet" is one number for all EVs, "per_ev" one per charger, "price" two
            numbers by which the built-in planner finds this step's prices dearer.
        bidder: who bids: "expected_load" buys the expected load and "zero" nothing, both inside
            the compiled step; or a name, an object or a factory of `vpp_gym.policies.bidders`,
            called in every step.
        planner: the built-in planner: "hazard_mpc", or "learned_mpc" with the learned forecast.
        price_scale: EUR/kWh by which an entry of 1 corrects a price with `control="price"`.
        columns: further parts of the observation, of `vpp_gym.envs.columns.COLUMNS`.
    """

    reward: StepReward = "spread"  # type: ignore[assignment]
    control: Control = "fleet"
    bidder: Any = "expected_load"
    planner: PlannerName = "hazard_mpc"
    price_scale: float = Field(default=0.03, ge=0, le=1)
    columns: tuple[ColumnName, ...] = ()


class BiddingSettings(EVSettings):
    """Settings of `VPPBidding-v0`.

    Attributes:
        bid_scale: a bid of +-1 differs from the expected load by this share of what may be bid.
        scheduler: who dispatches: a name, a `Policy`, or a function that makes one; its own
            bids and contract offers are ignored.
    """

    bid_scale: float = Field(default=0.1, ge=0, le=1)
    scheduler: Any = "rolling_mpc"


class ContractsSettings(EVSettings):
    """Settings of `VPPContracts-v0`.

    Attributes:
        family: of the contracts that the action shapes; None: the first that `params`
            offer.
        scheduler: who dispatches: a name, a `Policy`, or a function that makes one; its own
            bids and contract offers are ignored.
        bidder: who bids: a name, a bidder, or a function that makes one.
    """

    family: FamilyName | None = None
    scheduler: Any = "rolling_mpc"
    bidder: Any = "expected_load"
