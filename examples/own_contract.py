"""Offer drivers a contract of your own making, and see who gains what.

python examples/own_contract.py
"""

from __future__ import annotations

from math import inf

import pandas as pd
from pydantic import Field

import vpp_gym
from vpp_gym.arrays import Records
from vpp_gym.contracts import ActionParameter, offers, register
from vpp_gym.contracts.families import SingleOffer
from vpp_gym.params.contract import offer
from vpp_gym.policies import rolling_mpc


@register
class StayFee(SingleOffer):
    """A fee for every stay, however much is discharged; a share of the battery is kept.

    fee_eur: paid for the stay.
    keep_soc: share of the capacity that stays in the battery.
    """

    name = "stay_fee"
    action_parameters = (
        ActionParameter("fee_eur", "EUR", 0.0, 2.0, "linear", "paid for the stay"),
    )

    fee_eur: float = Field(default=0.5, ge=0, le=100)
    keep_soc: float = Field(default=0.5, ge=0, le=1)

    def offers(self, params: vpp_gym.VPPParams) -> Records:
        """(1,) OFFER records."""
        return offers(1, payoff_eur=self.fee_eur, keep_soc=self.keep_soc)

    def in_words(self) -> str:
        """The fee."""
        return f"a fee of {self.fee_eur:g} EUR for every stay"

    @property
    def longest_window_h(self) -> float:
        """The whole stay."""
        return inf


def compare(days: int) -> pd.DataFrame:
    """Totals of the same plan with three offers, on the same days."""
    plans = {
        "no contracts": rolling_mpc(0),
        "0.045 EUR/kWh": rolling_mpc(contract=offer("control_based", tariff_eur_per_kwh=0.045)),
        "0.5 EUR a stay": rolling_mpc(contract=offer("stay_fee", fee_eur=0.5)),
    }
    columns = ["profit_eur", "payoff_eur", "wear_eur", "discharge_kwh", "contracts"]
    rows = {
        name: vpp_gym.evaluate(plan, "synthetic:validation", end_step=96 * days).days[columns].sum()
        for name, plan in plans.items()
    }
    return pd.DataFrame(rows).T


if __name__ == "__main__":
    print(compare(days=14).round(1).to_string())
