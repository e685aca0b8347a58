"""What the agent of each environment of EVs decides, and what it is shown: checked keywords."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from vpp_gym.params.contract import FamilyName
from vpp_gym.settings import Settings

Control = Literal["fleet", "per_ev"]
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


class EVSettings(Settings):
    """Settings of every environment of EVs.

    Attributes:
        reward: "profit" is the profit; "spread" leaves out of it what no policy can change.
    """

    reward: Reward = "spread"


class DayAheadSettings(EVSettings):
    """Settings of `VPPDayAhead-v0`.

    Attributes:
        control: "fleet" is one number for all EVs, "per_ev" one per charger.
        bids: "schedule" has all bids of tomorrow in the action, read at gate closure; "period"
            one bid per step; "expected_load" none: the expected load is bought.
        bid_scale: a bid of +-1 differs from the expected load by this share of what may be bid.
    """

    control: Control = "fleet"
    bids: Bids = "period"
    bid_scale: float = Field(default=0.1, ge=0, le=1)


class DispatchSettings(EVSettings):
    """Settings of `VPPDispatch-v0`.

    Attributes:
        control: "fleet" is one number for all EVs, "per_ev" one per charger.
        bidder: who bids: "expected_load" buys the expected load and "zero" nothing, both inside
            the compiled step; or a name, an object or a factory of `vpp_gym.policies.bidders`,
            called in every step.
    """

    control: Control = "fleet"
    bidder: Any = "expected_load"


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
