"""What is packaged of the published results is what is published, and ranks as it does there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.leaderboard import RESULTS, published
from benchmarks.packaged import findings, packaged
from benchmarks.results import read, rows_path
from benchmarks.suites import suite_of
from vpp_gym.boards.digest import same_worlds, world_digest
from vpp_gym.boards.published import boards, packed, unpacked
from vpp_gym.boards.ranking import ranking
from vpp_gym.boards.record import rules_are_published
from vpp_gym.boards.worlds import SUITES
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.csv_text import read_table
from vpp_gym.evaluation.values import value_digest

DOCUMENTS = {path: read(path) for path in published(RESULTS)}
BOARDS = boards()


def test_every_suite_is_packaged_as_it_is_published(tmp_path):
    assert list(findings(DOCUMENTS)) == []
    found = list(findings(DOCUMENTS, tmp_path))
    assert len(found) == len(DOCUMENTS)
    assert set(SUITES) == {document["suite"] for document in DOCUMENTS.values()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_arrays_are_those_of_the_rows(path):
    document = DOCUMENTS[path]
    _, values = packaged(document, read_table(rows_path(path, document)))
    of_track = {board.track: board for board in BOARDS.values() if board.suite == path.stem}
    assert set(values) == set(of_track)
    for track, numbers in values.items():
        np.testing.assert_allclose(of_track[track].values, numbers, atol=6e-5)


@pytest.mark.parametrize("name", BOARDS)
def test_ranks_values_and_gains_are_those_of_the_published_board(name):
    board = BOARDS[name]
    suite = suite_of(board.suite)
    document = read(RESULTS / f"{board.suite}.json")
    short = name.partition(".")[2]
    rows = {row["policy"]: row for row in document["boards"][short]}
    found = ranking(board, {})
    ranks = {name: row["rank"] for name, row in rows.items() if row["rank"] is not None}
    assert {row["policy"] for row in found.rows} == set(rows)
    for row in found.rows:
        theirs = rows[row["policy"]]
        # Rounded sums may put two policies the other way round that do exactly the same.
        names = [one for one, rank in ranks.items() if rank == row["rank"]]
        values = [float(rows[one][suite.boards[short].value]) for one in names]
        value = float(theirs[suite.boards[short].value])
        assert row["rank"] == theirs["rank"] or values == pytest.approx([value], abs=1e-4)
        assert row["value_eur"] == pytest.approx(theirs[suite.boards[short].value], abs=0.1)
        assert row["gain_eur"] == pytest.approx(theirs["gain_eur"], abs=0.2)
        assert row["worlds_more"] == theirs["gain_worlds"]
        assert row["score"] == pytest.approx(theirs["score"], abs=0.1)
        if "demand_satisfaction" in row:
            assert row["demand_satisfaction"] == pytest.approx(
                theirs["demand_satisfaction"], abs=2e-4
            )


@pytest.mark.parametrize("name", [name for name, board in BOARDS.items() if not board.worlds.real])
def test_worlds_and_rules_are_those_of_the_suite(name):
    board = BOARDS[name]
    suite = suite_of(board.suite)
    assert board.params == suite.params(board.track)
    last = board.n_worlds - 1
    mine = board.worlds.scenario(board.track, last)
    assert value_digest(mine) == value_digest(suite.scenario(board.track, last, None))
    assert same_worlds([world_digest(mine)], board.world_digests[last:])
    assert rules_are_published(board)


def test_digests_of_worlds_are_of_what_happens_in_them():
    import dataclasses

    world = BOARDS["embedded.market"].worlds.scenario("reference", 0)
    same = dataclasses.replace(world, name="another name")
    assert world_digest(same) == world_digest(world)
    dearer = world.da_eur_per_kwh.copy()
    dearer[7] += 1e-6
    other = dataclasses.replace(world, da_eur_per_kwh=dearer)
    assert not same_worlds([world_digest(other)], [world_digest(world)])
    assert same_worlds([world_digest(world)], [world_digest(world) + " of_later=00000000"])


def test_numbers_are_packed_to_the_last_published_decimal():
    values = np.array([0.0, -1.23456, 20000.0001, np.nan])
    np.testing.assert_array_equal(unpacked(packed(values)), [0.0, -1.2346, 20000.0001, np.nan])
    with pytest.raises(InvalidInputError, match="larger than"):
        packed(np.array([1e9]))


def test_a_packaged_file_of_other_rows_is_found():
    path = next(iter(DOCUMENTS))
    document = {**DOCUMENTS[path], "rows_sha256": "0" * 64}
    (fault,) = findings({path: document})
    assert path.name in fault
