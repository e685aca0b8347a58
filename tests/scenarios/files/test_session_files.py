"""Sessions of ElaadNL and ACN-Data: forms, clocks and counts."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.acn_sessions import read_acn
from vpp_gym.scenarios.files.elaad_transactions import read_elaad

US = {"clock": "local", "dates": "month-first"}
DUTCH = {"form": "%d-%m-%Y %H:%M:%S", "separator": ";", "decimal": ","}


def check_is_the_sample(sessions, first="2019-06-03"):
    rows = samples.elaad_rows(first)
    local = sessions.rows["start"].dt.tz_convert("Europe/Amsterdam").dt.tz_localize(None)
    assert list(local) == list(rows["start"])
    np.testing.assert_allclose(sessions.rows["stay_h"], rows["stay_h"])
    np.testing.assert_allclose(sessions.rows["metered_kwh"], rows["kwh"])
    np.testing.assert_allclose(sessions.rows["charge_h"], rows["charge_h"])
    np.testing.assert_allclose(sessions.rows["max_kw"], rows["kw"])
    assert sessions.report.dropped == {}


def test_commas_and_month_first(written):
    check_is_the_sample(read_elaad(written(samples.elaad()), **US))


def test_semicolons_day_first_and_decimal_commas(written):
    path = written(samples.elaad(**DUTCH))
    check_is_the_sample(read_elaad(path, clock="local", dates="day-first", decimal=","))
    with pytest.raises(InvalidInputError, match="decimal mark is a comma"):
        read_elaad(path, clock="local", dates="day-first")


def test_workbook_with_true_times(tmp_path):
    pytest.importorskip("openpyxl")
    rows = samples.elaad_rows()
    sheet = pd.DataFrame(
        {
            "TransactionId": range(1, len(rows) + 1),
            "UTCTransactionStart": rows["start"],
            "UTCTransactionStop": rows["stop"],
            "ConnectedTime": rows["stay_h"],
            "ChargeTime": rows["charge_h"],
            "TotalEnergy": rows["kwh"],
            "MaxPower": rows["kw"],
        }
    )
    path = tmp_path / "elaad.xlsx"
    sheet.to_excel(path, index=False)
    check_is_the_sample(read_elaad(path, clock="local", dates="year-first"))
    mixed = sheet.astype({"UTCTransactionStart": object})
    mixed.loc[3, "UTCTransactionStart"] = "15/6/2019 08:00"
    mixed.to_excel(path, index=False)
    with pytest.raises(InvalidInputError, match="UTCTransactionStart: got '15/6/2019 08:00'"):
        read_elaad(path, clock="local", dates="year-first")


def test_utc_is_two_hours_later_on_the_dutch_clock_in_summer(written):
    path = written(samples.elaad())
    local, utc = (
        read_elaad(path, clock=c, dates="month-first").rows["start"] for c in ("local", "utc")
    )
    assert set(utc - local) == {pd.Timedelta(hours=2)}


def test_times_that_the_clock_skips_or_repeats(written):
    lines = samples.elaad("2019-03-30")
    lines[1] = "900,cp,1,03/31/2019 02:30,03/31/2019 04:30,card,2,2,7,3.7"
    sessions = read_elaad(written(lines), **US)
    assert sessions.report.dropped == {"clock_skips_this_time": 1}
    lines[1] = "900,cp,1,10/27/2019 02:30,10/27/2019 04:30,card,2,2,7,3.7"
    sessions = read_elaad(written(lines), **US)
    assert sessions.report.facts["starts in the repeated hour, taken as its first"] == 1
    assert str(sessions.rows["start"].max()) == "2019-10-27 00:30:00+00:00"


def test_damaged_rows_are_dropped_each_under_one_reason(written):
    lines = samples.elaad(n=80)
    lines[1] = lines[2]
    lines[5] = lines[5].replace("06/03/2019 20:30", "06/05/2019 23:30", 1)
    lines[6] = ",".join([*lines[6].split(",")[:6], "", *lines[6].split(",")[7:]])
    lines[7] = ",".join([*lines[7].split(",")[:8], "-3", "3.7"])
    sessions = read_elaad(written(lines), **US)
    assert sessions.report.dropped == {
        "repeated_id": 1,
        "stop_before_start": 1,
        "no_stay": 1,
        "negative_charge": 1,
    }
    assert sessions.report.rows == 80
    assert sessions.report.kept == len(sessions.rows) == 76


def test_dates_read_in_the_wrong_order_contradict_the_stays(written):
    with pytest.raises(InvalidInputError, match="check the order of day and month"):
        read_elaad(written(samples.elaad("2019-06-03", n=20)), clock="local", dates="day-first")


def test_acn(written):
    sessions = read_acn(written(samples.acn(*(samples.acn_session(i) for i in range(12)))))
    assert sessions.zone == "America/Los_Angeles"
    assert str(sessions.rows["start"][0]) == "2018-04-25 15:00:00+00:00"
    assert set(sessions.rows["stay_h"]) == {8.0}
    assert set(sessions.rows["charge_h"]) == {3.0}
    assert sessions.rows["max_kw"].isna().all()


def test_acn_without_end_of_charging_departure_or_inputs(written):
    given = [samples.acn_session(i) for i in range(20)]
    given[0]["doneChargingTime"] = None
    given[1]["disconnectTime"] = None
    given[2]["disconnectTime"] = given[2]["connectionTime"]
    given[3]["doneChargingTime"] = given[0]["connectionTime"]
    given[4]["userInputs"] = [{"kWhRequested": 20.0}]
    report = read_acn(written(samples.acn(*given))).report
    assert report.dropped == {"no_departure": 1, "departure_before_arrival": 1}
    assert report.facts["unknown charge time"] == 2
    assert report.facts["done before arrival, taken as unknown"] == 1
    assert report.facts["sessions with user inputs"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"connectionTime": "2018-04-25T15:00:00Z"}, r"\[1\]\.connectionTime: got '2018"),
        ({"connectionTime": None}, r"\[1\]\.connectionTime: got None"),
        ({"kWhDelivered": "9.5"}, r"\[1\]\.kWhDelivered: got '9\.5'"),
        ({"timezone": "Europe/Paris"}, "timezone: got .*one site"),
    ],
)
def test_acn_refuses_other_dates_types_and_mixed_sites(written, change, field):
    with pytest.raises(InvalidInputError, match=field):
        read_acn(written(samples.acn(samples.acn_session(0), samples.acn_session(1, **change))))


def test_acn_names_a_field_that_is_missing(written):
    session = samples.acn_session()
    del session["kWhDelivered"]
    with pytest.raises(InvalidInputError, match=r"\[0\]\.kWhDelivered: got None; Field required"):
        read_acn(written(samples.acn(session)))


def test_acn_without_energy_is_counted_and_an_unknown_zone_refused(written):
    given = [samples.acn_session(i) for i in range(20)]
    given[3]["kWhDelivered"] = None
    report = read_acn(written(samples.acn(*given))).report
    assert (report.dropped, report.facts["no energy"]) == ({}, 1)
    for zone in ("Mars/Olympus", ""):
        given[0]["timezone"] = zone
        with pytest.raises(InvalidInputError, match=r"timezone: got .*; give an IANA name"):
            read_acn(written(samples.acn(*given)))


def test_a_file_that_seldom_knows_the_energy_is_refused(written):
    given = [samples.acn_session(i) for i in range(20)]
    for one in given[:3]:
        one["kWhDelivered"] = None
    with pytest.raises(InvalidInputError, match="metered_kwh: got '3 of 20 sessions without"):
        read_acn(written(samples.acn(*given)))


def test_sessions_without_energy_are_kept_and_counted(written):
    lines = [",".join([*line.split(",")[:7], "0,0,0"]) for line in samples.elaad()]
    lines[0] = samples.ELAAD_HEADER
    lines[5] = ",".join([*lines[5].split(",")[:8], "0.04", "3.7"])
    lines[6] = ",".join([*lines[6].split(",")[:8], "0.1", "3.7"])
    report = read_elaad(written(lines), **US).report
    assert (report.kept, report.facts["no energy"]) == (40, 39)


def test_the_hour_of_arrival_shows_the_clock(written):
    path = written(samples.elaad())
    local = read_elaad(path, clock="local", dates="month-first").report.facts
    rows = samples.elaad_rows()["start"]
    by_hour = [int(n) for n in str(local["arrivals by hour"]).split()]
    assert by_hour == np.bincount(rows.dt.hour, minlength=24).tolist()
    utc = read_elaad(path, clock="utc", dates="month-first").report.facts
    assert [int(n) for n in str(utc["arrivals by hour"]).split()] == by_hour[-2:] + by_hour[:-2]


def test_arrivals_at_night_raise_the_question_of_the_clock(written):
    """Workplace charging from eight on, its clock read as that of UTC."""
    given = [
        samples.acn_session(
            i,
            connectionTime=samples.gmt(datetime(2018, 4, 2 + i, 8, 20)),
            disconnectTime=samples.gmt(datetime(2018, 4, 2 + i, 16)),
            doneChargingTime=samples.gmt(datetime(2018, 4, 2 + i, 11)),
        )
        for i in range(20)
    ]
    facts = read_acn(written(samples.acn(*given))).report.facts
    assert facts["median arrival"] == "01:20"
    assert facts["clock"] == "100% arrive between 0:00 and 5:00: is the clock of the file right?"
    late = [one | {"connectionTime": one["doneChargingTime"]} for one in given]
    facts = read_acn(written(samples.acn(*late))).report.facts
    assert facts["median arrival"] == "04:00"


def test_workbook_with_a_column_twice(tmp_path):
    pytest.importorskip("openpyxl")
    header, *lines = (line.split(",") for line in samples.elaad())
    header[2] = "MaxPower"
    pd.DataFrame([header, *lines]).to_excel(tmp_path / "a.xlsx", index=False, header=False)
    with pytest.raises(InvalidInputError, match=r"columns: got \['MaxPower'\]; name each"):
        read_elaad(tmp_path / "a.xlsx", **US)
