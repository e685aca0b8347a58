"""The committed page: made from its numbers by this code, and its prose true of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vpp_gym.reproduction.rahman2023.page import page
from vpp_gym.reproduction.rahman2023.published import TABLE_2
from vpp_gym.reproduction.rahman2023.quirks import rules

DOCS = Path(__file__).parents[2] / "docs"


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
