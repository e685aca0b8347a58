"""Charge detail records of OCPI 2.1.1 and 2.2.1."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.ocpi_records import read_ocpi
from vpp_gym.scenarios.files.options import ReadOptions

ZONE = "Europe/Brussels"


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A record in the form of the example of the specification 2.2.1."""
    start = pd.Timestamp("2024-06-03 07:39:09") + pd.Timedelta(days=number)
    return {
        "country_code": "BE",
        "party_id": "BEC",
        "id": f"{12345 + number}",
        "start_date_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end_date_time": f"{start + pd.Timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}",
        "cdr_token": {"uid": "012345678", "type": "RFID", "contract_id": "DE8ACC12E46L89"},
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "LOC1",
            "country": "BEL",
            "coordinates": {"latitude": "3.729944", "longitude": "51.047599"},
            "evse_uid": "3256",
            "evse_id": "BE*BEC*E041503003",
            "connector_id": "1",
            "connector_power_type": "AC_1_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "dimensions": [
                    {"type": "ENERGY", "volume": 15.342},
                    {"type": "MAX_POWER", "volume": 7.4},
                ],
            }
        ],
        "total_cost": {"excl_vat": 4.0, "incl_vat": 4.4},
        "total_energy": 15.342,
        "total_time": 8.0,
        "total_parking_time": 5.5,
        "last_updated": "2024-06-29T22:01:13Z",
    } | changes


def old_record(number: int = 0, **changes: Any) -> dict[str, Any]:
    """The same in the form of 2.1.1."""
    one = record(number)
    place = {
        "id": "LOC1",
        "type": "ON_STREET",
        "time_zone": ZONE,
        "evses": [{"uid": "3256", "status": "AVAILABLE", "connectors": [{"id": "1"}]}],
    }
    for name in ("country_code", "party_id", "cdr_token", "cdr_location", "end_date_time"):
        one.pop(name)
    stop = record(number)["end_date_time"].removesuffix("Z")
    more = {"stop_date_time": stop, "auth_id": "DE8ACC12E46L89", "location": place}
    return one | more | {"total_cost": 4.0} | changes


@pytest.mark.parametrize("kind", [record, old_record])
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"data": x, "status_code": 1000}])
def test_both_versions(written, kind, wrap):
    path = written(json.dumps(wrap([kind(i) for i in range(3)])), "a.json")
    one = found(path, ReadOptions(ocpi_zone=ZONE if kind is record else None))
    assert one.error is None
    assert one.kind.holds == "sessions"
    rows = one.rows.rows
    assert list(rows["start"]) == list(
        pd.date_range("2024-06-03 07:39:09", periods=3, freq="D", tz="UTC")
    )
    assert (rows["stay_h"] == 8.0).all()
    assert (rows["charge_h"] == 2.5).all()
    assert (rows["metered_kwh"] == 15.342).all()
    assert (rows["max_kw"] == 7.4).all()
    assert one.rows.zone == ZONE
    facts = one.rows.report.facts
    assert facts["energy differs from its periods"] == 0
    assert facts["total_time differs from end - start"] == 0


def test_times_without_zone_are_utc_whatever_the_machine_says(written, monkeypatch):
    path = written(json.dumps([old_record()]), "a.json")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        stay_h = read_ocpi(path).rows["stay_h"]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert list(stay_h) == [8.0]


def test_the_clock_of_the_chargers_is_no_guess(written):
    path = written(json.dumps([record()]), "a.json")
    with pytest.raises(InvalidInputError, match="ocpi_zone: got None"):
        read_ocpi(path)
    with pytest.raises(InvalidInputError, match="IANA"):
        read_ocpi(path, zone="Brussels")


def test_credited_records_are_left_out(written):
    given = [record(i) for i in range(30)]
    given.append(record(4, id="12349-C", credit=True, credit_reference_id="12349"))
    given.append(record(4, id="99999", total_energy=10.0, charging_periods=[]))
    one = read_ocpi(written(json.dumps(given), "a.json"), zone=ZONE)
    assert one.report.dropped == {"credited": 2}
    assert "BE*BEC*99999" in set(one.rows["id"])
    assert len(one.rows) == one.report.kept == 30


def test_a_car_arrives_after_its_reservation(written):
    def period(at: str, kind: str) -> dict[str, Any]:
        return {"start_date_time": at, "dimensions": [{"type": kind, "volume": 1.0}]}

    reserved, charged = "2024-06-03T07:39:09Z", "2024-06-03T08:09:09Z"
    periods = [period(reserved, "RESERVATION_TIME"), period(charged, "TIME")]
    given = [record(charging_periods=periods), *(record(i) for i in range(1, 20))]
    given.append(record(20, charging_periods=[period(reserved, "RESERVATION_TIME")]))
    one = read_ocpi(written(json.dumps(given), "a.json"), zone=ZONE)
    assert one.rows["stay_h"][0] == 7.5
    assert one.report.facts["arrivals after a reservation"] == 1
    assert one.report.dropped == {"reservation_without_session": 1}


def test_what_periods_do_not_tell_is_unknown(written):
    bare = record(charging_periods=[], total_parking_time=None, total_time=6.0)
    one = read_ocpi(written(json.dumps(bare), "a.json"), zone=ZONE)
    assert np.isnan(one.rows[["charge_h", "max_kw"]]).all().all()
    assert one.report.facts["total_time differs from end - start"] == 1


def test_energy_that_its_periods_deny_is_counted(written):
    one = read_ocpi(written(json.dumps([record(total_energy=20.0)]), "a.json"), zone=ZONE)
    assert one.report.facts["energy differs from its periods"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"start_date_time": 1717400349},
            r"a\.json\[1\]\.start_date_time: got 1717400349; moments",
        ),
        ({"start_date_time": "2024-13-03T07:39:09Z"}, "start_date_time"),
        ({"start_date_time": "0001-01-01T00:00:00Z"}, "years are"),
        ({"total_energy": "much"}, "total_energy"),
        ({"total_energy": float("nan")}, "total_energy"),
        ({"cdr_location": None}, "cdr_location .2.2. or location"),
        ({"id": None}, r"\.id"),
    ],
)
def test_what_is_refused(written, changes, said):
    path = written(json.dumps([record(0), record(1, **changes)]), "a.json")
    with pytest.raises(InvalidInputError, match=said):
        read_ocpi(path, zone=ZONE)
