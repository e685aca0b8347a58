"""The suites of fuel-cell cars: a car park, and a microgrid."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmarks.suite import Contestants, Document, Run, Suite, trained, with_agents
from vpp_gym.evaluation.hydrogen import (
    car_park_bound,
    evaluate_car_park,
    evaluate_microgrid,
    hydrogen_leaderboard,
)
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.tables import (
    COLUMNS,
    PRIVILEGED_MARK,
    Columns,
    Row,
    percent,
    tenth,
    whole,
)
from vpp_gym.hydrogen.params import CarParkParams, MicrogridParams, changed
from vpp_gym.policies.car_park import car_park_baselines
from vpp_gym.policies.microgrid import microgrid_baselines
from vpp_gym.scenarios.car_park import CarParkSource
from vpp_gym.scenarios.microgrid import MicrogridSource

TEST_YEARS = "synthetic:test"
TEST_WORLD = 0
WARM_DAYS = 2
LOW, HIGH = "article", "hindsight"


def _gain(row: Row) -> str:
    low, gain, high = (whole(row[f"gain_eur{end}"]) for end in ("_low", "", "_high"))
    return gain if low == high else f"{gain} [{low}, {high}]"


def _thousandth(column: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        value = row.get(column)
        return tenth(None if value is None else value / 1e3)

    return text


_RANKED = {name: COLUMNS[name] for name in ("Rank", "Policy", "Profit EUR", "Score [95 %]")}
_COMMON = {**_RANKED, "Gain over the article EUR [95 %]": _gain}
_LAST = {
    "Hydrogen made kg": lambda row: whole(row.get("produced_kg")),
    "From trailers kg": lambda row: whole(row.get("trailer_kg")),
    "Run s": COLUMNS["Run s"],
}


class HydrogenSuite(Suite):
    """A leaderboard of fuel-cell cars: each track is a world with other parameters.

    Attributes:
        env_id: environment that trained agents play.
        changes: of the default parameters, by track.
        baselines: policies that do not learn.
    """

    family = "hydrogen"
    low, high = LOW, HIGH
    env_id: ClassVar[str]
    changes: ClassVar[Mapping[str, Mapping[str, Any]]]
    baselines: ClassVar[Callable[[], Mapping[str, Any]]]

    @abstractmethod
    def params(self, track: str) -> Any:
        """Rules of a track."""

    @abstractmethod
    def world(self, track: str) -> Any:
        """Scenario of a track."""

    @abstractmethod
    def rows(self, policy: Any, track: str, days: int | None, seed: int) -> pd.DataFrame:
        """Days of a policy."""

    def facts(self, data: Path | None) -> dict[str, Any]:
        """Of the scenarios of all tracks."""
        digest = hashlib.sha256()
        for track in self.tracks:
            digest.update(repr(self.params(track)).encode())
            _add(digest, self.world(track))
        first = self.world(next(iter(self.tracks)))
        start = str(np.datetime64(getattr(first, "start", "2019-01-01"), "m"))
        return {"name": first.name, "start": start, "dt_h": 1.0, "digest": digest.hexdigest()[:16]}

    def contestants(self) -> Contestants:
        """Baselines, hindsight, and trained agents of the environment."""
        names = dict.fromkeys([*type(self).baselines(), HIGH])
        return with_agents(names, lambda: trained({self.env_id}))

    def play(self, run: Run, data: Path | None) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Evaluate a fresh policy."""
        policy = self._fresh(run.policy, run.seed)
        privileged = policy is None or policy.privileged
        kind = "hindsight" if privileged else self._kind(policy)
        rows = self.rows(policy, run.track, run.days, run.seed)
        facts = {"policy": run.policy, "privileged": privileged, "seed": run.seed, "kind": kind}
        return rows, {**facts, "scenario": self.world(run.track).name, **provenance()}

    def warm_up(self, policy: str, seed: int) -> None:
        """Two days."""
        self.rows(self._fresh(policy, seed), next(iter(self.tracks)), WARM_DAYS, seed)

    def ranked(
        self, days: pd.DataFrame, privileged: Collection[str], statistics: Mapping[str, int]
    ) -> pd.DataFrame:
        """By profit."""
        return hydrogen_leaderboard(days, privileged=privileged, **statistics)

    def lead(self, document: Document) -> str:
        """What the scores are."""
        return "Score: 0 is the strategy of the article, 100 perfect foresight."

    def _fresh(self, name: str, seed: int) -> Any:
        known = type(self).baselines()
        return known[name] if name in known else trained({self.env_id})[name, seed]

    def _kind(self, policy: Any) -> str:
        if not type(policy).__module__.startswith("vpp_gym."):
            return "learned"
        return "rule" if policy.name in self.known else "optimiser"


class CarParkSuite(HydrogenSuite):
    """The car park with price-based contracts."""

    name = "car_park"
    env_id = "FCEVCarPark-v0"
    description = (
        "a car park of 500 fuel-cell cars with price-based contracts, in a synthetic test year"
    )
    tracks: ClassVar[Mapping[str, str]] = {
        "equal": "every driver's minPrice is the cost of V2G",
        "random": "minPrices differ: the cost of V2G times 1 to 1.5",
    }
    changes: ClassVar = {
        "equal": {"contract": {"min_price": "equal"}},
        "random": {"contract": {"min_price": "random"}},
    }
    baselines = staticmethod(car_park_baselines)
    known = ("article", "no_v2g")
    columns: ClassVar[Columns] = {
        **_COMMON,
        "V2G MWh": _thousandth("v2g_kwh"),
        "Sold V2G delivered %": lambda row: percent(row.get("delivered_share")),
        "Drivers' profit EUR": lambda row: whole(row.get("driver_profit_eur")),
        **_LAST,
    }
    brief = (*_COMMON, "V2G MWh", "Sold V2G delivered %")
    day_columns = (
        *("track", "policy", "seed", "date", "profit_eur", "v2g_eur", "driver_pay_eur"),
        *("short_eur", "power_eur", "unused_eur", "hydrogen_eur", "trailer_eur", "stock_eur"),
        *("driver_profit_eur", "sold_kwh", "v2g_kwh", "bought_kwh", "produced_kg", "trailer_kg"),
    )

    def params(self, track: str) -> CarParkParams:
        """Rules of a track."""
        return changed(CarParkParams(), self.changes[track])

    def world(self, track: str) -> Any:
        """Scenario of a track."""
        return CarParkSource(self.params(track), TEST_YEARS).scenario(TEST_WORLD)

    def rows(self, policy: Any, track: str, days: int | None, seed: int) -> pd.DataFrame:
        """Days of a policy; without one those of the bound, which is hindsight here."""
        scenario, params = self.world(track), self.params(track)
        if policy is None:
            return car_park_bound(scenario, params).head(days or scenario.n_days)
        return evaluate_car_park(policy, scenario, params, end_day=days, seed=seed)[0]

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        yield _world_words(document)
        yield (
            f"Score: 0 is `{LOW}`, the strategy of Park Lee et al. 2018, 100 is `{HIGH}`, a bound "
            f"on the profit: every price and stay known, lots split, each car in its own best "
            f"hours. `foresight` knows as much and obeys the market's rules."
        )
        yield f"Rank: by profit. {PRIVILEGED_MARK} saw the future and has no rank."

    def _fresh(self, name: str, seed: int) -> Any:
        return None if name == HIGH else super()._fresh(name, seed)


class MicrogridSuite(HydrogenSuite):
    """The microgrid with volume-based or control-based contracts."""

    name = "microgrid"
    env_id = "FCEVMicrogrid-v0"
    description = (
        "a neighbourhood of 200 households and 50 fuel-cell cars, in a synthetic test year"
    )
    tracks: ClassVar[Mapping[str, str]] = {
        "volume": "volume-based contracts, and wind is there to make hydrogen",
        "wind": "volume-based contracts, and wind may serve houses",
    }
    changes: ClassVar = {"volume": {}, "wind": {"wind": {"serves_houses": True}}}
    baselines = staticmethod(microgrid_baselines)
    known = ("article", "direct_use")
    columns: ClassVar[Columns] = {
        **_COMMON,
        "Self-sufficiency %": lambda row: percent(row.get("self_sufficiency")),
        "Import MWh": _thousandth("import_kwh"),
        "V2G MWh": _thousandth("v2g_kwh"),
        "Committed MWh": _thousandth("committed_kwh"),
        "Fairness": lambda row: f"{row['fairness']:.3f}",
        **_LAST,
    }
    brief = (*_COMMON, "Self-sufficiency %", "V2G MWh", "Fairness")
    day_columns = (
        *("track", "policy", "seed", "date", "profit_eur", "import_eur", "export_eur", "v2g_eur"),
        *("commitment_eur", "availability_eur", "hydrogen_eur", "trailer_eur", "stock_eur"),
        *("load_kwh", "import_kwh", "v2g_kwh", "shortage_kwh", "fairness", "produced_kg"),
        "trailer_kg",
    )

    def params(self, track: str) -> MicrogridParams:
        """Rules of a track."""
        return changed(MicrogridParams(), self.changes[track])

    def world(self, track: str) -> Any:
        """Scenario of a track."""
        return MicrogridSource(self.params(track), TEST_YEARS).scenario(TEST_WORLD)

    def rows(self, policy: Any, track: str, days: int | None, seed: int) -> pd.DataFrame:
        """Days of a policy."""
        scenario, params = self.world(track), self.params(track)
        return evaluate_microgrid(policy, scenario, params, end_day=days, seed=seed)[0]

    def caveats(self, document: Document) -> Iterator[str]:
        """What to know before reading the tables."""
        yield _world_words(document)
        yield (
            f"Score: 0 is `{LOW}`, the strategy of Park Lee et al. 2018, 100 is `{HIGH}`: the "
            f"linear program of the whole year, with contracts as the world offers them. A policy "
            f"that changes the volumes of contracts can exceed it. Profit is minus the cost of "
            f"the year. Self-sufficiency is the share of the load that is not imported; fairness "
            f"is Jain's index of the drivers' V2G."
        )
        yield f"Rank: by profit. {PRIVILEGED_MARK} saw the future and has no rank."


HYDROGEN_SUITES = {suite.name: suite for suite in (CarParkSuite(), MicrogridSuite())}


def _world_words(document: Document) -> str:
    scenario = document["scenario"]
    return (
        f"World: {document['description']}; {scenario['days']} days from {scenario['start'][:10]}, "
        f"hour by hour. Agents were trained and chosen in other years, with other drivers and "
        f"other weather. Money is EUR over all days."
    )


def _add(digest: Any, value: Any) -> None:
    """Feed the arrays of a scenario to a digest."""
    if isinstance(value, np.ndarray):
        digest.update(np.ascontiguousarray(value).tobytes())
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            _add(digest, getattr(value, name))
    else:
        digest.update(repr(value).encode())
