"""Own runs among published ones: ranks, differences and shares by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.boards.published import boards, week_sums
from vpp_gym.boards.ranking import OWN, neighbours, ranking
from vpp_gym.errors import InvalidInputError

BOARD = boards()["embedded.operations"]
PROFIT, POSITION = (BOARD.quantities.index(name) for name in ("profit_eur", "position_eur"))


def better(policy, eur_a_week):
    """The runs of a policy with so much more profit in every week."""
    values = BOARD.of(policy).copy()
    values[..., PROFIT] += eur_a_week
    return values


def test_a_cent_more_than_the_best_ranks_first():
    best = ranking(BOARD, {}).rows
    first = next(row["policy"] for row in best if row["rank"] == 1)
    found = ranking(BOARD, {"mine": better(first, 0.01)})
    assert found.row["rank"] == 1
    assert found.row["kind"] == OWN
    theirs = next(row for row in found.rows if row["policy"] == first)
    assert theirs["rank"] == 2
    assert theirs["own_gain_eur"] == pytest.approx(0.52)
    assert theirs["own_gain_eur_low"] == pytest.approx(0.52)
    assert theirs["own_better"] == 1.0
    assert found.ranked == ranking(BOARD, {}).ranked + 1


def test_the_same_runs_are_a_tie_in_every_week():
    found = ranking(BOARD, {"mine": better("charge_on_arrival", 0.0)})
    theirs = next(row for row in found.rows if row["policy"] == "charge_on_arrival")
    assert (theirs["own_gain_eur"], theirs["own_better"]) == (0.0, 0.5)
    assert found.row["gain_eur"] == 0.0
    assert found.row["worlds_more"] == 0


def test_bids_do_not_count_where_the_board_leaves_them_out():
    bets = better("charge_on_arrival", 100.0)
    bets[..., POSITION] += 100.0
    by_operations = ranking(BOARD, {"mine": bets}).row
    assert by_operations["gain_eur"] == pytest.approx(0.0)
    by_profit = ranking(boards()["embedded.market"], {"mine": bets}).row
    assert by_profit["gain_eur"] == pytest.approx(5200.0)


def test_a_part_of_the_board_is_ranked_on_that_part():
    runs = better("rolling_mpc", 5.0)[:, :2, :4]
    found = ranking(BOARD, {"mine": runs})
    assert (found.worlds, found.days) == (2, 28)
    theirs = next(row for row in found.rows if row["policy"] == "rolling_mpc")
    assert theirs["own_gain_eur"] == pytest.approx(20.0)
    assert theirs["value_eur"] == pytest.approx(
        BOARD.value_eur(BOARD.of("rolling_mpc"))[0, :2, :4].sum() / 2
    )


def test_seeds_are_taken_together_by_their_interquartile_mean():
    seeds = np.concatenate([better("charge_on_arrival", eur) for eur in (0, 1, 2, 3, 1000)])
    assert ranking(BOARD, {"mine": seeds}).row["gain_eur"] == pytest.approx(104.0)


def test_neighbours_are_the_best_the_ends_and_those_next_to_it():
    found = ranking(BOARD, {"mine": better("charge_at_deadline", 0.001)})
    shown = neighbours(found)
    names = [row["policy"] for row in shown]
    assert {"mine", "charge_at_deadline", BOARD.low, BOARD.high} <= set(names)
    assert [row["rank"] for row in shown if row["rank"]][:3] == [1, 2, 3]
    assert len(shown) < len(found.rows)
    order = [row["policy"] for row in found.rows]
    assert names == sorted(names, key=order.index)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInputError, match="has a policy of that name"):
        ranking(BOARD, {"rolling_mpc": better("rolling_mpc", 0.0)})
    with pytest.raises(InvalidInputError, match="as the others"):
        ranking(BOARD, {"a": better("rolling_mpc", 0.0), "b": better("rolling_mpc", 0.0)[:, :2]})
    longer = np.repeat(better("rolling_mpc", 0.0), 2, axis=1)
    with pytest.raises(InvalidInputError, match="12 worlds"):
        ranking(BOARD, {"a": longer})


def test_a_board_cut_short_keeps_its_policies():
    cut = replace(BOARD, values=BOARD.values[:, :1])
    assert {row["policy"] for row in ranking(cut, {}).rows} == set(BOARD.policies())


def test_days_left_over_belong_to_the_last_week():
    days = np.arange(100, 116)
    values = np.stack([np.ones(16), np.arange(16.0)], axis=1)
    sums = week_sums(days, values, 7)
    assert sums.tolist() == [[7.0, 21.0], [9.0, sum(range(7, 16))]]
    assert week_sums(days, values, 1).tolist() == values.tolist()
