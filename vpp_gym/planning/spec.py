"""What a planner inside the compiled step believes, and how it plans."""

from __future__ import annotations

from typing import NamedTuple

from vpp_gym.policies.forecast_net import Net
from vpp_gym.policies.market_path import Anchoring


class PlannerSpec(NamedTuple):
    """What the planner believes, and how it plans.

    Attributes:
        anchoring: of the anchored forecast.
        by_period: the mean of each period of the day is expected instead of it.
        learned: the network corrects it.
        net: the network; not read where it is not used.
        shows_inputs: what the network sees is kept, with or without the network.
        knows_price: the imbalance price of the present step is known.
        early_prob: share of drivers who leave early.
        early_exponent: of when they do.
        hard_eur_per_kwh: penalty in plans on what is missing at the declared departure.
        charging_standby: what is taken besides for each kWh charged.
        discharging_standby: the same for each kWh discharged.
        contracts_only: cars without a contract wait until they must charge.
        discharges: False plans no discharging, contract or not.
        periods: of a day.
    """

    anchoring: Anchoring
    by_period: bool
    learned: bool
    net: Net
    shows_inputs: bool
    knows_price: bool
    early_prob: float
    early_exponent: float
    hard_eur_per_kwh: float
    charging_standby: float
    discharging_standby: float
    contracts_only: bool
    discharges: bool
    periods: int
