from __future__ import annotations

import numpy as np

from vpp_gym.plots.chargers import contract_runs, sorted_soc
from vpp_gym.plots.day import draw_day


def test_runs_cover_the_mask():
    contract = np.random.default_rng(3).random((20, 24)) < 0.4
    covered = np.zeros_like(contract)
    for charger, first, after in contract_runs(contract):
        assert not covered[charger, first:after].any()
        covered[charger, first:after] = True
    assert np.array_equal(covered, contract)


def test_sorting_keeps_each_step_and_puts_contracts_on_top():
    rng = np.random.default_rng(4)
    soc = rng.random((50, 24))
    soc[rng.random(soc.shape) < 0.3] = np.nan
    contract = (rng.random(soc.shape) < 0.2) & ~np.isnan(soc)
    drawn = sorted_soc(soc, contract)
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(soc, axis=0))
    for step, held in enumerate(contract.sum(axis=0)):
        np.testing.assert_array_equal(
            drawn[:held, step], np.sort(soc[contract[:, step], step])[::-1]
        )


def test_marks_are_drawn_for_connected_evs_only(make_view):
    view = make_view(n_chargers=3)
    (marks,) = (
        c for c in draw_day(view).axes[4].collections if type(c).__name__ == "PolyCollection"
    )
    shown = view.has_contract & ~np.isnan(view.soc)
    assert len(marks.get_paths()) == len(contract_runs(shown))


def test_a_large_lot_is_sorted_and_says_so(make_view):
    axes = draw_day(make_view(n_chargers=200)).axes[4]
    assert axes.get_title(loc="left") == "EVs, sorted in each step"
    assert axes.get_ylabel() == "EVs"
