"""One record a stay: repeated, interim and cumulative records, and stays that overlap."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.files import samples
from tests.worlds import examples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.acn_sessions import read_acn
from vpp_gym.scenarios.files.elaad_transactions import read_elaad
from vpp_gym.scenarios.files.joined import distinct_sessions

FORM = "%m/%d/%Y %H:%M"
EARLIER, JOINED = "earlier_record_of_the_stay", "continues_the_stay_before"
OVERLAPS = "begin while another is on the connector"
MON, TUE, WED = "06/03/2024", "06/04/2024", "06/05/2024"


def record(number, start, stay_h, kwh, *, plug="CP900,1", card="c1", charge_h=None) -> str:
    """One line, its stop where its stay ends."""
    begin = pd.to_datetime(start, format=FORM)
    stop = begin + pd.Timedelta(hours=stay_h)
    charge_h = round(min(stay_h, kwh / 10), 2) if charge_h is None else charge_h
    times = f"{begin:{FORM}},{stop:{FORM}}"
    return f"{number},{plug},{times},{card},{stay_h:g},{charge_h:g},{kwh:g},10.9"


@pytest.fixture
def read(written):
    """Reads a file of 40 good stays and these records, and gives what is behind the good ones."""

    def of(*records):
        path = written([*samples.elaad("2024-06-03"), *records])
        sessions = read_elaad(path, clock="local", dates="month-first")
        return sessions.rows.iloc[40:].reset_index(drop=True), sessions.report

    return of


def midnight_records(day: int) -> list[str]:
    """A stay of 38 h with an entry at each midnight, all from its start on."""
    start = f"06/{3 + 2 * day:02d}/2024 18:00"
    parts = [(6.0, 20.0), (30.0, 30.0), (38.0, 35.0)]
    return [record(f"9{day}{i}", start, *part, charge_h=4) for i, part in enumerate(parts)]


def test_records_of_one_start_with_growing_energy_are_one_stay(read):
    rows, report = read(*(line for day in range(5) for line in midnight_records(day)))
    assert list(rows["stay_h"]) == [38.0] * 5
    assert rows["metered_kwh"].sum() == 175.0
    assert report.dropped == {EARLIER: 10}
    assert report.kept == 45


def test_the_order_of_the_records_does_not_matter(read):
    rows, _ = read(*reversed(midnight_records(0)))
    assert rows[["stay_h", "metered_kwh"]].to_numpy().tolist() == [[38.0, 35.0]]


def test_records_may_go_on_where_the_one_before_ends(read):
    rows, report = read(
        record(901, f"{MON} 18:00", 6, 20),
        record(902, f"{TUE} 00:00", 24, 30),
        record(903, f"{WED} 00:00", 8, 35),
    )
    assert rows[["stay_h", "metered_kwh"]].to_numpy().tolist() == [[38.0, 35.0]]
    assert report.dropped == {JOINED: 2}


@pytest.mark.parametrize("hours", [(6, 2), (1, 1)])
def test_records_at_any_time_go_on_if_there_are_three_and_more(read, hours):
    start, lines = pd.Timestamp("2024-06-03 09:10"), []
    for number, kwh in enumerate([5, 9, 9, 12]):
        lines.append(record(f"90{number}", f"{start:{FORM}}", hours[number % 2], kwh))
        start += pd.Timedelta(hours=hours[number % 2])
    rows, report = read(*lines)
    assert rows[["stay_h", "metered_kwh"]].to_numpy().tolist() == [[2 * sum(hours), 12.0]]
    assert report.dropped == {JOINED: 3}


@pytest.mark.parametrize(
    "records",
    [
        # two cars back to back, on one card
        [record(901, f"{MON} 08:30", 2, 5), record(902, f"{MON} 10:30", 2, 8)],
        # cars of several cards, at midnight
        [
            record(901, f"{MON} 18:00", 6, 5, card="a"),
            record(902, f"{TUE} 00:00", 6, 8, card="b"),
            record(903, f"{TUE} 06:00", 6, 9, card="c"),
        ],
        # energy that falls is not cumulative
        [
            record(901, f"{MON} 18:00", 6, 9),
            record(902, f"{TUE} 00:00", 6, 5),
            record(903, f"{TUE} 06:00", 6, 8),
        ],
        # energy that never changes shows nothing
        [record(901, f"{MON} 18:00", 6, 9), record(902, f"{TUE} 00:00", 6, 9)],
        # a gap
        [record(901, f"{MON} 18:00", 5, 5), record(902, f"{TUE} 00:00", 6, 8)],
        # two connectors
        [
            record(901, f"{MON} 18:00", 5, 5, plug="CP900,1"),
            record(902, f"{MON} 18:00", 6, 8, plug="CP900,2"),
        ],
    ],
)
def test_stays_of_their_own_stay_apart(read, records):
    rows, report = read(*records)
    assert len(rows) == len(records)
    assert report.dropped == {}
    assert report.facts[OVERLAPS] == 0


def test_the_last_record_of_an_id_is_kept_wherever_it_stands(read):
    final = record(901, f"{MON} 08:30", 5, 20)
    interim = record(901, f"{MON} 08:30", 2, 8)
    corrected = record(902, f"{TUE} 08:30", 3, 12)
    before = record(902, f"{TUE} 08:30", 3, 6)
    for lines in ([interim, final, before, corrected], [corrected, final, before, interim]):
        rows, report = read(*lines)
        assert sorted(rows["metered_kwh"]) == [12.0, 20.0]
        assert report.dropped == {EARLIER: 2}


def test_an_interim_record_without_energy_yields_to_the_final_one(read):
    interim = record(901, f"{MON} 08:30", 2, 8).split(",")
    interim[8] = ""
    rows, _ = read(record(901, f"{MON} 08:30", 5, 20), ",".join(interim))
    assert list(rows["metered_kwh"]) == [20.0]


def test_records_of_stays_that_have_just_begun_are_no_reason_to_refuse_a_file(written):
    lines = samples.elaad("2024-06-03")
    begun = []
    for line in lines[1:]:
        cells = line.split(",")
        begun.append(",".join([*cells[:4], cells[3], cells[5], "0", "0", "0", "0"]))
    sessions = read_elaad(written([*lines, *begun]), clock="local", dates="month-first")
    assert sessions.report.dropped == {EARLIER: 40}
    assert (sessions.report.kept, sessions.report.facts["no energy"]) == (40, 0)


def test_parts_of_one_id_are_added_up(read):
    rows, report = read(
        record(901, f"{MON} 18:00", 6, 20), record(901, f"{TUE} 00:00", 8, 15, charge_h=1.5)
    )
    assert rows[["stay_h", "metered_kwh", "charge_h"]].to_numpy().tolist() == [[14.0, 35.0, 3.5]]
    assert report.dropped == {JOINED: 1}


def test_many_interim_records_are_no_reason_to_refuse_a_file(written):
    lines = samples.elaad("2024-06-03")
    halves = []
    for line in lines[1:]:
        cells = line.split(",")
        halves.append(",".join([*cells[:8], f"{float(cells[8]) / 2:g}", cells[9]]))
    sessions = read_elaad(written([*lines, *halves]), clock="local", dates="month-first")
    assert sessions.report.dropped == {EARLIER: 40}
    np.testing.assert_allclose(sessions.rows["metered_kwh"], samples.elaad_rows()["kwh"])


@pytest.mark.parametrize(
    "records",
    [
        [record(901, f"{MON} 08:30", 2, 8), record(901, f"{MON} 08:30", 5, 6)],
        [record(901, f"{MON} 08:30", 2, 8), record(901, f"{TUE} 08:30", 5, 9)],
        [
            record(901, f"{MON} 08:30", 2, 8),
            record(901, f"{MON} 08:30", 5, 9, plug="CP900,2"),
        ],
    ],
)
def test_records_of_one_id_that_contradict_one_another_are_refused(read, records):
    with pytest.raises(InvalidInputError, match=r"session id: got '901 from .*number them apart"):
        read(*records)


def test_overlaps_are_counted(read):
    rows, report = read(
        record(901, f"{MON} 08:00", 6, 20, card="a"),
        record(902, f"{MON} 09:00", 2, 10, card="b"),
        record(903, f"{MON} 13:00", 3, 5, card="c"),
        record(904, f"{MON} 16:00", 3, 5, card="d"),
    )
    assert len(rows) == 4
    assert report.facts[OVERLAPS] == 2


def test_times_to_the_minute_do_not_make_stays_overlap(read):
    rows, report = read(
        record(901, f"{MON} 08:00", 2.01, 10), record(902, f"{MON} 10:00", 2, 10, card="b")
    )
    assert (len(rows), report.facts[OVERLAPS]) == (2, 0)


def some_stays(plug: str) -> list[str]:
    """Twelve stays of six hours, one each hour."""
    return [record(i, f"{MON} {i:02d}:00", 6, 10, plug=plug, card=f"c{i}") for i in range(8, 20)]


def test_a_file_of_stays_that_overlap_is_refused(written):
    path = written([samples.ELAAD_HEADER, *some_stays("CP1,1")])
    with pytest.raises(InvalidInputError, match=r"11 of 12 stays begin .*as id 9 at CP1/1"):
        read_elaad(path, clock="local", dates="month-first")


@pytest.mark.parametrize("plug", ["CP1,", ",1"])
def test_a_connector_without_a_name_tells_nothing(written, plug):
    path = written([samples.ELAAD_HEADER, *some_stays(plug)])
    report = read_elaad(path, clock="local", dates="month-first").report
    assert (report.facts[OVERLAPS], report.facts["connectors"]) == (0, None)


def test_stations_of_acn_are_connectors_if_their_stays_do_not_overlap(written):
    given = [samples.acn_session(i) for i in range(12)]
    given.append(samples.acn_session(12, stationID="2-39-0", connectionTime=samples.gmt(EARLY)))
    facts = read_acn(written(samples.acn(*given))).report.facts
    assert (facts["connectors"], facts[OVERLAPS]) == (12, 1)
    assert facts["stationID names one connector"]
    one = [samples.acn_session(i, stationID="2-39-1") for i in range(12)]
    facts = read_acn(written(samples.acn(*one))).report.facts
    assert (facts["connectors"], facts[OVERLAPS]) == (None, 0)
    assert not facts["stationID names one connector"]


EARLY = pd.Timestamp("2018-04-25 16:00").to_pydatetime()


def test_interim_records_of_acn(written):
    given = [samples.acn_session(i) for i in range(12)]
    given[3] = samples.acn_session(4, kWhDelivered=4.0, disconnectTime=given[4]["doneChargingTime"])
    sessions = read_acn(written(samples.acn(*given)))
    assert sessions.report.dropped == {EARLIER: 1}
    assert set(sessions.rows["metered_kwh"]) == {9.5}


# Several files


def files(written, *parts):
    return [
        read_elaad(
            written([samples.ELAAD_HEADER, *lines], f"{i}.csv"), clock="local", dates="month-first"
        )
        for i, lines in enumerate(parts)
    ]


def test_a_record_that_another_file_continues_yields(written):
    others = samples.elaad("2024-06-03", 12)[1:]
    interim = record(901, f"{MON} 08:30", 2, 8)
    later_id = record(902, f"{TUE} 08:30", 2, 8)
    one, two = files(
        written,
        [*others, interim, later_id],
        [record(901, f"{MON} 08:30", 5, 20), record(777, f"{TUE} 08:30", 5, 20)],
    )
    kept, counts = distinct_sessions([one, two])
    assert [len(each.rows) for each in kept] == [12, 2]
    assert counts["0.csv: stays that another file continues"] == 2
    kept, _ = distinct_sessions([two, one])
    assert [len(each.rows) for each in kept] == [2, 12]


@pytest.mark.parametrize("kwh", [5, 20])
def test_contradictions_between_files_are_refused(written, kwh):
    others = samples.elaad("2024-06-03", 12)[1:]
    start = f"{MON} 08:30" if kwh == 5 else f"{TUE} 08:30"
    both = files(
        written, [*others, record(901, f"{MON} 08:30", 2, 8)], [record(901, start, 5, kwh)]
    )
    with pytest.raises(InvalidInputError, match=r"session id: got '901 in 1\.csv'"):
        distinct_sessions(both)


def test_overlaps_between_files_are_counted_and_refused(written):
    stays = some_stays("CP1,1")
    more = [record(900 + i, f"{MON} 08:00", 6, 10, plug=f"CP2,{i}") for i in range(2)]
    kept, counts = distinct_sessions(files(written, [*stays[::6], *more], stays[1:2]))
    assert [len(one.rows) for one in kept] == [4, 1]
    assert counts["0.csv, 1.csv: stays that begin while another is on the connector"] == 2
    with pytest.raises(InvalidInputError, match=r"0\.csv, 1\.csv, 2\.csv sessions: got '3 of 6"):
        distinct_sessions(files(written, [*stays[::6], *more], stays[1:2], stays[2:3]))


# Whatever a back end writes of a stay, it comes back as that stay


stays_of_a_plug = st.lists(
    st.tuples(st.integers(1, 40), st.integers(30, 3000), st.integers(1, 200)),
    min_size=1,
    max_size=6,
)


@examples(20)
@given(
    stays=stays_of_a_plug,
    every=st.sampled_from(["midnight", "interim", "interim of one id", "parts of one id"]),
    mixed=st.randoms(use_true_random=False),
)
def test_records_of_any_back_end_come_back_as_their_stays(tmp_path_factory, stays, every, mixed):
    begin, lines, true = pd.Timestamp("2024-06-03 07:00"), [], []
    for number, (gap, minutes, tenths) in enumerate(stays):
        begin += pd.Timedelta(minutes=10 + gap)
        end, kwh = begin + pd.Timedelta(minutes=minutes), min(tenths / 10, minutes / 6)
        cuts = [begin, *pd.date_range(begin.ceil("D"), end, freq="D", inclusive="neither"), end]
        if every != "midnight" and len(cuts) == 2 and minutes > 60:
            cuts.insert(1, begin + pd.Timedelta(minutes=minutes // 2))
        for i, (since, until) in enumerate(pairwise(cuts)):
            share = (until - begin) / (end - begin)
            part = (until - since) / (end - begin)
            first = since if every.startswith("parts") else begin
            name = f"{number}" if every.endswith("id") else f"{number}{i:03d}"
            energy = kwh * (1 if every.startswith("parts") and part == 1 else share)
            hours = (until - first) / pd.Timedelta(hours=1)
            lines.append(record(name, f"{first:{FORM}}", hours, round(energy, 3), charge_h=0))
        true.append((begin, (end - begin) / pd.Timedelta(hours=1), kwh))
        begin = end
    mixed.shuffle(lines)
    path = samples.write(tmp_path_factory.mktemp("stays") / "a.csv", [samples.ELAAD_HEADER, *lines])
    rows = read_elaad(path, clock="local", dates="month-first").rows.sort_values("start")
    assert len(rows) == len(true)
    np.testing.assert_allclose(rows["stay_h"], [one[1] for one in true], atol=1e-3)
    np.testing.assert_allclose(rows["metered_kwh"], [one[2] for one in true], atol=0.06)
