"""The published rows of every suite, as they are packaged: what each policy earned, by week or day.

`python -m benchmarks.leaderboard` writes them from the results of the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.boards.worlds import SUITES, SuiteWorlds
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.files.archives import read_arrays
from vpp_gym.files.reader import MB, read_object

HERE = Path(__file__).parent
SCHEMA = 1
DECIMALS = 4
"""Of the numbers that are packaged, as whole multiples of the last of them."""
EV_QUANTITIES = (
    *("profit_eur", "position_eur", "payoff_eur", "wear_eur"),
    *("demand_kwh", "served_kwh", "unserved_kwh", "discharge_kwh"),
)
FCEV_QUANTITIES = ("profit_eur",)


@dataclass(frozen=True)
class Board:
    """A published table: which runs it ranks, and by what.

    Attributes:
        name: such as "embedded.operations".
        suite: whose runs it ranks.
        track: rules of the runs.
        words: what it ranks by.
        value: "operations" leaves the bids out, "profit" does not.
        kinds: of each policy: rule, optimiser, hindsight or learned.
        runs: (policy, seed) of each row of `values`.
        values: (runs, worlds, periods, quantities) of every week, or day.
        quantities: names of the last axis.
        low: policy whose value is score 0.
        high: policy whose value is score 100.
        days: days of a world.
        world_digests: of its scenarios, see `vpp_gym.boards.digest`; none where they are of
            files that the packager did not have.
        rules: of its runs, as they were when the rows were packaged.
        rows_sha256: of the published file that the rows come from.
    """

    name: str
    suite: str
    track: str
    words: str
    value: str
    kinds: dict[str, str]
    runs: tuple[tuple[str, int], ...]
    values: Floats
    quantities: tuple[str, ...]
    low: str
    high: str
    days: int
    world_digests: tuple[str, ...]
    rules: Mapping[str, Any]
    rows_sha256: str

    @property
    def worlds(self) -> SuiteWorlds:
        """Where its scenarios and rules come from."""
        return SUITES[self.suite]

    @property
    def period_days(self) -> int:
        """Days of a period: 7 where rows are of weeks."""
        return self.worlds.period_days

    @property
    def n_worlds(self) -> int:
        """On how many scenarios policies rank."""
        return int(self.values.shape[1])

    @property
    def n_periods(self) -> int:
        """Weeks or days of a world; days left over at its end belong to the last week."""
        return int(self.values.shape[2])

    @property
    def params(self) -> Any:
        """Rules of its runs."""
        return self.worlds.params(self.track)

    def policies(self) -> list[str]:
        """Names of the policies that it ranks, in the order of the published file."""
        return [name for name in dict.fromkeys(name for name, _ in self.runs) if name in self.kinds]

    def of(self, policy: str) -> Floats:
        """(seeds, worlds, periods, quantities) of a policy."""
        rows = [row for row, (name, _) in enumerate(self.runs) if name == policy]
        if not rows:
            known = self.policies()
            raise InvalidInputError("policy", policy, f"{suggestion(policy, known)}it did not run")
        found: Floats = self.values[rows]
        return found

    def value_eur(self, values: Floats) -> Floats:
        """(..., periods) EUR that the board ranks by, of (..., periods, quantities)."""
        profit_eur = values[..., self.quantities.index("profit_eur")]
        if self.value == "operations":
            profit_eur = profit_eur - values[..., self.quantities.index("position_eur")]
        return profit_eur


@cache
def boards() -> dict[str, Board]:
    """Every published board by name, such as "embedded.market" or "car_park.equal"."""
    return {board.name: board for suite in SUITES for board in _of_suite(suite)}


def board_named(name: str) -> Board:
    """The board of a name; of a suite's name its first.

    Raises:
        InvalidInputError: there is none.
    """
    known = boards()
    if name in known:
        return known[name]
    of_suite = [board for board in known.values() if board.suite == name]
    if not of_suite:
        remedy = f"{suggestion(name, known)}use one of {', '.join(known)}"
        raise InvalidInputError("board", name, remedy)
    return of_suite[0]


def _of_suite(suite: str) -> Iterable[Board]:
    path = HERE / f"{suite}.json"
    if not path.is_file():
        return
    document = read_object(path, max_bytes=MB)
    if document.get("schema") != SCHEMA:
        remedy = "run `python -m benchmarks.leaderboard`"
        raise InvalidInputError(path.name, f"schema {document.get('schema')}", remedy)
    arrays = read_arrays(HERE / f"{suite}.npz", max_bytes=64 * MB)
    quantities = tuple(document["quantities"])
    for name, about in document["boards"].items():
        track = about["track"]
        yield Board(
            name=f"{suite}.{name}",
            suite=suite,
            track=track,
            words=about["words"],
            value=about["value"],
            kinds=about["kinds"],
            runs=tuple((policy, seed) for policy, seed in document["runs"][track]),
            values=unpacked(arrays[track]),
            quantities=quantities,
            low=document["low"],
            high=document["high"],
            days=document["days"],
            world_digests=tuple(document["world_digests"][track]),
            rules=document["rules"][track],
            rows_sha256=document["rows_sha256"],
        )


def packed(values: Floats) -> np.ndarray:
    """Numbers as whole multiples of the last decimal that is published; -2^31 where there is none.

    Raises:
        InvalidInputError: a number that does not fit.
    """
    scaled = np.round(values * 10.0**DECIMALS)
    if np.nanmax(np.abs(scaled), initial=0.0) >= 2**31 - 1:
        remedy = "it is larger than what is packaged can say"
        raise InvalidInputError("values", float(np.nanmax(np.abs(values))), remedy)
    return np.where(np.isnan(scaled), -(2**31), scaled).astype(np.int32)


def unpacked(numbers: np.ndarray) -> Floats:
    """What `packed` made, as numbers."""
    values = numbers.astype(np.float64) / 10.0**DECIMALS
    return np.where(numbers == -(2**31), np.nan, values)


def week_sums(days: Sequence[int] | np.ndarray, values: Floats, period_days: int) -> Floats:
    """(periods, quantities) sums over weeks, or days, from (days, quantities) of single days.

    Weeks start with the first day; days left over at the end belong to the last week.

    Args:
        days: (n,) number of each day.
        values: (n, quantities).
        period_days: 7 or 1.

    >>> week_sums(range(9), np.ones((9, 1)), 7).tolist()
    [[9.0]]
    """
    number = np.asarray(days) - np.min(days)
    last = max(len(np.unique(number)) // period_days, 1) - 1
    period = np.minimum(number // period_days, last)
    sums = np.zeros((last + 1, values.shape[1]))
    np.add.at(sums, period, values)
    return sums
