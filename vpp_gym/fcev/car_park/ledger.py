"""What an hour of the car park books: the columns of its record."""

from __future__ import annotations

from vpp_gym.ledger import Ledger, Part, Term

LEDGER = Ledger(
    terms=(
        Term("v2g_eur", "EUR", "money", "delivery",
             "V2G sold day-ahead times the day-ahead price"),
        Term("driver_pay_eur", "EUR", "money", "delivery", "paid to drivers for V2G"),
        Term("short_eur", "EUR", "money", "delivery",
             "what was sold and not delivered, bought back at the price and the penalty"),
        Term("power_eur", "EUR", "money", "store", "electricity bought for the electrolyser"),
        Term("unused_eur", "EUR", "money", "store",
             "what was bought and not used, sold at the price less the penalty"),
        Term("hydrogen_eur", "EUR", "money", "store",
             "hydrogen that drivers refill, at its price"),
        Term("trailer_eur", "EUR", "money", "store",
             "hydrogen brought in because the store was empty"),
        Term("stock_eur", "EUR", "money", "store",
             "change of the store's hydrogen, at its price"),
        Term("driver_profit_eur", "EUR", "value", "",
             "pay less the cost of V2G, of all drivers; not part of the reward"),
        Term("potential_profit_eur", "EUR", "value", "",
             "the same, had every margin been the highest"),
        Term("sold_kwh", "kWh", "amount", "", "V2G sold day-ahead for the hour"),
        Term("v2g_kwh", "kWh", "amount", "", "of it, delivered"),
        Term("short_kwh", "kWh", "amount", "", "of it, not delivered"),
        Term("below_min_price_kwh", "kWh", "amount", "",
             "delivered by cars whose minPrice is above the market price"),
        Term("bought_kwh", "kWh", "amount", "", "electricity bought day-ahead"),
        Term("unused_kwh", "kWh", "amount", "", "of it, not used because the store was full"),
        Term("produced_kg", "kg", "amount", "", "hydrogen made by the electrolyser"),
        Term("trailer_kg", "kg", "amount", "", "hydrogen brought in"),
        Term("refilled_kg", "kg", "amount", "", "hydrogen refilled by drivers"),
        Term("driven_kg", "kg", "amount", "", "hydrogen used by driving"),
        Term("used_kg", "kg", "amount", "", "hydrogen used for V2G"),
        Term("plugged_in", "1", "amount", "", "cars plugged in, summed over the hours"),
    ),
    parts=(
        Part("delivery", "V2G", "V2G sold, less what drivers and the market are paid for it"),
        Part("store", "hydrogen", "hydrogen sold and stored, less what it costs to make or buy"),
    ),
)  # fmt: skip

TERMS, MONEY, COLUMN = LEDGER.names, LEDGER.money, LEDGER.columns
