"""What an hour of the microgrid books: the columns of its record."""

from __future__ import annotations

from vpp_gym.ledger import Ledger, Part, Term

LEDGER = Ledger(
    terms=(
        Term("import_eur", "EUR", "money", "grid", "electricity from the grid"),
        Term("export_eur", "EUR", "money", "grid", "electricity to the grid"),
        Term("v2g_eur", "EUR", "money", "drivers", "tariff paid to drivers for V2G"),
        Term("commitment_eur", "EUR", "money", "drivers",
             "paid for committed volume, or for hours at disposal"),
        Term("availability_eur", "EUR", "money", "drivers",
             "rewards for cars that plug in outside their interval"),
        Term("hydrogen_eur", "EUR", "money", "store",
             "hydrogen that drivers refill, at its price"),
        Term("trailer_eur", "EUR", "money", "store",
             "hydrogen brought in because the store was empty"),
        Term("stock_eur", "EUR", "money", "store",
             "change of the store's hydrogen, at its price"),
        Term("load_kwh", "kWh", "amount", "", "consumption of the households"),
        Term("self_used_kwh", "kWh", "amount", "", "of it, served by the household's own PV"),
        Term("deficit_kwh", "kWh", "amount", "", "of it, beyond all PV"),
        Term("surplus_kwh", "kWh", "amount", "", "PV beyond the load of all households"),
        Term("wind_kwh", "kWh", "amount", "", "made by the turbine"),
        Term("v2g_kwh", "kWh", "amount", "", "given by the cars"),
        Term("electrolyser_kwh", "kWh", "amount", "", "taken by the electrolyser"),
        Term("import_kwh", "kWh", "amount", "", "taken from the grid"),
        Term("export_kwh", "kWh", "amount", "", "given to the grid"),
        Term("shortage_kwh", "kWh", "amount", "",
             "of the deficit, beyond what the cars could have given"),
        Term("available_kwh", "kWh", "amount", "",
             "what the cars could have given within their contracts"),
        Term("cars_needed", "1", "amount", "", "cars that the deficit needs at full power"),
        Term("cars_available", "1", "amount", "",
             "cars within their contracts with energy left"),
        Term("committed_kwh", "kWh", "amount", "", "maxVolume of the stays that begin"),
        Term("effective_kwh", "kWh", "amount", "",
             "of it, what fuel above the guarantee and hours of the interval allow"),
        Term("stays", "1", "amount", "", "stays that begin"),
        Term("produced_kg", "kg", "amount", "", "hydrogen made by the electrolyser"),
        Term("trailer_kg", "kg", "amount", "", "hydrogen brought in"),
        Term("refilled_kg", "kg", "amount", "", "hydrogen refilled by drivers"),
        Term("driven_kg", "kg", "amount", "", "hydrogen used by driving"),
        Term("used_kg", "kg", "amount", "", "hydrogen used for V2G"),
        Term("fairness", "1", "share", "",
             "Jain's index of the drivers' V2G so far: 1 if all gave alike"),
        Term("self_sufficiency", "1", "share", "",
             "share of the consumption in this hour that was not imported"),
    ),
    parts=(
        Part("grid", "grid", "electricity sold to the grid, less what is bought from it"),
        Part("drivers", "drivers", "what drivers are paid (negative)"),
        Part("store", "hydrogen", "hydrogen sold and stored, less what is bought"),
    ),
)  # fmt: skip

TERMS, MONEY, COLUMN = LEDGER.names, LEDGER.money, LEDGER.columns
