"""Agreement of rankings on gains made by hand."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from benchmarks import order
from benchmarks.differences import made_by
from benchmarks.order import (
    COLUMNS,
    POLICIES,
    TRACK,
    agreement,
    committed,
    swapped,
    within_intervals,
)


def gained(year, values):
    found = pd.Series(list(values.values()), dtype=float)
    ends = {"gain_eur_low": found - 1, "gain_eur_high": found + 1}
    row = {"year": year, "policy": list(values), "gain_eur": found, **ends}
    return pd.DataFrame(row)[COLUMNS]


@pytest.fixture
def real():
    return gained("real", {"a": 3.0, "b": 2.0, "c": 1.0})


@pytest.fixture
def years():
    """The first year ranks as the real one does, the second turns b and c."""
    return pd.concat(
        [
            gained("s0", {"a": 3.0, "b": 2.0, "c": 1.5}),
            gained("s1", {"a": 5.5, "b": 1.0, "c": 2.0}),
        ],
        ignore_index=True,
    )


def test_rank_correlations_by_hand(years, real):
    first = agreement(years, real).set_index("year")
    assert first.loc["s0", "spearman"] == pytest.approx(1)
    assert first.loc["s1", "spearman"] == pytest.approx(0.5)
    assert first.loc["s1", "kendall"] == pytest.approx(1 / 3)
    assert first.loc["s1", "pairs_alike"] == "2 of 3"
    assert first.loc["mean of the years", "pairs_alike"] == "2 of 3"


def test_intervals_by_hand(years, real):
    first = within_intervals(years, real).set_index("policy")
    assert first["inside"].to_dict() == {"a": "no", "b": "yes", "c": "yes"}
    assert first["years_over"].to_dict() == {"a": "1 of 2", "b": "2 of 2", "c": "2 of 2"}


def test_swapped_pairs_come_with_what_they_are_worth(years, real):
    days = pd.concat(
        pd.DataFrame(
            {"track": TRACK, "policy": name, "date": range(28), "profit_eur": [float(worth)] * 28}
        )
        for name, worth in (("a", 3), ("b", 2), ("c", 1))
    )
    (row,) = swapped(years, real, days).to_dict("records")
    assert (row["ahead_in_the_real_year"], row["behind"]) == ("b", "c")
    assert row["years_ahead"] == "1 of 2"
    assert row["gain_eur"] == pytest.approx(28)


@pytest.mark.parametrize("suite", ["real", "embedded"])
def test_committed_gains_hold_every_policy(suite):
    table = committed(suite)
    assert list(table["policy"]) == list(POLICIES)
    assert table["gain_eur"].iloc[0] == 0


def made_up(source, index):
    """Gains of every policy in a year, without a run."""
    return gained(f"{source.name}:{index}", {name: 1.0 * k for k, name in enumerate(POLICIES)})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for suite in ("real", "embedded"):
        for name in (f"{suite}.csv", f"{suite}_days.csv"):
            shutil.copy(order.RESULTS / name, tmp_path)
    monkeypatch.setattr(order, "year_gains", made_up)
    return tmp_path


def test_finished_years_are_kept_until_the_code_is_another(folder, monkeypatch):
    ran = []

    def counted(source, index):
        ran.append(index)
        if len(ran) == 2:
            raise KeyboardInterrupt
        return made_up(source, index)

    monkeypatch.setattr(order, "year_gains", counted)
    with pytest.raises(KeyboardInterrupt):
        order.main(years=2, folder=folder)
    order.main(years=2, folder=folder)
    assert ran == [0, 1, 1]
    order.main(years=2, folder=folder)
    assert ran == [0, 1, 1]
    page = (folder / "order.md").read_text()
    assert f"\n{made_by('python -m benchmarks.order --years 2')}\n" in page
    assert "| charge_on_arrival |" in page
    (folder / "order.md").write_text(page.replace("code ", "code 0"))
    order.main(years=2, folder=folder)
    order.main(years=2, fresh=True, folder=folder)
    assert ran == [0, 1, 1, 0, 1, 0, 1]
