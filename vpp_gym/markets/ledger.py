"""The ledger: every quantity that a step books, by name."""

from __future__ import annotations

MONEY = ("da_eur", "im_eur", "retail_eur", "payoff_eur", "shortfall_eur")
"""Money terms; their sum is the profit and the reward. Costs are negative."""

TERMS = (
    *MONEY,
    "load_value_eur",
    "wear_eur",
    "charge_kwh",
    "discharge_kwh",
    "da_sold_kwh",
    "im_sold_kwh",
    "demand_kwh",
    "served_kwh",
    "unserved_kwh",
    "arrivals",
    "turned_away",
    "departures",
    "fully_served",
    "contracts",
)
"""Columns of a step's record.

load_value_eur: minus the cost of the net load at the reference price.
wear_eur: battery wear borne by the owners, not part of the profit.
demand_kwh, served_kwh, unserved_kwh: of the EVs that departed, in the battery.
"""

(
    DA_EUR,
    IM_EUR,
    RETAIL_EUR,
    PAYOFF_EUR,
    SHORTFALL_EUR,
    LOAD_VALUE_EUR,
    WEAR_EUR,
    CHARGE_KWH,
    DISCHARGE_KWH,
    DA_SOLD_KWH,
    IM_SOLD_KWH,
    DEMAND_KWH,
    SERVED_KWH,
    UNSERVED_KWH,
    ARRIVALS,
    TURNED_AWAY,
    DEPARTURES,
    FULLY_SERVED,
    CONTRACTS,
) = range(len(TERMS))
