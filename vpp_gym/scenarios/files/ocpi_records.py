"""Charging sessions of OCPI charge detail records in JSON, versions 2.1.1, 2.2 and 2.2.1.

Source: Open Charge Point Interface, module CDRs: https://github.com/ocpi/ocpi. Moments are
UTC, also where none is named; energy is in kWh, time in hours, power in kW. A record of a
reservation begins with the reservation.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import pandas as pd
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.json_document import json_document
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import FIRST_YEAR, LAST_YEAR
from vpp_gym.scenarios.files.session_rows import SessionRows, session_rows
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.zones import known_zone

KIND = "ocpi charge detail records"
MARKS = ('"start_date_time"', '"charging_periods"', '"total_energy"')
"""Names that every record has, and no other file of a known kind."""
RESERVATION, ENERGY, POWER = "RESERVATION_TIME", "ENERGY", "MAX_POWER"
TOLERANCE_KWH, TOLERANCE_H = 0.01, 0.05


def _utc(value: Any) -> Any:
    """Text in ISO 8601; a number is no moment."""
    if not isinstance(value, str):
        raise ValueError("moments read 2015-06-29T20:39:09Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"years are {FIRST_YEAR} to {LAST_YEAR}")
    return moment


Moment = Annotated[datetime, BeforeValidator(_utc), AfterValidator(_in_utc)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Dimension(_Part):
    """An amount of one kind in a period."""

    type: str
    volume: Number


class ChargingPeriod(_Part):
    """A part of a record in which tariff and dimensions stay the same."""

    start_date_time: Moment
    dimensions: tuple[Dimension, ...] = ()

    def sum_of(self, kind: str) -> float | None:
        """Sum of a kind of dimension; None where there is none."""
        volumes = [one.volume for one in self.dimensions if one.type == kind]
        return sum(volumes) if volumes else None


class Evse(_Part):
    """A part of a location that charges one car at a time, as 2.1.1 lists it."""

    uid: Name


class Location(_Part):
    """Where a record comes from: `cdr_location` of 2.2, `location` of 2.1.1."""

    id: Name
    evse_uid: Name | None = None
    evses: tuple[Evse, ...] = ()
    time_zone: str | None = None

    @property
    def evse(self) -> str | None:
        """Location and EVSE, which charges one car at a time; None where it is not named."""
        uid = self.evse_uid or (self.evses[0].uid if len(self.evses) == 1 else None)
        return None if uid is None else f"{self.id}/{uid}"


class Record(_Part):
    """One charge detail record, as far as it is used; further fields are ignored."""

    id: Name
    country_code: str | None = None
    party_id: str | None = None
    start: Moment = Field(alias="start_date_time")
    end: Moment | None = Field(default=None, alias="end_date_time")
    stop: Moment | None = Field(default=None, alias="stop_date_time")
    location: Location | None = None
    cdr_location: Location | None = None
    periods: tuple[ChargingPeriod, ...] = Field(default=(), alias="charging_periods")
    energy_kwh: Number | None = Field(alias="total_energy")
    total_h: Number | None = Field(default=None, alias="total_time")
    parking_h: Number | None = Field(default=None, alias="total_parking_time")
    credit: bool | None = None
    credit_reference_id: Name | None = None

    @model_validator(mode="after")
    def _has_a_place(self) -> Record:
        if self.location is None and self.cdr_location is None:
            raise ValueError("a record has cdr_location (2.2) or location (2.1.1)")
        return self

    @property
    def place(self) -> Location:
        """Where the car was connected."""
        place = self.cdr_location or self.location
        assert place is not None, "the record was validated"
        return place

    @property
    def name(self) -> str:
        """Identity, unique with the operator's code."""
        return self.named(self.id)

    def named(self, number: str | None) -> str:
        """Identity of a record of the same operator."""
        return "*".join(filter(None, (self.country_code, self.party_id, number)))

    @property
    def arrival(self) -> datetime | None:
        """When the car was connected, after a reservation; None: it never was."""
        if all(one.sum_of(RESERVATION) is None for one in self.periods):
            return self.start
        charged = (one for one in self.periods if one.sum_of(RESERVATION) is None)
        return next((max(self.start, one.start_date_time) for one in charged), None)

    def highest(self, kind: str) -> float:
        """Largest volume of a kind of dimension; NaN where there is none."""
        volumes = [one.volume for period in self.periods for one in period.dimensions]
        kinds = [one.type for period in self.periods for one in period.dimensions]
        found = [volume for volume, its in zip(volumes, kinds, strict=True) if its == kind]
        return max(found, default=float("nan"))


def read_ocpi(path: str | os.PathLike[str], *, zone: str | None = None) -> SessionRows:
    """Sessions of charge detail records.

    Records that were credited, and the credits themselves, are left out. The hours of
    charging are total_time less total_parking_time, unknown where that is not given; the
    largest power is that of the periods, unknown where they do not tell.

    Args:
        path: JSON: a list of records, one record, or an answer with them under "data".
        zone: local clock of the chargers; None: as the records say, which 2.1.1 may.

    Raises:
        InvalidInputError: no JSON, a record without a needed field, chargers in several
            time zones, or in one that neither the file nor the caller names.
    """
    raw = RawFile.open(path)
    records = [_record(one, raw.name, number) for number, one in enumerate(_items(raw))]
    zone = known_zone(zone) if zone is not None else _zone(records, raw.name)
    table = _table(records)
    tally = Tally(raw.name, len(table))
    table = tally.without(table, "credited", _credited(records, table.index))
    table = tally.without(table, "reservation_without_session", table["start"].isna())
    table = tally.without(table, "no_end", table["stay_h"].isna())
    facts = _facts([records[number] for number in table.index], table)
    report = FileReport.of(raw, KIND, facts={"unit": "kWh", "site zone": zone, **facts})
    return session_rows(table, tally, report, zone=zone)


def _table(records: Sequence[Record]) -> pd.DataFrame:
    arrivals = [one.arrival for one in records]
    return pd.DataFrame(
        {
            "id": [one.name for one in records],
            "start": pd.to_datetime(arrivals, utc=True).as_unit("s"),
            "stay_h": [
                _hours(arrival, one.end or one.stop)
                for arrival, one in zip(arrivals, records, strict=True)
            ],
            "charge_h": [_charge_h(one) for one in records],
            "metered_kwh": pd.Series([one.energy_kwh for one in records], dtype="float64"),
            "max_kw": [one.highest(POWER) for one in records],
            "plug": [one.place.evse for one in records],
        }
    )


def _charge_h(record: Record) -> float:
    if record.total_h is None or record.parking_h is None:
        return float("nan")
    return record.total_h - record.parking_h


def _credited(records: Sequence[Record], index: pd.Index) -> pd.Series:
    """Which records are credits, or were credited by one."""
    gone = {one.named(one.credit_reference_id) for one in records if one.credit}
    return pd.Series([bool(one.credit) or one.name in gone for one in records], index=index)


def _facts(records: Sequence[Record], table: pd.DataFrame) -> dict[str, int]:
    """What the periods of the records say otherwise than their sums."""
    energy = moved = longer = 0
    for record, stay_h in zip(records, table["stay_h"], strict=True):
        sums = [one.sum_of(ENERGY) for one in record.periods]
        known = [one for one in sums if one is not None]
        metered = record.energy_kwh or 0.0
        energy += bool(known) and abs(sum(known) - metered) > TOLERANCE_KWH
        moved += record.arrival != record.start
        longer += record.total_h is not None and abs(record.total_h - stay_h) > TOLERANCE_H
    return {
        "arrivals after a reservation": moved,
        "energy differs from its periods": energy,
        "total_time differs from end - start": longer,
    }


def _zone(records: Sequence[Record], file: str) -> str:
    zones = sorted({one.place.time_zone for one in records if one.place.time_zone})
    if len(zones) == 1:
        return known_zone(zones[0])
    remedy = "the file does not say: give the IANA name of the chargers' clock"
    raise InvalidInputError(f"{file} ocpi_zone", zones or None, remedy)


def _items(raw: RawFile) -> list[Any]:
    document = json_document(raw)
    if isinstance(document, dict):
        document = document.get("data", [document])
    if not isinstance(document, list) or not document:
        raise InvalidInputError(raw.name, "no records", 'give a list, or one under "data"')
    return document


def _record(item: Any, file: str, number: int) -> Record:
    try:
        return Record.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "record"
        value = first["input"] if first["type"] != "missing" else None
        remedy = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{file}[{number}].{field}", value, remedy) from error


def _hours(start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None:
        return float("nan")
    return (end - start).total_seconds() / 3600
