"""The tables of terms: what is derived from them, what they refuse, and that nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.ledger import LEDGER as CAR_PARK
from vpp_gym.fcev.microgrid.ledger import LEDGER as MICROGRID
from vpp_gym.ledger import Ledger, Part, Term
from vpp_gym.markets.ledger import LEDGER as EVS

ROOT = Path(__file__).parents[1]
PACKAGE = Path(next(iter(find_spec("vpp_gym").submodule_search_locations)))
LEDGERS = pytest.mark.parametrize("ledger", [EVS, CAR_PARK, MICROGRID], ids=["ev", "park", "grid"])

TRADE = Part("trade", "trade", "bought and sold")
LOAD = Part("load", "load", "the load at a reference price", out_of="trade")
PAID = Part("paid", "people", "paid to people")
SOLD = Term("sold_eur", "EUR", "money", "trade", "got for energy")
PAY = Term("pay_eur", "EUR", "money", "paid", "wages")
VALUE = Term("value_eur", "EUR", "value", "load", "the load at a reference price")
LOAD_KWH = Term("load_kwh", "kWh", "amount", "", "taken from the grid")
FAIR = Term("fairness", "1", "share", "", "1 if all are paid alike")


def small() -> Ledger:
    """Trade of which the value of the load is taken out, and wages."""
    return Ledger((SOLD, PAY, VALUE, LOAD_KWH, FAIR), (TRADE, LOAD, PAID))


def booked(ledger: Ledger, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 100, 50) for name in ledger.names}


@LEDGERS
def test_a_column_is_where_its_name_is_and_money_comes_first(ledger: Ledger):
    assert [getattr(ledger.columns, name) for name in ledger.names] == list(
        range(len(ledger.terms))
    )
    assert ledger.names[: len(ledger.money)] == ledger.money
    assert all(term.role != "money" for term in ledger.terms[len(ledger.money) :])


@LEDGERS
def test_every_term_of_money_is_in_one_part_and_the_parts_add_up_to_the_profit(ledger: Ledger):
    parts = [ledger.names_in(part) for part in ledger.parts]
    for name in ledger.money:
        assert sum(name in part for part in parts) == 1
    terms = booked(ledger, seed=0)
    profit = sum(terms[name] for name in ledger.money)
    shares = [ledger.part_eur(part.name, terms) for part in ledger.parts]
    np.testing.assert_allclose(sum(shares), profit, atol=1e-9)
    table = terms | {part.eur: ledger.part_eur(part.name, terms) for part in ledger.remainders}
    np.testing.assert_allclose(sum(ledger.parts_eur(table).values()), profit, atol=1e-9)
    np.testing.assert_allclose(sum(table[name] for name in ledger.split), profit, atol=1e-9)


def test_a_value_counts_in_its_part_and_is_taken_out_of_the_other():
    """Sold 10, wages 3, load worth -4: trade is 10 + 4, load -4, paid -3; 7 in all."""
    ledger = small()
    terms = {"sold_eur": 10.0, "pay_eur": -3.0, "value_eur": -4.0}
    parts = {part.name: ledger.part_eur(part.name, terms) for part in ledger.parts}
    assert parts == {"trade": 14.0, "load": -4.0, "paid": -3.0}
    assert ledger.remainders == (TRADE,)
    assert ledger.split == ("trade_eur", "value_eur", "pay_eur")
    assert ledger.split_without("trade", "paid") == ("value_eur",)
    split = terms | {"trade_eur": 14.0}
    assert ledger.parts_eur(split) == {"trade_eur": 14.0, "load_eur": -4.0, "paid_eur": -3.0}


def test_the_position_is_what_both_markets_pay_beyond_the_value_of_the_load():
    terms = booked(EVS, seed=1)
    expected = terms["da_eur"] + terms["im_eur"] - terms["load_value_eur"]
    np.testing.assert_array_equal(EVS.part_eur("position", terms), expected)


def test_amounts_add_up_over_time_and_the_last_share_counts():
    records = np.array([[1.0, -1.0, 2.0, 5.0, 0.25], [2.0, 0.0, 3.0, 1.0, 0.75]])
    total = small().over_time(records)
    assert total.tolist() == [3.0, -1.0, 5.0, 6.0, 0.75]
    assert small().shares == ("fairness",)
    np.testing.assert_array_equal(small().over_time(records[None]), total[None])


def test_a_part_or_a_column_that_is_not_there_is_refused():
    with pytest.raises(InvalidInputError, match="use one of trade, load, paid"):
        small().part_eur("trde", {"sold_eur": 1.0})
    with pytest.raises(InvalidInputError, match="add value_eur"):
        small().part_eur("trade", {"sold_eur": 1.0})
    with pytest.raises(InvalidInputError, match="add trade_eur"):
        small().parts_eur({"sold_eur": 1.0})


@pytest.mark.parametrize(
    ("terms", "parts", "message"),
    [
        ((SOLD._replace(part="trde"),), (TRADE,), "name the part of the profit: one of trade"),
        ((SOLD._replace(part=""),), (TRADE,), "name the part of the profit"),
        ((VALUE._replace(part="lod"),), (TRADE, LOAD), "name the part of the profit"),
        ((SOLD, SOLD), (TRADE,), "state it once, not 2 times"),
        ((SOLD,), (TRADE, TRADE), "state it once, not 2 times"),
        ((SOLD, LOAD_KWH, PAY), (TRADE, PAID), "state money before all other terms"),
        ((SOLD._replace(role="cash"),), (TRADE,), "use a role of money, value"),
        ((SOLD._replace(unit="kWh"),), (TRADE,), "is in EUR"),
        ((SOLD._replace(name="sold_kwh"),), (TRADE,), "end the name in _eur"),
        ((SOLD, LOAD_KWH._replace(unit="kg")), (TRADE,), "end the name in _kg"),
        ((SOLD, LOAD_KWH._replace(part="trade")), (TRADE,), "only EUR belong to a part"),
        ((SOLD, VALUE._replace(part="trade")), (TRADE,), "taken out of another has values"),
        ((SOLD._replace(meaning=""),), (TRADE,), "say what it means"),
        ((SOLD._replace(name="Sold_eur"),), (TRADE,), "in small letters"),
        ((SOLD._replace(name="profit_eur"),), (TRADE,), "use a name of its own"),
        ((SOLD._replace(name="sold eur"),), (TRADE,), "in small letters"),
        ((SOLD,), (TRADE, PAID), "state a term that belongs to it"),
        ((SOLD, VALUE), (TRADE, LOAD._replace(out_of="bets")), "take it out of a part"),
        ((SOLD, VALUE), (TRADE, LOAD._replace(out_of="load")), "take it out of a part"),
        (
            (SOLD._replace(name="trade_eur"), VALUE),
            (TRADE, LOAD),
            "trade_eur is another column",
        ),
        ((SOLD._replace(part="profit"),), (TRADE._replace(name="profit"),), "rename it"),
    ],
)
def test_a_table_with_a_mistake_is_refused(terms, parts, message):
    with pytest.raises(InvalidInputError, match=message):
        Ledger(terms, parts)


ADDED = (
    (
        "markets/ledger.py",
        '        Term("load_value_eur",',
        '        Term("network_fee_eur", "EUR", "money", "service", "fee on imported energy"),\n',
    ),
    (
        "simulation/transition.py",
        "    row[COLUMN.load_value_eur] =",
        "    row[COLUMN.network_fee_eur] = -0.03 * max(load_kwh, 0.0)\n",
    ),
    (
        "fcev/car_park/ledger.py",
        '        Term("driver_profit_eur",',
        '        Term("network_fee_eur", "EUR", "money", "delivery", "fee on V2G"),\n',
    ),
    (
        "fcev/car_park/transition.py",
        "    record[COLUMN.driver_pay_eur] =",
        "    record[COLUMN.network_fee_eur] = -0.03 * done.v2g_kwh\n",
    ),
    (
        "fcev/microgrid/ledger.py",
        '        Term("load_kwh",',
        '        Term("network_fee_eur", "EUR", "money", "grid", "fee on imported energy"),\n',
    ),
    (
        "fcev/microgrid/transition.py",
        "    record[COLUMN.import_eur] =",
        "    record[COLUMN.network_fee_eur] = -0.03 * imported\n",
    ),
)
"""In each world a line of the table and a line that books it: file, what it stands before, line."""


@pytest.fixture(scope="module")
def added(tmp_path_factory) -> dict[str, Any]:
    """What a copy of the package with a network fee says about it; see `tests.added_term`."""
    copy = tmp_path_factory.mktemp("added")
    code = shutil.ignore_patterns("__pycache__", "results", "trained", "images")
    shutil.copytree(PACKAGE, copy / "vpp_gym", ignore=code)
    for folder in ("agents", "benchmarks", "docs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=code)
    for file, before, line in ADDED:
        path = copy / "vpp_gym" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, file
        path.write_text(text.replace(before, line + before), encoding="utf-8")
    # Plain Python: nothing is compiled for the copy.
    env = {**os.environ, "PYTHONPATH": os.fspath(copy), "NUMBA_DISABLE_JIT": "1"}
    script = [sys.executable, os.fspath(ROOT / "tests" / "added_term.py")]
    run = subprocess.run(script, cwd=copy, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    facts: dict[str, Any] = json.loads(run.stdout)
    return facts


def test_an_added_term_is_booked_and_paid_in_every_step(added):
    steps, env = added["steps"], added["environment"]
    assert steps["imported_kwh"] > 10
    assert steps["fee"] == pytest.approx(-0.03 * steps["imported_kwh"])
    assert env["fee"] < -0.1
    assert env["off_by"] == pytest.approx(0.0, abs=1e-9)


def test_an_added_term_is_in_the_profit_its_parts_totals_and_leaderboards(added):
    days = added["days"]
    assert days["fee"] == pytest.approx(added["steps"]["fee"])
    assert days["off_by"] == pytest.approx(dict.fromkeys(days["off_by"], 0.0), abs=1e-9)
    assert days["in"] == dict.fromkeys(days["in"], True)


def test_an_added_term_is_drawn_and_reported(added):
    assert list(added["figures"].values()) == pytest.approx([0.0, 0.0], abs=1e-9)
    report = added["report"]
    assert report["money"]["network_fee_eur"] == pytest.approx(added["steps"]["fee"])
    for group in ("money", "split"):
        assert sum(report[group].values()) == pytest.approx(report["profit_eur"])


def test_an_added_term_is_in_the_outcome_of_the_case_study(added):
    assert list(added["reproduction"].values()) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_an_added_term_counts_when_agents_are_trained_and_chosen(added):
    training = added["training"]
    assert training["fee"] < -0.1
    assert training["off_by"] == pytest.approx(0.0, abs=1e-9)


def test_an_added_term_is_on_the_pages(added):
    assert added["pages"] == dict.fromkeys(added["pages"], True)


@pytest.mark.parametrize("world", ["car park", "microgrid"])
def test_an_added_term_of_fuel_cell_cars_is_in_days_totals_and_parts(added, world: str):
    found = added["fuel_cell_cars"][world]
    assert found["fee"] < 0
    assert found["total"] == pytest.approx(found["fee"])
    assert found["off_by"] == pytest.approx(0.0, abs=1e-9)
