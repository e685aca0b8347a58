"""What a step of the virtual power plant books: the columns of its record."""

from __future__ import annotations

from vpp_gym.ledger import Ledger, Part, Term

POSITION = Part(
    "position", "position", "the bids: committed energy times (day-ahead - reference price)"
)
LEDGER = Ledger(
    terms=(
        Term("da_eur", "EUR", "money", "position", "sold day-ahead times the day-ahead price"),
        Term("im_eur", "EUR", "money", "position",
             "imbalance: what is sold at the long price, what is bought at the short price"),
        Term("retail_eur", "EUR", "money", "service",
             "what drivers pay for the served energy, on departure"),
        Term("payoff_eur", "EUR", "money", "payoff",
             "paid to owners for their contracts, on departure"),
        Term("shortfall_eur", "EUR", "money", "service",
             "penalty on unserved energy, on departure"),
        Term("limited_eur", "EUR", "money", "service",
             "penalty on the part of unserved energy for which the connection had no room"),
        Term("carried_eur", "EUR", "money", "service",
             "at the end of a run, for cars still connected: minus the cost of charging the rest "
             "at the mean day-ahead price until they leave"),
        Term("grid_fee_eur", "EUR", "money", "connection",
             "grid fees on what the connection takes and gives"),
        Term("energy_tax_eur", "EUR", "money", "connection",
             "energy tax on what the connection takes, or net of a year"),
        Term("peak_fee_eur", "EUR", "money", "connection",
             "monthly charge on the peak power, when a month's peak rises"),
        Term("storage_wear_eur", "EUR", "money", "connection",
             "wear of the stationary battery"),
        Term("storage_left_eur", "EUR", "money", "connection",
             "at the end of a run: what the stationary battery has more than at its beginning, at "
             "the mean day-ahead price of the last day"),
        Term("load_value_eur", "EUR", "value", "load_value",
             "minus the cost of the net load at the reference price"),
        Term("wear_eur", "EUR", "value", "",
             "battery wear borne by the owners; not part of the profit"),
        Term("charge_kwh", "kWh", "amount", "", "charged, at the meter"),
        Term("discharge_kwh", "kWh", "amount", "", "discharged, at the meter"),
        Term("standby_kwh", "kWh", "amount", "",
             "taken by chargers and cars besides, while they charge or discharge"),
        Term("carried_kwh", "kWh", "amount", "",
             "at the end of a run, for cars still connected: still to be charged, at the meter"),
        Term("da_sold_kwh", "kWh", "amount", "", "committed day-ahead for this step, + sells"),
        Term("im_sold_kwh", "kWh", "amount", "", "settled as imbalance, + sells"),
        Term("demand_kwh", "kWh", "amount", "",
             "asked for by the cars that departed or stay on at the end of a run, in the battery"),
        Term("served_kwh", "kWh", "amount", "", "of that, charged"),
        Term("unserved_kwh", "kWh", "amount", "",
             "missing to the target of the cars that departed, in the battery"),
        Term("limited_kwh", "kWh", "amount", "",
             "of that, what the connection had no room to promise on arrival"),
        Term("yielded_kwh", "kWh", "amount", "",
             "change of the dispatch that kept the connection within its limits"),
        Term("import_kwh", "kWh", "amount", "", "taken by a site's connection"),
        Term("export_kwh", "kWh", "amount", "", "given by a site's connection"),
        Term("building_kwh", "kWh", "amount", "", "load of the building"),
        Term("pv_kwh", "kWh", "amount", "", "solar yield that was used"),
        Term("curtailed_kwh", "kWh", "amount", "", "solar yield that was not used"),
        Term("storage_charge_kwh", "kWh", "amount", "",
             "charged into the stationary battery, at the meter"),
        Term("storage_discharge_kwh", "kWh", "amount", "",
             "discharged from the stationary battery, at the meter"),
        Term("arrivals", "1", "amount", "", "cars that came"),
        Term("turned_away", "1", "amount", "", "of them, those that found no free charger"),
        Term("departures", "1", "amount", "", "cars that left"),
        Term("fully_served", "1", "amount", "",
             "of them, those that left with their target reached"),
        Term("contracts", "1", "amount", "", "contracts signed on arrival"),
    ),
    parts=(
        POSITION,
        Part("load_value", "flexibility", "the net load at the reference price", POSITION.name),
        Part("payoff", "contracts", "what owners with a contract are paid"),
        Part("service", "drivers", "what drivers pay, minus the penalty on what they did not get"),
        Part("connection", "grid and battery", "fees and taxes of the grid, and the battery"),
    ),
)  # fmt: skip
"""The flexibility of a policy is what its load value is better than that of charging on arrival.
What both markets pay beyond the load value is the position, so that bids and scheduling never mix
in one number."""

TERMS, MONEY, COLUMN = LEDGER.names, LEDGER.money, LEDGER.columns

SITE_MONEY = (
    "limited_eur",
    *LEDGER.names_in(next(part for part in LEDGER.parts if part.name == "connection")),
)
"""Terms of money that are 0 where nothing lies between the cars and the grid."""
