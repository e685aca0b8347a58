"""The sample, and the committed table of what became of it."""

from __future__ import annotations

import csv
from collections import Counter

from tests.mutation.sample import GROUPS, HERE, sample
from tests.mutation.table import LEAST_KILLED, reasons


def test_the_sample_is_the_same_each_time_and_spread_over_modules():
    changes = sample()
    assert changes == sample()
    drawn = [change for change in changes if not change.named]
    assert Counter(change.group.name for change in drawn) == {one.name: one.size for one in GROUPS}
    assert sum(one.size for one in GROUPS) == 150
    assert max(Counter(change.module for change in drawn).values()) <= 15


def test_every_change_is_python():
    for change in sample():
        assert compile(change.changed_source(), change.module, "exec")


def rows() -> list[dict[str, str]]:
    with (HERE / "mutants.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_at_least_95_percent_were_killed_and_all_that_once_survived():
    drawn = [row for row in rows() if row["kind"] != "named"]
    killed = [row for row in drawn if row["result"] == "killed"]
    assert len(drawn) == 150
    assert len(killed) >= LEAST_KILLED * len(drawn)
    assert {row["result"] for row in rows() if row["kind"] == "named"} == {"killed"}


def test_every_survivor_has_a_reason():
    survivors = [row for row in rows() if row["result"] != "killed"]
    assert all(row["reason"] for row in survivors)
    assert {(row["module"], row["change"]) for row in survivors} == set(reasons())
