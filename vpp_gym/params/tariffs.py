"""Published tariffs for the use of the grid, without value added tax and fixed charges."""

from __future__ import annotations

from vpp_gym.params.connection import TariffParams

NETHERLANDS = TariffParams(
    currency="EUR",
    import_fee_eur_per_kwh=(0.0120,),
    energy_tax_eur_per_kwh=0.03943,
    peak_eur_per_kw_month=1.8101,
)
"""A Dutch site at the transformer, with more than 50,000 kWh a year.

Grid: transport tariffs of Westland Infra for large users at "MS/LS" on 1 January 2022: 0.0120 EUR
per kWh, 1.8101 EUR per kW of each month's peak; what is due for the contracted power does not
change with its use and is left out.
Tax: energy tax on electricity of 2024 from 50,000 to 10,000,000 kWh (Meijburg & Co, Pro Memorie
2024, 14.6.2). Chargers with a connection of their own paid 0.01236 in that year.
"""

GERMANY = TariffParams(
    currency="EUR",
    import_fee_eur_per_kwh=(0.0222 + 0.00277 + 0.00816 + 0.01558 + 0.0011,),
    energy_tax_eur_per_kwh=0.0205,
    peak_eur_per_kw_month=24.80,
)
"""A German site at low voltage with monthly peaks.

Grid: Stadtwerke Malchow, 1 January 2025, monthly system by section 19 (1) StromNEV, low voltage:
24.80 EUR per kW and month, 2.22 ct/kWh. Surcharges of 2025 up to 1,000,000 kWh: 0.277 ct/kWh for
combined heat and power, 0.816 for offshore grids, 1.558 for special use of the grid, and the
concession fee of 0.11 for special contracts (as listed by EWE, Abgaben und Umlagen 2025).
Tax: Stromsteuer, 2.05 ct/kWh.
"""

TARIFFS: dict[str, TariffParams] = {"nl": NETHERLANDS, "de": GERMANY}
"""By the name that stands for them in `params.tariff`."""
