"""The paper's figures, drawn from our runs."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import DEFAULT
from vpp_gym.plots.contract_choices import draw_choices
from vpp_gym.plots.energy_value import draw_energy_value
from vpp_gym.plots.market_day import draw_market_day
from vpp_gym.plots.menus import draw_menus
from vpp_gym.plots.profit_breakdown import draw_profit_breakdown
from vpp_gym.reproduction.rahman2023.case import HOURS, YEAR_END
from vpp_gym.reproduction.rahman2023.ladder import ladder
from vpp_gym.reproduction.rahman2023.published import TABLE_2, V2G
from vpp_gym.reproduction.rahman2023.quirks import PAPER
from vpp_gym.reproduction.rahman2023.study import Study
from vpp_gym.reproduction.rahman2023.tables import WEAR_EUR_PER_KWH, paper_menu
from vpp_gym.scenarios.real import HOURLY_FILE, read_hourly

TERMS_H = (1.0, 2.0, 3.0)


def figures(study: Study) -> dict[str, Figure]:
    """Figures by the name of their file."""
    prices = known_prices(study)
    return {
        "figure_2": draw_menus(
            {
                name: {term_h: paper_menu(int(term_h), wear) for term_h in TERMS_H}
                for name, wear in WEAR_EUR_PER_KWH.items()
            },
            prices,
            title="Figure 2: menus, and imbalance prices of 2018 and 2019",
        ),
        "figure_3": draw_choices(
            {f"term {row.term_h} h": study.outcome(row).result for row in V2G},
            owner_types=DEFAULT.owner.types,
            title="Figure 3: contracts signed, uniform types",
        ),
        "figure_4": _breakdown(study),
        "figure_5": draw_energy_value(
            prices, title="Figure 5: value of energy at prices of 2018 and 2019"
        ),
        "figure_7": _busiest_day(study),
        "ladder": _ladder(study),
    }


def known_prices(study: Study) -> Floats:
    """(17520,) imbalance prices of 2018 and 2019 [EUR/kWh]."""
    path = study.folder / HOURLY_FILE
    return read_hourly(path, first_day="2018-01-01", last_day=YEAR_END).im_eur_per_kwh


def _breakdown(study: Study) -> Figure:
    parts = {row.name: study.outcome(row).parts_eur for row in TABLE_2}
    return draw_profit_breakdown(parts, title="Figure 4: parts of the profit, 2019")


def _busiest_day(study: Study) -> Figure:
    """The day of the largest discharge with contracts of 3 h."""
    outcome = study.outcome(V2G[2])
    days = outcome.result.days
    day = int(days["discharge_kwh"].argmax())
    span = slice(HOURS * day, HOURS * (day + 1))
    scenario, records = study.case.scenario(PAPER), outcome.books.records[span]
    return draw_market_day(
        da_eur_per_kwh=scenario.da_eur_per_kwh[span],
        im_eur_per_kwh=scenario.im_short_eur_per_kwh[span],
        da_sold_kwh=records[:, COLUMN.da_sold_kwh],
        charge_kwh=records[:, COLUMN.charge_kwh],
        discharge_kwh=records[:, COLUMN.discharge_kwh],
        title=f"Instead of figure 7: {days['date'].iloc[day]}, contracts of 3 h",
    )


def _ladder(study: Study) -> Figure:
    names = {
        "position_gain_eur": "bids",
        "flexibility_eur": "flexibility",
        "contracts_eur": "payoffs",
        "drivers_eur": "drivers' payments",
    }
    parts = {
        f"{place}": {label: float(np.round(rung[name], 6)) for name, label in names.items()}
        for place, rung in enumerate(ladder(study))
    }
    title = "Gain of V2G (3 h) over No-Control after each step"
    return draw_profit_breakdown(parts, title=title, sum_name="gain")
