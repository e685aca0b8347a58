"""Charging sessions of ACN-Data, as its API and web page return them in JSON.

Source: Lee, Li and Low, ACN-Data: analysis and applications of an open EV charging
dataset, ACM e-Energy 2019, doi:10.1145/3307772.3328313.
"""

from __future__ import annotations

import os
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import parsed_json
from vpp_gym.scenarios.files.limits import MOST_JSON, check_marks
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import FIRST_YEAR, LAST_YEAR
from vpp_gym.scenarios.files.session_rows import SessionRows, session_rows
from vpp_gym.scenarios.files.stays import MOST_OVERLAPPING_SHARE, overlapping
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.zones import known_zone

KIND = "acn-data json"


def _moment(value: Any) -> datetime | None:
    """Moment of an RFC 1123 date such as Wed, 25 Apr 2018 11:08:04 GMT; nothing else."""
    if value is None:
        return None
    remedy = "dates must read Wed, 25 Apr 2018 11:08:04 GMT"
    if not isinstance(value, str) or not value.endswith(" GMT"):
        raise ValueError(remedy)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        raise ValueError(remedy) from error
    if moment.tzinfo is None:
        raise ValueError(remedy)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"years are {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _zone(name: str) -> str:
    try:
        return known_zone(name)
    except InvalidInputError as error:
        raise ValueError(error.remedy) from error


Moment = Annotated[datetime, BeforeValidator(_moment)]


class AcnSession(BaseModel):
    """One session, as far as it is used; further fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    session: str = Field(alias="sessionID")
    arrival: Moment = Field(alias="connectionTime")
    departure: Annotated[datetime | None, BeforeValidator(_moment)] = Field(alias="disconnectTime")
    done: Annotated[datetime | None, BeforeValidator(_moment)] = Field(
        alias="doneChargingTime", default=None
    )
    energy_kwh: Annotated[float, Field(allow_inf_nan=False)] | None = Field(alias="kWhDelivered")
    zone: Annotated[str, AfterValidator(_zone)] = Field(alias="timezone")
    station: Any = Field(alias="stationID", default=None)
    user: Any = Field(alias="userID", default=None)
    user_inputs: list[dict[str, Any]] | None = Field(alias="userInputs", default=None)


def read_acn(path: str | os.PathLike[str]) -> SessionRows:
    """Sessions of ACN-Data.

    The hours of charging are those until doneChargingTime, and unknown where that
    is null. What the drivers asked for (userInputs) is counted, not used. Where stays at
    one stationID overlap too often, it is not taken for a connector.

    Args:
        path: JSON, a list of sessions or an object with them under "_items".

    Raises:
        InvalidInputError: no JSON, a session without a needed field, other dates
            than RFC 1123 in GMT, or chargers in several time zones.
    """
    raw = RawFile.open(path)
    sessions = [_session(one, raw.name, i) for i, one in enumerate(_items(raw))]
    zones = sorted({one.zone for one in sessions})
    if len(zones) != 1:
        raise InvalidInputError(f"{raw.name} timezone", zones, "give the sessions of one site")
    table = pd.DataFrame(
        {
            "id": [one.session for one in sessions],
            "start": pd.to_datetime([one.arrival for one in sessions], utc=True).as_unit("s"),
            "stay_h": [_hours(one.arrival, one.departure) for one in sessions],
            "charge_h": [_hours(one.arrival, one.done) for one in sessions],
            "metered_kwh": pd.Series([one.energy_kwh for one in sessions], dtype="float64"),
            "max_kw": float("nan"),
            "plug": [_text(one.station) for one in sessions],
            "card": [_text(one.user) for one in sessions],
        }
    )
    tally = Tally(raw.name, len(table))
    table = tally.without(table, "no_departure", table["stay_h"].isna())
    table = tally.without(table, "departure_before_arrival", table["stay_h"] <= 0)
    mixed = overlapping(table).mean() > MOST_OVERLAPPING_SHARE
    table = table.assign(plug=None) if mixed else table
    done_before_arrival = table["charge_h"] < 0
    table = table.assign(charge_h=table["charge_h"].mask(done_before_arrival))
    report = FileReport.of(
        raw,
        KIND,
        facts={
            "unit": "kWh",
            "site zone": zones[0],
            "done before arrival, taken as unknown": int(done_before_arrival.sum()),
            "sessions with user inputs": sum(bool(one.user_inputs) for one in sessions),
            "stationID names one connector": not mixed,
        },
    )
    return session_rows(table, tally, report, zone=zones[0])


def _items(raw: RawFile) -> list[Any]:
    check_marks(raw.text, MOST_JSON, raw.name, "split the file")
    try:
        document = parsed_json(raw.text, file=raw.name)
    except InvalidInputError as error:
        raise InvalidInputError(error.field, error.value, "give a complete JSON file") from error
    items = document.get("_items") if isinstance(document, dict) else document
    if not isinstance(items, list) or not items:
        raise InvalidInputError(raw.name, "no sessions", 'give a list, or one under "_items"')
    return items


def _session(item: Any, file: str, index: int) -> AcnSession:
    try:
        return AcnSession.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "session"
        value = first["input"] if first["type"] != "missing" else None
        remedy = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{file}[{index}].{field}", value, remedy) from error


def _text(name: Any) -> str | None:
    return name if isinstance(name, str) and name else None


def _hours(start: datetime, end: datetime | None) -> float:
    return float("nan") if end is None else (end - start).total_seconds() / 3600
