"""Every number of `docs/world.md` is that of the code, or stands beside its source.

What the page says is written here a second time, with the numbers of parameters, constants and
drawn years. Without these sentences and those of `SOURCED` the page holds no number.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.wear import WEARS
from tests.test_docs import FENCED
from vpp_gym.fleet.laxity import GRID_H
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import DEFAULT, PAPER_2023, PLAIN
from vpp_gym.scenarios.calibration import fitted_on
from vpp_gym.scenarios.demand import CAPACITY_KWH
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import SyntheticParams
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.dataset import PRICE_LEVEL_DAYS
from vpp_gym.time_steps import STEPS_MIN
from vpp_gym.views import HISTORY_DAYS, LOAD_MEMORY_DAYS

PAGE = Path(__file__).parents[1] / "docs" / "world.md"
NUMBER = re.compile(r"\d[\d,.]*")

SITE, BATTERY, OWNER = DEFAULT.site, DEFAULT.battery, DEFAULT.owner
DRIVER, CONTRACT, SYNTHETIC = DEFAULT.driver, DEFAULT.contract, SyntheticParams()
FIXED, PRICE = PLAIN.contract, CONTRACT.price_based
VOLUME, CONTROL = CONTRACT.volume_based, CONTRACT.control_based

EARLY, LATE = OWNER.early_departure_prob, OWNER.late_departure_prob
MINUTES = STEPS_MIN[::-1]
MEAN_SHARE = OWNER.early_exponent / (1 + OWNER.early_exponent)
FIRST_HALF = 0.5**OWNER.early_exponent
FAST_CHARGER_EUR_PER_KWH = 0.59
"""In 2019; the page names the source."""
PACK_EUR_PER_KWH, NMC, LFP = 100, 115, 73
HELD = 0.9
"""Share of its capacity that a pack holds on average until it is worn."""


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def of_pack(eur_per_kwh: float, cycles: float) -> str:
    """EUR per discharged kWh of a pack that these cycles wear out."""
    return f"{eur_per_kwh / (HELD * cycles):.3f}"


COMPUTED = (
    # A step
    f"first free charger (of {SITE.n_chargers})",
    f"the step that begins at {DEFAULT.market.gate_closure_h}:00 local time",
    f"**Histories** reach back {HISTORY_DAYS} days",
    # Cars
    f"the smaller power of car and charger ({SITE.charge_kw:g} kW)",
    f"The battery gains {SITE.charge_eff} of what the meter counts when charging, and loses "
    f"1/{SITE.discharge_eff} of it when discharging",
    f"never charged above {percent(BATTERY.max_soc)} of its capacity nor discharged below "
    f"{percent(BATTERY.min_soc)}",
    f"what the driver declared, at most {percent(BATTERY.max_soc)}",
    f"{SYNTHETIC.sessions_per_day} cars come on a day",
    f"{SITE.n_chargers} chargers are a small site",
    # Departures
    f"{percent(EARLY)} **leave early**",
    f"the distribution x^{OWNER.early_exponent}: its mean is {percent(MEAN_SHARE)}, and "
    f"{percent(FIRST_HALF)} of them are gone in the first half",
    f"{percent(LATE)} **leave late**, by {OWNER.late_mean_h:g} h on average",
    f"{percent(1 - EARLY - LATE)} leave when they said",
    f"| early | 27 % | {percent(EARLY)} |",
    f"| as stated | 14 % | {percent(1 - EARLY - LATE)} |",
    f"| late | 58 % | {percent(LATE)} |",
    f"| early: share of the stated stay, mean | 0.64 | {MEAN_SHARE:.2f} |",
    f"| early: gone in the first half of it | 28 % | {percent(FIRST_HALF)} |",
    f"| late: hours, mean | 3.1 | {OWNER.late_mean_h:.1f} |",
    f"| late: hours, median and 90 % quantile | 2.0, 7.0 | {OWNER.late_mean_h * math.log(2):.1f}, "
    f"{OWNER.late_mean_h * math.log(10):.1f} |",
    f"`early_shortfall_share` ({DRIVER.early_shortfall_share:g})",
    # What drivers are promised
    f"The retail revenue ({DRIVER.retail_eur_per_kwh:g} EUR per kWh at the meter)",
    f"That cost {FAST_CHARGER_EUR_PER_KWH} EUR/kWh in the Netherlands of 2019",
    f"less the {DRIVER.retail_eur_per_kwh:g} EUR that are not paid here and rounded up, the "
    f"penalty is {DRIVER.shortfall_eur_per_kwh:g} EUR/kWh",
    f"`shortfall_da_factor` ({DRIVER.shortfall_da_factor:g})",
    f"the mean day-ahead price of today and the {PRICE_LEVEL_DAYS - 1} days before",
    # Contracts
    f"for `term_h` hours ({FIXED.delay_h}, {FIXED.term_h})",
    f"`keep_soc` ({PRICE.keep_soc:g}) | that price, and `margin` ({PRICE.margin:g})",
    f"for `term_h` hours ({VOLUME.delay_h}, {VOLUME.term_h}) | at any time, up to `energy_kwh` "
    f"({VOLUME.energy_kwh:g}) | `keep_soc` ({VOLUME.keep_soc:g}) | per hour, per kWh of volume and "
    f"per kWh discharged ({VOLUME.tariff_eur_per_kwh:g})",
    f"`keep_soc` ({CONTROL.keep_soc:g}) | per kWh discharged ({CONTROL.tariff_eur_per_kwh:g}), "
    "per hour, and per kWh stored on arrival",
    f"{CONTROL.tariff_eur_per_kwh:g} EUR/kWh is more than the wear that four of five types",
    f"up to {percent(BATTERY.max_soc)} of the capacity",
    f"`markup` ({PRICE.markup:g})",
    f"`params.owner.participation` ({OWNER.participation:g})",
    f"1 / `participation_memory` ({OWNER.participation_memory})",
    f"`pleasing_eur` ({OWNER.pleasing_eur:g})",
    f"`participation_floor` ({OWNER.participation_floor:g})",
    f"**Wear** ({OWNER.wear_eur_per_kwh:g} EUR per kWh discharged)",
    f"80 % after 3,000 cycles of 75 % depth at 35 °C | {of_pack(NMC, 0.75 * 3000)} |",
    f"82.5 to 85 % after 5,000 cycles | at most {of_pack(NMC, 5000)} |",
    f"80 % after 3,500 cycles at 25 °C, 1,800 at 45 °C | {of_pack(LFP, 3500)}, "
    f"{of_pack(LFP, 1800)} |",
    f"packs cost {PACK_EUR_PER_KWH} EUR/kWh (NMC {NMC}, LFP {LFP}), hold {percent(HELD)} of their "
    "capacity",
    f"{OWNER.wear_eur_per_kwh:g} stands for "
    f"{round(PACK_EUR_PER_KWH / HELD / OWNER.wear_eur_per_kwh, -2):,.0f} full cycles of a pack of "
    f"{PACK_EUR_PER_KWH} EUR/kWh",
    f"compares offers at {', '.join(f'{one:g}' for one in WEARS[:-1])} and {WEARS[-1]:g}",
    # Prices and settlement
    f"{', '.join(map(str, MINUTES[:-1]))} or {MINUTES[-1]} minutes long, `dt_h` of "
    f"{', '.join(f'{one / 60:g}' for one in MINUTES[:-1])} or {MINUTES[-1] / 60:.4f}",
    f"a step of {MINUTES[-1]} minutes has the price of its quarter",
    "days of 23, 24 and 25 hours",
    "with steps of an hour the second hour from 02:00 on is in place 24",
    f"those of a day of 25 hours: {', '.join(str(25 * 60 // one) for one in MINUTES[:-1])} or "
    f"{25 * 60 // MINUTES[-1]}; elsewhere {', '.join(str(24 * 60 // one) for one in MINUTES[:-1])} "
    f"or {24 * 60 // MINUTES[-1]}",
    "On the day of 23 hours the places",
    "where the day before has 24 hours in which to bid",
    f"of which {LOAD_MEMORY_DAYS} are remembered",
    # The end of a run: tests/simulation/test_end_of_run.py
    "By episodes of 1, 7 and 28 days the difference between the two is within 10 % of the whole",
    # Other worlds
    f"the fixed-term menu of {FIXED.term_h} h, wear {PLAIN.owner.wear_eur_per_kwh:g} EUR/kWh, "
    f"constant participation, {PLAIN.site.n_chargers} chargers",
    f"{percent(SYNTHETIC.dual_pricing.share)} of the hours of synthetic years have two imbalance "
    f"prices, {SYNTHETIC.dual_pricing.spread_eur_per_kwh:g} EUR/kWh apart on average",
    f"hold {CAPACITY_KWH:g} kWh, and every driver asks for {percent(BATTERY.max_soc)}",
    f"and discharge at {SITE.discharge_kw:g} kW; with the demand rule of the reference paper "
    f"recorded cars take {SITE.charge_kw:g} kW",
    f"the target is {percent(BATTERY.max_soc)}, so that each driver asks for "
    f"{(1 - BATTERY.max_soc) * CAPACITY_KWH:.1f} kWh less",
    # Synthetic years: `test_synthetic_years_have_the_prices_and_sessions_that_the_page_names`
    "have the prices of 2018: hours of the whole year, and the quarters of its last three months",
    "The prices of 2019 have no part in them",
    "The sessions are fitted on 2019, since none of 2018 are known",
    "The calendar is that of 2019",
    "the years of earlier versions, fitted on prices of 2018 and 2019 by the hour",
    # Drawn years: `test_cars_and_prices_of_drawn_years`
    "no more than the largest power that was recorded, 3.7 kW for half of them",
)
"""Sentences of the page with numbers, as the code has them."""

SOURCED = (
    "(Lee, Li, Low 2019, doi 10.1145/3307772.3328313;",
    "CC BY 4.0)",
    "17,066 sessions of 2019, first statement",
    "at most 24 h stated",
    "| | ACN-Data, 2019 | reference world |",
    "In the summer of 2021, after the lockdowns, 52 % left early and 41 % late",
    "At 1 the operator pays for drivers' errors in full, at 0 only the retail",
    "At the prices of 2018 and 2019 this makes little difference",
    "as in 2022, a fixed penalty",
    "programs (7) and (8) of Rahman et al. 2023",
    "Pack prices of 2024 and 2025 (BloombergNEF)",
    "Harlow et al. 2019, doi 10.1149/2.0981913jes",
    "EVE LFP 304 Ah, data sheet",
    "RWTH Aachen and The Mobility House 2025 | V2G of 4.7 MWh a year costs 1.7 to 5.8 points of "
    "capacity in ten years; up to 0.066 EUR/kWh if the energy counts both ways | 0.010 to 0.033 |",
    "Energy Informatics 6:33 (2023), doi 10.1186/s42162-023-00288-x | modelled cost of degradation "
    "by V2G | 0.002 to 0.005 |",
    "whole life at the retail price of a replacement pack | 0.13 |",
    "Packs of 2019 cost more. The credible band is 0.01 to 0.06;",
    "The reference paper has 0.05 for its present and 0.01 for the future",
    "hours of regulation state 2",
    "Rahman et al. 2023 bound bids by connected cars, too (Sec. 5)",
    "With a memory of 0 the share",
    "the world of Rahman et al. 2023: the same",
    "are those of Rahman et al. 2023.",
    "(ElaadNL, 2019)",
    "The real price files have 24 hours on every day",
)
"""Sentences whose numbers are those of the source that they name, and years as dates."""

NAMES = (
    *("V2G", "chrisyeh96", "steps 4 to 6 of t", "departures and arrivals of t + 1"),
    *("imbalance sales + net load = 0", "kappa log(1 + w / saturation)"),
)
"""Names and formulas with digits that measure nothing."""


def prose() -> str:
    """The page without blocks of code, on one line."""
    return " ".join(FENCED.sub("", PAGE.read_text(encoding="utf-8")).split())


@pytest.mark.parametrize("sentence", COMPUTED)
def test_the_page_has_the_numbers_of_the_code(sentence: str):
    assert sentence in prose()


@pytest.mark.parametrize("sentence", SOURCED)
def test_what_is_taken_from_a_source_is_on_the_page(sentence: str):
    assert sentence in prose()


def test_every_other_number_would_be_noticed():
    rest = prose()
    for sentence in sorted({*COMPUTED, *SOURCED}, key=len, reverse=True):
        rest = rest.replace(sentence, "")
    rest = re.sub(r"`[^`]*`|\]\([^)]*\)|(?<= )\d\. (?=\*\*)", "", rest)
    for name in NAMES:
        rest = rest.replace(name, "")
    places = [one.span() for one in NUMBER.finditer(rest)]
    assert [rest[max(begin - 60, 0) : end + 20] for begin, end in places] == []


def test_numbers_in_words():
    assert pytest.approx(1e-6) == GRID_H  # a millionth of an hour
    tariff, wear = CONTROL.tariff_eur_per_kwh, OWNER.wear_eur_per_kwh
    assert sum(tariff > wear / one for one in OWNER.types) == 4  # of five
    assert len(OWNER.types) == 5
    assert tariff > wear
    rest_eur = FAST_CHARGER_EUR_PER_KWH - DRIVER.retail_eur_per_kwh
    assert math.ceil(10 * rest_eur) / 10 == DRIVER.shortfall_eur_per_kwh
    assert DEFAULT.guarantee
    assert PLAIN.replace(market={"imbalance_pricing": "single"}, guarantee=True) == PAPER_2023


def test_synthetic_years_have_the_prices_and_sessions_that_the_page_names():
    default = SyntheticSource("train", 1, days=2)
    assert fitted_on(default.calibration) == {
        "prices": "hours of 2018, quarters of October to December 2018",
        "sessions": "2019",
    }
    assert str(default.scenario(0).clock[0]).startswith("2019-01-01")


@pytest.fixture(scope="module")
def year() -> Scenario:
    return SyntheticSource("train", 1, dt_h=0.25).scenario(0)


def test_cars_and_prices_of_drawn_years(year: Scenario):
    """3.7 kW for half, two prices in a share of the hours, and about twice the demand."""
    cars = year.sessions
    assert np.median(cars.charge_kw) == pytest.approx(3.7, abs=0.1)
    paper = SyntheticSource("train", 1, dt_h=0.25, params="reference_demand").scenario(0).sessions
    needed = [(one.target_soc - one.arrival_soc).sum() for one in (paper, cars)]
    assert needed[0] / needed[1] == pytest.approx(2.0, abs=0.1)
    apart = year.im_short_eur_per_kwh - year.im_long_eur_per_kwh
    assert np.mean(apart > 0) == pytest.approx(SYNTHETIC.dual_pricing.share, rel=0.05)
    mean_eur = apart[apart > 0].mean()
    assert mean_eur == pytest.approx(SYNTHETIC.dual_pricing.spread_eur_per_kwh, rel=0.1)


def test_about_one_car_in_a_hundred_is_turned_away(year: Scenario):
    sim = Simulation(year, DEFAULT)
    sim.reset()
    total = np.zeros(2)
    for _ in range(year.n_steps):
        row = sim.advance(sim.lo_kwh, checked=True)[0]
        total += row[COLUMN.turned_away], row[COLUMN.arrivals]
    assert 0.005 < total[0] / total[1] < 0.015
