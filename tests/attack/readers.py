"""Every kind of file that is read from a folder of the user's: a sample, and its reader.

A reader gives something whose bytes can be compared, or refuses with `InvalidInputError`. None
stands for a file that is left aside because it is of no known kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.scenarios.files import samples
from tests.scenarios.files import test_entsoe_imbalance as a85
from tests.scenarios.files.test_ocpi import record
from tests.scenarios.files.test_tennet_json import answer
from vpp_gym.scenarios.files.kinds import kind_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.pv import read_pv
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.world_file import read_header, read_world

READ = ReadOptions(
    elaad_clock="local",
    elaad_dates="month-first",
    tennet_dates="month-first",
    ocpi_zone="Europe/Brussels",
)
DAY = "2024-06-03"


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Attributes:
        name: of the kind.
        file: name of the file in the folder that `make` fills.
        make: fills a folder with a good file, and what belongs to it.
        read: reads the file in the folder.
        checked: the file carries checksums: a damage is refused or changes nothing.
    """

    name: str
    file: str
    make: Callable[[Path], object]
    read: Callable[[Path], Any]
    checked: bool = False


def digest(value: Any) -> str:
    """Of everything in it, arrays and tables included."""
    content = hashlib.sha256()
    for part in _parts(value):
        content.update(part)
    return content.hexdigest()[:16]


def _parts(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        yield value.to_csv().encode()
    elif isinstance(value, np.ndarray):
        yield str(value.dtype).encode() + str(value.shape).encode() + value.tobytes()
    elif isinstance(value, dict):
        for name in sorted(value, key=str):
            yield str(name).encode()
            yield from _parts(value[name])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _parts(one)
    elif hasattr(value, "model_dump"):
        yield from _parts(value.model_dump())
    elif hasattr(value, "__dataclass_fields__"):
        yield from _parts(vars(value))
    else:
        yield repr(value).encode()


def of_folder(name: str, file: str, make: Callable[[Path], object]) -> Reader:
    """A file that `vpp-gym data check` and `build` find in a folder."""

    def read(folder: Path) -> Any:
        kind = kind_of(folder / file)
        return None if kind is None else rows_of(kind.read(folder / file, READ))

    return Reader(name, file, lambda folder: make(folder / file), read)


def rows_of(rows: Any) -> list[Any]:
    """The tables that were read, without the digest of the file in their report."""
    return [one for one in vars(rows).values() if isinstance(one, pd.DataFrame)]


def text(content: list[str] | str) -> Callable[[Path], object]:
    return lambda path: samples.write(path, content)


def elaad_sheet(path: Path) -> None:
    lines = [line.split(",") for line in samples.elaad(DAY)]
    table = pd.DataFrame(lines[1:], columns=lines[0])
    for name in ("ConnectedTime", "ChargeTime", "TotalEnergy", "MaxPower"):
        table[name] = table[name].astype(float)
    table.to_excel(path, index=False)


def prepared_hours() -> list[str]:
    rows = [f"{DAY},{h},{0.03 + 0.001 * h:.3f},{0.02 + 0.002 * h:.3f}" for h in range(24)]
    return ["Date,Hour,price_da,price_imbalance", *rows]


def prepared_quarters() -> list[str]:
    rows = [
        f"{at:%Y-%m-%d %H:%M:%S},{30 + at.hour},{20 + 0.5 * k}"
        for k, at in enumerate(pd.date_range(DAY, periods=96, freq="15min"))
    ]
    return ["date,price_da,price_imbalance", *rows]


def pv_lines() -> list[str]:
    lines = ["date,radiation,panel_size,n_panels,total_volume"]
    for at in pd.date_range("2019-06-01", periods=240, freq="h"):
        sun = max(0.0, 800 * np.cos((at.hour + 0.5 - 11.7) * np.pi / 16))
        lines.append(f"{at:%Y-%m-%d %H:%M:%S},{sun:.3f},1.6,1000,{sun * 0.001:.6f}")
    return lines


def small_world() -> Scenario:
    rng = np.random.default_rng(0)
    return Scenario.from_arrays(
        da_eur_per_kwh=rng.normal(0.05, 0.02, 72),
        im_eur_per_kwh=rng.normal(0.05, 0.02, 72),
        sessions={
            "arrival_step": np.arange(0, 60, 5),
            "departure_step": np.arange(0, 60, 5) + 6,
            "arrival_soc": rng.uniform(0.1, 0.6, 12),
        },
        start="2024-06-03",
        timezone="Europe/Amsterdam",
    )


def world_file(folder: Path) -> None:
    """A world that was built of files, as `vpp-gym data build` does."""
    from vpp_gym.scenarios.files.folder import files_of
    from vpp_gym.scenarios.world import world_of
    from vpp_gym.scenarios.world_file import write_world

    parts = folder / "parts"
    parts.mkdir()
    samples.write(parts / "entsoe.csv", samples.entsoe_new(DAY, 9))
    samples.write(parts / "tennet.csv", samples.tennet_new(DAY, 9, dual=(40,)))
    samples.write(parts / "elaad.csv", samples.elaad(DAY))
    rows = [one.rows for one in files_of(parts, READ) if one.rows is not None]
    write_world(folder / "world.parquet", world_of(rows, READ))


def read_whole_world(folder: Path) -> Any:
    path = folder / "world.parquet"
    header = read_header(path)
    splits = [one.name for one in header.splits]
    scenarios = [read_world(path, split) for split in splits]
    return [
        (one.da_eur_per_kwh, one.im_short_eur_per_kwh, one.im_long_eur_per_kwh, one.sessions,
         one.clock, one.dt_h, one.timezone)
        for one in scenarios
    ]  # fmt: skip


def acn_file() -> str:
    return samples.acn(*(samples.acn_session(k) for k in range(12)))


def imbalance_document() -> str:
    """Both directions of a day as ENTSO-E has them."""
    sides = {"A04": 50.0, "A05": 60.0}
    parts = (a85.series(a85.points(a85.prices(first), side)) for side, first in sides.items())
    return a85.document(*parts)


SCENARIO_READERS = (
    of_folder("ENTSO-E CSV", "new.csv", text(samples.entsoe_new(DAY, 2))),
    of_folder("ENTSO-E old CSV", "old.csv", text(samples.entsoe_old(DAY, 2))),
    of_folder("ENTSO-E XML", "a44.xml", text(samples.document(samples.entsoe_xml(DAY, 2)))),
    of_folder("TenneT CSV", "tennet.csv", text(samples.tennet_new(DAY, 1, dual=(40,)))),
    of_folder("TenneT old CSV", "tennet_old.csv", text(samples.tennet_old(DAY, 1, dual=(40,)))),
    of_folder("TenneT XML", "tennet.xml", text(samples.tennet_xml(DAY, 1, dual=(40,)))),
    of_folder("ElaadNL CSV", "elaad.csv", text(samples.elaad(DAY))),
    of_folder("ElaadNL xlsx", "elaad.xlsx", elaad_sheet),
    of_folder("ACN-Data", "acn.json", text(acn_file())),
    of_folder("ENTSO-E imbalance", "a85.xml", text(imbalance_document())),
    of_folder("TenneT JSON", "tennet.json", text(json.dumps(answer("2024-03-31")))),
    of_folder("OCPI", "ocpi.json", text(json.dumps([record(k) for k in range(9)]))),
    of_folder("prepared hours", "hours.csv", text(prepared_hours())),
    of_folder("prepared quarters", "quarters.csv", text(prepared_quarters())),
    Reader(
        "PV",
        "pv.csv",
        lambda folder: samples.write(folder / "pv.csv", pv_lines()),
        lambda folder: read_pv(folder / "pv.csv", clock="utc").kwh_per_kwp.to_frame(),
    ),
    Reader("world", "world.parquet", world_file, read_whole_world, checked=True),
)


def agent_readers() -> tuple[Reader, ...]:
    """Those of trained policies, runs of training and benchmarks; they need torch."""
    from tests.attack import agent_files as made

    return (
        Reader("weights", "policy.npz", made.policy, made.read_policy, checked=True),
        Reader("card", "card.json", made.policy, made.read_policy),
        Reader("checkpoint", "checkpoint.pt", made.training, made.read_checkpoint, checked=True),
        Reader("replay buffer", "replay-128.npz", made.training, made.read_replay, checked=True),
        Reader("stored run", "run.json", made.stored_run, made.read_stored_run, checked=True),
    )


def by_name(name: str) -> Reader:
    """The reader of that name."""
    found = {one.name: one for one in SCENARIO_READERS}
    if name not in found:
        found |= {one.name: one for one in agent_readers()}
    return found[name]


AGENT_KINDS = ("weights", "card", "checkpoint", "replay buffer", "stored run")
NAMES = (*(one.name for one in SCENARIO_READERS), *AGENT_KINDS)
