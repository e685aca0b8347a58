"""What is booked in an hour of the car park: the columns of a record."""

from __future__ import annotations

MONEY = (
    "v2g_eur",
    "driver_pay_eur",
    "short_eur",
    "power_eur",
    "unused_eur",
    "hydrogen_eur",
    "trailer_eur",
    "stock_eur",
)
"""Money of the aggregator; the sum is its profit and the reward. Costs are negative."""

TERMS = (
    *MONEY,
    "driver_profit_eur",
    "potential_profit_eur",
    "sold_kwh",
    "v2g_kwh",
    "short_kwh",
    "below_min_price_kwh",
    "bought_kwh",
    "unused_kwh",
    "produced_kg",
    "trailer_kg",
    "refilled_kg",
    "driven_kg",
    "used_kg",
    "plugged_in",
)
"""Columns of an hour's record."""

(
    V2G_EUR,
    DRIVER_PAY_EUR,
    SHORT_EUR,
    POWER_EUR,
    UNUSED_EUR,
    HYDROGEN_EUR,
    TRAILER_EUR,
    STOCK_EUR,
    DRIVER_PROFIT_EUR,
    POTENTIAL_PROFIT_EUR,
    SOLD_KWH,
    V2G_KWH,
    SHORT_KWH,
    BELOW_MIN_PRICE_KWH,
    BOUGHT_KWH,
    UNUSED_KWH,
    PRODUCED_KG,
    TRAILER_KG,
    REFILLED_KG,
    DRIVEN_KG,
    USED_KG,
    PLUGGED_IN,
) = range(len(TERMS))

MEANINGS = {
    "v2g_eur": "V2G sold day-ahead times the day-ahead price",
    "driver_pay_eur": "paid to drivers for V2G",
    "short_eur": "what was sold and not delivered, bought back at the price and the penalty",
    "power_eur": "electricity bought for the electrolyser",
    "unused_eur": "what was bought and not used, sold at the price less the penalty",
    "hydrogen_eur": "hydrogen that drivers refill, at its price",
    "trailer_eur": "hydrogen brought in because the store was empty",
    "stock_eur": "change of the store's hydrogen, at its price",
    "driver_profit_eur": "pay less the cost of V2G, of all drivers; not part of the reward",
    "potential_profit_eur": "the same, had every margin been the highest",
    "sold_kwh": "V2G sold day-ahead for the hour",
    "v2g_kwh": "of it, delivered",
    "short_kwh": "of it, not delivered",
    "below_min_price_kwh": "delivered by cars whose minPrice is above the market price",
    "bought_kwh": "electricity bought day-ahead",
    "unused_kwh": "of it, not used because the store was full",
    "produced_kg": "hydrogen made by the electrolyser",
    "trailer_kg": "hydrogen brought in",
    "refilled_kg": "hydrogen refilled by drivers",
    "driven_kg": "hydrogen used by driving",
    "used_kg": "hydrogen used for V2G",
    "plugged_in": "cars plugged in, summed over the hours",
}
