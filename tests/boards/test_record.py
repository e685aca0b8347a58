"""A record: written, read, checked without a run, and compared with its runs made again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.boards.digest import same_worlds
from vpp_gym.boards.entry import Entry, board_of, checked_span, run_on_board
from vpp_gym.boards.published import boards
from vpp_gym.boards.ranking import ranking
from vpp_gym.boards.record import Record, read_folder, rules_are_published
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import DIGEST, digest_of

BOARD = boards()["embedded.operations"]
WORLDS, WEEKS = 2, 3


def entry(**changes):
    values = BOARD.of("rolling_mpc")[:, :WORLDS, :WEEKS]
    made = Entry(
        name="mine",
        env_id="VPPDispatch-v0",
        seeds=(0,),
        values=values + 1.0,
        days=7 * WEEKS,
        world_digests=BOARD.world_digests[:WORLDS],
        rules=BOARD.params.model_dump(mode="json"),
    )
    return replace(made, **changes)


def record(**changes):
    made = entry(**changes)
    found = ranking(BOARD, {made.name: made.values})
    return Record.of(made, found, files={"ppo.zip": "0" * 64}, command="vpp-gym evaluate ppo.zip")


def edited(path, change):
    """The file with a change, and the digest that fits it: as a forger would write it."""
    content = json.loads(path.read_text())
    content.pop(DIGEST)
    change(content)
    path.write_text(json.dumps({**content, DIGEST: digest_of(content)}))
    return Record.read(path)


def test_a_record_is_read_as_it_was_written(tmp_path):
    made = record()
    path = made.write(tmp_path / "mine.json")
    again = Record.read(path)
    assert again.document == made.document
    assert list(again.findings()) == []
    assert again.document.command == "vpp-gym evaluate ppo.zip"
    np.testing.assert_allclose(again.values, entry().values, atol=1e-4)
    assert again.ranked().row["rank"] == made.document.row["rank"]
    assert any("2 of 12 worlds" in note for note in again.notes())
    assert list(read_folder(tmp_path)) == ["mine.json"]


def test_a_record_that_was_edited_is_refused(tmp_path):
    path = record().write(tmp_path / "mine.json")
    path.write_text(path.read_text().replace('"days": 21', '"days": 28'))
    with pytest.raises(InvalidInputError, match="edited or is damaged"):
        Record.read(path)
    (tmp_path / "other.json").write_text('{"record": 7}')
    with pytest.raises(InvalidInputError, match="--out"):
        Record.read(tmp_path / "other.json")


def more(content):
    content["rows"][0][0][0][0] += 1000.0


def rank_one(content):
    content["row"]["rank"] = 1


def other_world(content):
    content["world_digests"][1] = "da_eur_per_kwh=00000000"


def no_penalty(content):
    content["rules"]["driver"]["shortfall_eur_per_kwh"] = 0.0


def longer(content):
    content["days"] = 28


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (more, "rows: they are not those"),
        (rank_one, "row.rank: 1"),
        (other_world, "worlds: they are not the scenarios"),
        (no_penalty, "rules: driver differ"),
        (longer, "rows: 3 weeks or days for 28 days"),
    ],
)
def test_what_does_not_fit_together_is_found(tmp_path, change, fault):
    found = edited(record().write(tmp_path / "mine.json"), change)
    assert any(one.startswith(fault) for one in found.findings())


def test_offers_to_owners_are_a_policys_own(tmp_path):
    def offers(content):
        content["rules"]["contract"]["families"] = []

    found = edited(record().write(tmp_path / "mine.json"), offers)
    assert list(found.findings()) == []


@pytest.mark.parametrize("rows", [[[[["x"]]]], [1.0], [[[[1.0, 2.0]]]], None])
def test_rows_of_another_form_are_refused(tmp_path, rows):
    path = record().write(tmp_path / "mine.json")
    with pytest.raises(InvalidInputError):
        edited(path, lambda content: content.update(rows=rows))


def test_runs_that_are_made_again_are_compared():
    made = record()
    assert list(made.compared(entry())) == []
    first = entry(values=entry().values[:, :1], world_digests=BOARD.world_digests[:1])
    assert list(made.compared(first)) == []
    apart = entry().values.copy()
    apart[0, 1, 2, 0] += 0.5
    (fault,) = made.compared(entry(values=apart))
    assert "1 of 48 numbers differ, most profit_eur of seed 0, world 1, period 2" in fault
    faults = list(made.compared(entry(world_digests=("a=1", "b=2"))))
    assert faults == ["worlds: this version makes other scenarios"]


def test_rules_of_another_version_are_noticed():
    assert rules_are_published(BOARD)
    older = {name: section for name, section in BOARD.rules.items() if name != "ageing"}
    assert rules_are_published(replace(BOARD, rules=older))
    assert not rules_are_published(replace(BOARD, rules={**BOARD.rules, "guarantee": False}))


def test_spans_are_of_whole_weeks():
    assert checked_span(BOARD, None, None) == (12, 365)
    assert checked_span(BOARD, 3, 28) == (3, 28)
    assert checked_span(boards()["car_park.equal"], 1, 10) == (1, 10)
    for worlds, days in ((0, None), (13, None), (None, 10), (None, 0), (None, 371)):
        with pytest.raises(InvalidInputError, match=r"give whole|has 1 to"):
            checked_span(BOARD, worlds, days)


def test_runs_on_a_board_are_those_of_the_whole_world_cut_short():
    import vpp_gym

    agent = vpp_gym.load("ppo_synthetic")
    board = board_of(agent)
    assert board.name == "embedded.operations"
    made = run_on_board([agent], board, name="again", worlds=1, days=7)
    longer = vpp_gym.evaluate(agent, board.worlds.scenario("reference", 0), end_step=96 * 21).days
    week = longer.head(7)[list(board.quantities)].sum().to_numpy()
    np.testing.assert_allclose(made.values[0, 0, 0], week)
    assert same_worlds(made.world_digests, board.world_digests[:1])


def test_the_board_is_that_of_the_rules_of_the_training():
    import gymnasium as gym

    from vpp_gym.agents import agent_of

    def board(env_id, **arguments):
        name = arguments.pop("board", None)
        return board_of(agent_of(lambda seen: seen, gym.make(env_id, **arguments)), name).name

    assert board("VPPDayAhead-v0") == "embedded.market"
    assert board("VPPDayAhead-v0", bids="expected_load") == "embedded.operations"
    assert board("VPPDispatch-v0", params={"contract": {"families": ()}}) == "embedded.operations"
    assert board("VPPDispatch-v0", params="plain", dt_h=1.0) == "hourly.plain"
    assert board("VPPDispatch-v0", board="embedded.market") == "embedded.market"
    assert board("VPPDispatch-v0", board="embedded") == "embedded.operations"
    assert board("FCEVMicrogrid-v0") == "microgrid.volume"
    assert board("FCEVMicrogrid-v0", params={"wind": {"serves_houses": True}}) == "microgrid.wind"
    for price in ("equal", "random"):
        rules = {"contract": {"min_price": price}}
        assert board("FCEVCarPark-v0", params=rules) == f"car_park.{price}"
    with pytest.raises(InvalidInputError, match=r"params\.guarantee: trained with False"):
        board("VPPDispatch-v0", guarantee=False)
    with pytest.raises(InvalidInputError, match="dt_h: trained with 1"):
        board("VPPDispatch-v0", dt_h=1.0)
    with pytest.raises(InvalidInputError, match="world: trained in ev"):
        board("VPPDispatch-v0", board="microgrid.volume")
    with pytest.raises(InvalidInputError, match=r"did you mean embedded\.market"):
        board("VPPDispatch-v0", board="embedded.markt")
