"""The committed page: made from its numbers by this code, and its prose true of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vpp_gym.reproduction.rahman2023.bids import N_SAMPLES, PRICE_SD
from vpp_gym.reproduction.rahman2023.page import TEMPLATE, page
from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, TABLE_2, Figures
from vpp_gym.reproduction.rahman2023.quirks import rules

DOCS = Path(__file__).parents[2] / "docs"

TYPED = {
    "(e-Energy 2023, doi 10.1145/3575813.3597353)": "the paper it is about",
    "for the year 2019": "the paper it is about",
    "by 11 to 12 %": "`test_gains_as_printed`",
    "Over other draws the means are within 1 %": "`test_other_owners_and_bids...`",
    "both know the next day's prices within 10 %": "printed in the paper",
    "Two printed gains, 11.6 and 12.2 %,": "`test_gains_as_printed`",
    "of 9,249 arrivals": "`test_rahman2023_table_2`, with the data",
    "fall by 74.65 / 76.81 / 78.11 %": "printed in the paper",
    "This number is base / new - 1": "a formula",
    "mean of 100 samples around": "`bids.N_SAMPLES`",
    "standard deviation 10 %": "`bids.PRICE_SD`",
    "in 2018 and 2019, the years at hand": "the files of prices",
    "are of 2018 to 2021": "printed in the paper",
}
"""Numbers of the page's prose that are not made from the document, and what they rest on."""

NAMES = (
    r"Rahman et al. 2023|rahman2023|V2G|figure_\d|[Ff]igure 7|Algorithm 1|[Tt]able[ _][12]|{\w+}"
)
SCOPE = r"contracts of 3 h|1, 2 and 3 h|EUR in 2019|\(16d\)"
"""Digits that measure nothing, and terms and years that rows are of."""


@pytest.fixture(scope="module")
def document() -> dict:
    return json.loads((DOCS / "rahman2023.json").read_text(encoding="utf-8"))


def test_the_page_is_up_to_date(document):
    written = (DOCS / "rahman2023.md").read_text(encoding="utf-8")
    assert written == page(document), "run vpp-gym reproduce rahman2023 --out docs"
    assert document["quirks"] == dict(rules())


def test_every_row_rounds_to_the_printed_one(document):
    for own, (row, printed) in zip(document["table_2"], TABLE_2.items(), strict=True):
        assert own["row"] == row.name
        for name in ("profit_eur", "transfer_eur", "payoff_eur"):
            assert round(own[name]) == getattr(printed, name) == own[f"paper_{name}"]


def test_bids_make_the_gain_and_contracts_do_not(document):
    """What the page says in words."""
    first, same_bids, *others = document["ladder"]
    gain_eur = first["v2g_eur"] - first["no_control_eur"]
    assert first["position_gain_eur"] > gain_eur > 0
    for rung in (same_bids, *others):
        assert rung["over_no_v2g_eur"] < 0
        assert rung["position_gain_eur"] == pytest.approx(0, abs=0.01)
    assert same_bids["v2g_eur"] < same_bids["no_control_eur"]
    assert others[-1]["v2g_eur"] > others[-1]["no_control_eur"]
    v2g_eur = [row["profit_eur"] for row in document["table_2"] if row["contracts"]]
    uniform_eur = [row["profit_eur"] for row in document["table_2"][2:5]]
    assert max(uniform_eur) < same_bids["no_control_eur"]
    assert max(v2g_eur) < same_bids["no_v2g_eur"]


def test_parts_of_the_gain_add_up(document):
    names = ("position_gain_eur", "flexibility_eur", "contracts_eur", "drivers_eur")
    for rung in document["ladder"]:
        gain_eur = rung["v2g_eur"] - rung["no_control_eur"]
        assert sum(rung[name] for name in names) == pytest.approx(gain_eur, abs=0.01)


def test_other_owners_and_bids_stay_within_one_percent_of_the_paper(document):
    assert [row["seeds"] for row in document["seeds"]] == [20, 20, 20]
    for row in document["seeds"]:
        assert row["profit_eur_mean"] == pytest.approx(row["paper_profit_eur"], rel=0.01)
        for name in ("profit_eur", "payoff_eur"):
            assert row[f"{name}_sd"] > 0


def test_the_prose_holds_no_other_number():
    """Numbers of the paper stay as they are; all others come from the document."""
    prose = " ".join(TEMPLATE.read_text(encoding="utf-8").split())
    for sentence in TYPED:
        assert sentence in prose
        prose = prose.replace(sentence, "")
    prose = re.sub(f"{NAMES}|{SCOPE}", "", prose)
    assert [
        prose[max(one.start() - 40, 0) :][:60] for one in re.finditer(r"\d[\d,.]*", prose)
    ] == []


def test_bids_are_drawn_as_the_page_says():
    assert (N_SAMPLES, PRICE_SD) == (100, 0.1)


def test_gains_as_printed():
    """From the printed profits; two gains differ by a tenth."""
    base_eur = TABLE_2[NO_CONTROL].profit_eur

    def follows(figures: Figures) -> float:
        return round(100 * (figures.profit_eur / base_eur - 1), 1)

    differ = [one.gain_percent for one in TABLE_2.values() if one.gain_percent != follows(one)]
    assert differ == [11.6, 12.2]
    assert all(abs(one.gain_percent - follows(one)) < 0.11 for one in TABLE_2.values())
    with_contracts = [one.gain_percent for row, one in TABLE_2.items() if row.term_h]
    assert (round(min(with_contracts)), round(max(with_contracts))) == (11, 12)
