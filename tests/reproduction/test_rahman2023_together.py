"""What saves time changes nothing: years stepped together, loads settled with other bids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, V2G
from vpp_gym.reproduction.rahman2023.rules import Rules, of_the_load
from vpp_gym.reproduction.rahman2023.run import run_row, schedules_of
from vpp_gym.reproduction.rahman2023.run_records import RunRecords
from vpp_gym.reproduction.rahman2023.study import Study
from vpp_gym.reproduction.rahman2023.together import run_together

NO_BIDS = Rules(bids="none")


@pytest.mark.data
def test_years_stepped_together_are_those_stepped_alone(study: Study):
    seeds = (7, 3)
    together = run_together(study.folder, V2G[2], NO_BIDS, seeds)
    for seed, books in zip(seeds, together, strict=True):
        alone = RunRecords.of(run_row(study.folder, replace(V2G[2], type_seed=seed), NO_BIDS))
        np.testing.assert_array_equal(books.records, alone.records)
        assert books.accepted == alone.accepted
    assert together[0].accepted != together[1].accepted


@pytest.mark.data
@pytest.mark.parametrize("rules", [Rules(), Rules(bids="drawn", bid_seed=4)])
@pytest.mark.parametrize("row", [NO_CONTROL, V2G[0]])
def test_loads_settled_with_other_bids_are_the_run_with_these_bids(study: Study, row, rules):
    with_them = RunRecords.of(run_row(study.folder, row, rules))
    without = RunRecords.of(run_row(study.folder, row, of_the_load(row, rules)))
    schedules_kwh, prices = schedules_of(study.case, row, rules), study.case.prices_eur_per_kwh
    settled = without.with_bids(schedules_kwh, *prices(rules.quirks))
    np.testing.assert_array_equal(settled.records, with_them.records)
    assert np.abs(settled.records - without.records).max() > 1


def test_bids_change_no_load():
    same = [of_the_load(NO_CONTROL, Rules(bids=bids)) for bids in ("reference", "drawn", "none")]
    assert same[0] == same[1] == same[2]
    assert of_the_load(V2G[0], Rules(bids="honest")) != of_the_load(V2G[0], Rules())
