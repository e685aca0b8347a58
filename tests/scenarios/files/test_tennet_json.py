"""Answers of TenneT's API in JSON give what its CSV gives."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.files.tennet import read_tennet_csv
from vpp_gym.scenarios.files.tennet_json import read_tennet_json

DAYS = ("2024-03-31", "2024-06-03", "2024-10-27")
DUAL = (4, 40)


def answer(day: str, *, clock: str | None = None, dual=DUAL, **unit: str) -> dict:
    points = []
    for isp, at in enumerate(samples.moments(day, 1, 15), start=1):
        short, long, state = samples.tennet_prices(isp, isp in dual)
        begin, end = at, at + pd.Timedelta(minutes=15)
        form = "%Y-%m-%dT%H:%M"
        if clock is not None:
            begin, end, form = begin.tz_convert(clock), end.tz_convert(clock), f"{form}:00%z"
        points.append(
            {
                "timeInterval_start": begin.strftime(form),
                "timeInterval_end": end.strftime(form),
                "isp": str(isp),
                "incident_reserve_up": "NO",
                "dispatch_up": None,
                "shortage": str(short),
                "surplus": long,
                "regulation_state": str(state),
                "regulating_condition": "UP",
            }
        )
    series = {
        "mRID": "1",
        "currency_Unit_name": "EUR",
        "price_Measurement_Unit_name": "MWh",
        "Period": {"resolution": "PT15M", "Points": points},
        **unit,
    }
    return {"Response": {"TimeSeries": [series]}}


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("clock", [None, "UTC", "Europe/Amsterdam"])
def test_json_and_csv_agree(written, day, clock):
    one = found(written(json.dumps(answer(day, clock=clock)), "a.json"), ReadOptions())
    assert one.error is None
    csv = written(samples.tennet_new(day, dual=DUAL), "b.csv")
    pd.testing.assert_frame_equal(one.rows.rows, read_tennet_csv(csv, dates="year-first").rows)
    assert one.rows.report.facts["quarters of regulation state 2"] == 2


def test_several_answers_and_periods(written):
    first, second = answer("2024-06-03"), answer("2024-06-04")
    series = first["Response"]["TimeSeries"][0]
    more = second["Response"]["TimeSeries"][0]["Period"]
    assert len(read_tennet_json(written(json.dumps([first, second]), "a.json")).rows) == 192
    series["Period"] = [series["Period"], {"points": more["Points"]}]
    assert len(read_tennet_json(written(json.dumps(first), "b.json")).rows) == 192


def changed(**point: object) -> dict:
    one = answer("2024-06-03")
    one["Response"]["TimeSeries"][0]["Period"]["Points"][5] |= point
    return one


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (changed(isp=None), r"Points\[5\]: got 'isp'"),
        (changed(isp="97"), "fewer quarters"),
        (changed(isp="9"), "begins at 02:00"),
        (changed(shortage="x"), "give numbers in EUR/MWh"),
        (changed(shortage=[1]), r"Points\[5\].shortage"),
        (changed(regulation_state="7"), "regulation states are"),
        (changed(timeInterval_start="2024-06-03T01:15Z"), "write all times alike"),
        (answer("2024-06-03", currency_Unit_name="GBP"), "currency_Unit_name: got 'GBP'"),
        (answer("2024-06-03", price_Measurement_Unit_name="kWh"), "got 'kWh'"),
        (answer("2024-06-03", Period=3), "must hold Points"),
        ({"Response": {}}, "no TimeSeries"),
    ],
)
def test_what_is_refused(written, document, said):
    with pytest.raises(InvalidInputError, match=said):
        read_tennet_json(written(json.dumps(document), "a.json"))
