"""A world in one Parquet file: a row a step, with its prices and the cars that arrive in it.

Where the world has a site, its series follow as columns of their own: `site_pv_kwh` and the like.
Any tool that reads Parquet reads it: `arrivals` is a list of structs. Each split is one
row group; what the rows mean and where they come from is JSON in the file's metadata,
under "vpp_gym". Reading checks types and numbers and runs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import read_bytes
from vpp_gym.files.writer import write_file
from vpp_gym.params.stated import checked_changes
from vpp_gym.scenarios.cut_stays import reachable_target_soc
from vpp_gym.scenarios.scenario import NOBODY, Scenario, Sessions
from vpp_gym.scenarios.site_series import RATINGS, SERIES, SiteSeries
from vpp_gym.scenarios.world_header import World, WorldHeader

SUFFIX = ".parquet"
KEY = b"vpp_gym"
ALL = "all"
MAX_ROWS = 10_000_000
"""Of steps, and of cars: 285 years of quarter hours."""
BUILT = "give a file that `vpp-gym data build` wrote"
NEWER = "this vpp_gym reads another version of the format: update it, or build the file again"

SITE = "site_"
"""Before the name of a site's series."""
PRICES = ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh")
TAPER_COLUMNS = ("taper_soc", "taper_share")
"""Columns of cars that files have only where some car says how it tapers; elsewhere they are 1."""
DRIVER_COLUMN = "driver"
"""That files have only where some driver is known."""
CAR_COLUMNS = (
    "arrival_soc",
    "target_soc",
    "capacity_kwh",
    "charge_kw",
    "discharge_kw",
    "owner_draw",
    "departure_draw",
    "interest_draw",
    *TAPER_COLUMNS,
    DRIVER_COLUMN,
)


def _schema(tapers: bool, drivers: bool) -> pa.Schema:
    """Columns of a file, with or without those of tapers and drivers."""
    absent = {*(() if tapers else TAPER_COLUMNS), *(() if drivers else (DRIVER_COLUMN,))}
    columns = [name for name in CAR_COLUMNS if name not in absent]
    arrival = pa.struct(
        [
            pa.field("stay_steps", pa.int32(), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in columns),
        ]
    )
    arrivals = pa.list_(pa.field("element", arrival, nullable=False))
    return pa.schema(
        [
            pa.field("local_time", pa.timestamp("ms"), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in PRICES),
            pa.field("arrivals", arrivals, nullable=False),
        ]
    )


SCHEMA = _schema(tapers=False, drivers=False)


def write_world(path: str | os.PathLike[str], world: World) -> Path:
    """Write a world, whole or not at all; the same world makes the same bytes.

    Raises:
        InvalidInputError: another suffix, no such folder, a file that cannot be written, or a
            scenario with a series that these files do not hold.
    """
    file = Path(path)
    if file.suffix.lower() != SUFFIX or not file.parent.is_dir():
        raise InvalidInputError("path", str(file), f"name a file that ends with {SUFFIX}")
    scenario = world.scenario
    series = {name for name, one in vars(scenario).items() if isinstance(one, np.ndarray)}
    if lost := sorted(series - set(PRICES)):
        raise InvalidInputError("scenario", lost, f"a world file holds {', '.join(PRICES)} only")
    site = site_columns(scenario)
    drivers = bool((scenario.sessions.driver >= 0).any())
    header = WorldHeader(
        version=2 if scenario.params or scenario.site is not None or drivers else 1,
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
        splits=world.splits,
        provenance=world.provenance,
        params=dict(scenario.params) or None,
        site=None if scenario.site is None else _ratings(scenario.site),
    )
    absent = {name for name in ("params", "site") if getattr(header, name) is None}
    told = header.model_dump_json(exclude=absent)
    tapers = bool((scenario.sessions.taper_share < 1).any())
    schema = schema_with(site, tapers, drivers).with_metadata({KEY: told.encode()})
    arrivals = _arrivals(scenario, schema.field("arrivals").type)
    columns = [*_price_columns(scenario), arrivals, *map(pa.array, site.values())]
    table = pa.table(columns, schema=schema)
    sizes = [split.n_steps for split in world.splits]
    return write_file(file, lambda out: _write_row_groups(out, table, sizes))


def site_columns(scenario: Scenario) -> dict[str, np.ndarray]:
    """(T,) series of a scenario's site by the names of their columns."""
    series = {f"{SITE}{name}": getattr(scenario.site, name, None) for name in SERIES}
    return {name: column for name, column in series.items() if column is not None}


def schema_with(columns: Iterable[str], tapers: bool, drivers: bool) -> pa.Schema:
    """The schema of a file that has some columns of a site, in the order of `SERIES`.

    Args:
        columns: names, others among them.
        tapers: cars have those of tapers.
        drivers: cars have that of drivers.
    """
    there = [name for name in (f"{SITE}{one}" for one in SERIES) if name in set(columns)]
    return pa.schema(
        [
            *_schema(tapers, drivers),
            *(pa.field(name, pa.float64(), nullable=False) for name in there),
        ]
    )


def _ratings(site: SiteSeries) -> dict[str, float]:
    """Ratings that say something: no limit is none."""
    ratings = {name: getattr(site, name) for name in RATINGS}
    return {name: rating for name, rating in ratings.items() if np.isfinite(rating)}


def _site(table: pa.Table, header: WorldHeader) -> dict[str, Any] | None:
    """What the rows and the header say of a site."""
    if header.site is None:
        return None
    series = {name.removeprefix(SITE): name for name in table.column_names if SITE in name}
    columns = {
        name: _numbers(table.column(column).combine_chunks()) for name, column in series.items()
    }
    return columns | header.site


def _write_row_groups(out: BinaryIO, table: pa.Table, sizes: Sequence[int]) -> None:
    """Write each split as one row group."""
    options: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
    with pq.ParquetWriter(out, table.schema, **options) as writer:
        first = 0
        for size in sizes:
            writer.write_table(table.slice(first, size), row_group_size=size)
            first += size


def _price_columns(scenario: Scenario) -> list[pa.Array]:
    times = pa.array(scenario.clock.astype("datetime64[ms]"))
    return [times, *(pa.array(getattr(scenario, name)) for name in PRICES)]


def _arrivals(scenario: Scenario, kind: pa.ListType) -> pa.Array:
    """For each step the cars that arrive in it, with the columns of that kind."""
    sessions = scenario.sessions
    stay = (sessions.departure_step - sessions.arrival_step).astype(np.int32)
    fields = list(kind.value_type)
    columns = [pa.array(stay), *(_column(sessions, one) for one in fields[1:])]
    cars = pa.StructArray.from_arrays(columns, fields=fields)
    first = np.searchsorted(sessions.arrival_step, np.arange(scenario.n_steps + 1))
    return pa.ListArray.from_arrays(pa.array(first.astype(np.int32)), cars, type=kind)


def _column(sessions: Sessions, field: pa.Field) -> pa.Array:
    return pa.array(np.ascontiguousarray(getattr(sessions, field.name)), type=field.type)


def read_header(path: str | os.PathLike[str]) -> WorldHeader:
    """What the rows of a world file are.

    Raises:
        InvalidInputError: no world file, or one of another version.
    """
    return _opened(path)[1]


def read_world(path: str | os.PathLike[str], split: str) -> Scenario:
    """One split of a world file as a scenario; "all" is the whole.

    Cars that are connected when a split ends depart with it, with what can be charged until
    then, and those of the split before are not there when it begins.

    Raises:
        InvalidInputError: no world file, no such split, or content that is refused.
    """
    file, header = _opened(path)
    names = [one.name for one in header.splits]
    if split not in (*names, ALL):
        raise InvalidInputError("split", split, f"{Path(path).name} has {', '.join(names)}, {ALL}")
    number = 0 if split == ALL else names.index(split)
    first = header.splits[number]
    try:
        table = file.read() if split == ALL else file.read_row_group(number)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(
            str(path), str(error), "the file is damaged: build it again"
        ) from error
    return _scenario(table, header, first.first_day, f"{Path(path).stem}:{split}")


def _scenario(table: pa.Table, header: WorldHeader, first_day: date, name: str) -> Scenario:
    arrivals = table.column("arrivals").combine_chunks()
    cars = arrivals.flatten()
    step = np.repeat(np.arange(len(table)), _numbers(arrivals.value_lengths()))
    stated = [field.name for field in cars.type if field.name in CAR_COLUMNS]
    sessions = {column: _numbers(cars.field(column)) for column in stated}
    for column in TAPER_COLUMNS:
        sessions.setdefault(column, np.ones(len(step)))
    sessions.setdefault(DRIVER_COLUMN, np.full(len(step), NOBODY))
    sessions |= {
        "arrival_step": step,
        "departure_step": step + _numbers(cars.field("stay_steps")),
    }
    build = header.provenance.build
    sessions["target_soc"], capped = reachable_target_soc(
        sessions,
        len(table),
        dt_h=header.dt_h,
        charge_kw=build.charge_kw,
        charge_eff=build.charge_eff,
    )
    prices: dict[str, Any] = {
        name: _numbers(table.column(name).combine_chunks()) for name in PRICES
    }
    scenario = Scenario.from_arrays(
        **prices,
        sessions=sessions,
        start=np.datetime64(first_day, "m"),
        dt_h=header.dt_h,
        timezone=header.timezone,
        name=name,
        site=_site(table, header),
        notes={
            "provenance": header.provenance.model_dump(mode="json"),
            "demands_capped_by_the_end": int(capped.sum()),
        },
        params=header.params,
    )
    times = table.column("local_time").combine_chunks().view(pa.int64())
    clock = _numbers(times).astype("datetime64[ms]").astype("datetime64[m]")
    if not np.array_equal(clock, scenario.clock):
        row = int(np.argmax(clock != scenario.clock))
        remedy = f"by its place this row begins at {scenario.clock[row]}"
        raise InvalidInputError(f"local_time[{row}]", str(clock[row]), remedy)
    return scenario


def _numbers(array: pa.Array) -> np.ndarray:
    """Numbers of an Arrow array; its own way of giving them would import pandas."""
    return np.from_dlpack(array)


def _refuse_too_much(metadata: pq.FileMetaData, path: str | os.PathLike[str]) -> None:
    """Refuse a file that is small on disk and would fill the memory."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    values = sum(
        max(group.column(j).num_values for j in range(group.num_columns)) for group in groups
    )
    if max(values, metadata.num_rows) > MAX_ROWS:
        remedy = f"a world has {MAX_ROWS:,} steps and {MAX_ROWS:,} cars at most"
        raise InvalidInputError(str(path), f"{max(values, metadata.num_rows):,} rows", remedy)


def _opened(path: str | os.PathLike[str]) -> tuple[pq.ParquetFile, WorldHeader]:
    """The file, and what it says about itself, in agreement with its rows."""
    if not Path(path).is_file():
        raise InvalidInputError("scenario", str(path), "give the path of an existing world file")
    try:
        content = pa.BufferReader(read_bytes(path))
        file = pq.ParquetFile(content, page_checksum_verification=True)
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(str(path), str(error), BUILT) from error
    text = (schema.metadata or {}).get(KEY)
    if text is None:
        raise InvalidInputError(str(path), "no metadata of vpp_gym", BUILT)
    try:
        header = WorldHeader.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        remedy = NEWER if field == "version" else BUILT
        raise InvalidInputError(f"{path} {field}", first["input"], remedy) from error
    if header.params:
        checked_changes(header.params, f"{Path(path).name}: ")
    _refuse_too_much(file.metadata, path)
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    untold = header.site is None and len(schema) > len(SCHEMA)
    forms = (schema_with(schema.names, *cars) for cars in product((False, True), repeat=2))
    known = any(schema.equals(form) for form in forms)
    if untold or not known or groups != [one.n_steps for one in header.splits]:
        raise InvalidInputError(str(path), "other columns or row groups", BUILT)
    return file, header
