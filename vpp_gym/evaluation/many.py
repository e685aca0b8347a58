"""Many policies through many scenarios, on all cores or a cluster; the days go to Parquet."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vpp_gym.engines import run_jobs
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.outside import outside_policy
from vpp_gym.evaluation.values import value_digest
from vpp_gym.files.names import checked_name
from vpp_gym.files.reader import read_bytes
from vpp_gym.files.writer import write_file
from vpp_gym.sources import PACKAGE, content_digest

if TYPE_CHECKING:
    from vpp_gym.evaluation.rollout import AnyParams

KEY = b"vpp_gym.key"
TIMES = ("solve_ms", "solve_ms_mean", "solve_ms_max")
"""Columns that are measured: the only ones that differ when a run is made again."""
KEPT_SCENARIOS = 2
"""Years that a process keeps for the next policy."""


@dataclass(frozen=True)
class Job:
    """One policy through one scenario.

    Attributes:
        policy: name of a baseline or a pretrained agent, a policy, what makes one, or the place
            of either.
        label: name of the policy in rows and files.
        scenario: name of scenarios, or one of them.
        number: which of them.
        params: rules of the world.
        dt_h: hours per step; None: as the scenarios have it.
        days: only so many from the first; None: all.
        seed: of an agent's training.
    """

    policy: Any
    label: str
    scenario: Any
    number: int
    params: Any
    dt_h: float | None
    days: int | None
    seed: int

    def __str__(self) -> str:
        return f"{self.label} in {_name_of(self.scenario)} {self.number}"

    @property
    def key(self) -> str:
        """Digest of what the rows depend on."""
        parts = (
            _code(),
            _policy_identity(self.policy),
            _scenario_identity(self.scenario),
            self.number,
            _identity(self.params),
            self.dt_h,
            self.days,
            self.seed,
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def path(self, folder: Path) -> Path:
        """Of the file with its rows: partitioned by policy, as DuckDB and pandas read it."""
        scenario = _name_of(self.scenario).replace(":", "-").replace("/", "-")
        length = "" if self.days is None else f".{self.days}d"
        name = f"{scenario}.{self.number}.{self.seed}{length}.parquet"
        return folder / f"policy={self.label}" / name


@dataclass(frozen=True)
class ManyRuns:
    """What `evaluate_many` made.

    Attributes:
        folder: of the Parquet files; None: the rows are in memory.
        made: number of runs that were made.
        kept: number of runs that were in the folder already.
        failures: what went wrong, by run.
        frames: rows of each run, in the order of policies and scenarios; empty with a folder.
    """

    folder: Path | None
    made: int
    kept: int
    failures: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[pd.DataFrame, ...] = ()

    def days(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per day of all runs, as of `vpp_gym.evaluate`.

        Args:
            columns: only these; None: all.
        """
        if self.folder is None:
            rows = pd.concat(self.frames, ignore_index=True)
            return rows if columns is None else rows[list(columns)]
        files = sorted(self.folder.glob("policy=*/*.parquet"))
        rows = pd.concat([_read(file) for file in files], ignore_index=True)
        return rows if columns is None else rows[list(columns)]


class RunsFailedError(InvalidInputError):
    """Some of many runs failed; `runs` holds the others."""

    def __init__(self, runs: ManyRuns) -> None:
        self.runs = runs
        first, words = next(iter(runs.failures.items()))
        kept = "start again" if runs.folder else "take a folder, so that they are kept"
        remedy = f"{words}; the other {runs.made + runs.kept} runs are done: mend it and {kept}"
        super().__init__("policies", f"{first} and {len(runs.failures) - 1} more", remedy)

    def __reduce__(self) -> tuple:
        return type(self), (self.runs,)


def evaluate_many(
    policies: Sequence[Any],
    scenarios: Sequence[Any],
    params: AnyParams | Mapping[str, Any] | str | None = None,
    *,
    seeds: Sequence[int] = (0,),
    dt_h: float | None = None,
    days: int | None = None,
    folder: str | Path | None = None,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> ManyRuns:
    """Run every policy through every scenario.

    The rows are those of `vpp_gym.evaluate`, bit for bit, whatever the engine and the number of
    processes; only the times of decisions are measured anew. With a folder each run is written as
    soon as it has ended, memory holds a few runs only, and a second call makes what is missing.

    Args:
        policies: names of baselines or pretrained agents, policies, functions without arguments
            that make one, or "package.module:name" of either. Those of your own must be of a
            module that the processes can import.
        scenarios: names such as "synthetic:test" or "world.parquet:test", each for all of its
            years; or (name, number) for one of them; or scenarios.
        params: rules of the world, as of `vpp_gym.evaluate`.
        seeds: names of the runs in the results: of an agent, its training seeds.
        dt_h: hours per step of named scenarios; None: 0.25, or as a world file has it.
        days: only so many from the first; None: all.
        folder: for one Parquet file a run, in folders by policy; None: rows stay in memory.
        engine: "local" or "ray".
        workers: number of processes; 0: in this one; None: one for each core.
        address: of a Ray cluster, see `vpp_gym.engines.run_jobs`.
        progress: called with runs done, runs in all and the name of the run that has ended.

    Returns:
        The runs; `.days()` are the rows.

    Raises:
        InvalidInputError: nothing to run, two policies of one name, or what `vpp_gym.evaluate`
            refuses.
        RunsFailedError: some failed, after all others were made.

    >>> import vpp_gym
    >>> both = ["no_v2g", "charge_at_deadline"]
    >>> runs = vpp_gym.evaluate_many(both, [("synthetic:test", 3)], days=2, workers=0)
    >>> runs.days().groupby("policy")["day"].count().to_dict()
    {'charge_at_deadline': 2, 'no_v2g': 2}
    """
    jobs = _jobs(policies, scenarios, params, seeds, dt_h, days)
    place = None if folder is None else Path(folder)
    left = [job for job in jobs if place is None or not _is_there(job, place)]
    kept, failures = len(jobs) - len(left), {}
    frames: dict[int, pd.DataFrame] = {}
    for done, (number, answer) in enumerate(
        run_jobs(_played, left, engine=engine, workers=workers, address=address), start=kept + 1
    ):
        if isinstance(answer, str):
            failures[str(left[number])] = answer
        elif place is None:
            frames[number] = answer
        else:
            _write(left[number], answer, place)
        if progress is not None:
            progress(done, len(jobs), str(left[number]))
    made = tuple(frames[number] for number in sorted(frames))
    runs = ManyRuns(place, len(left) - len(failures), kept, failures, made)
    if failures:
        raise RunsFailedError(runs)
    return runs


def _jobs(
    policies: Sequence[Any],
    scenarios: Sequence[Any],
    params: Any,
    seeds: Sequence[int],
    dt_h: float | None,
    days: int | None,
) -> list[Job]:
    for name, given in (("policies", policies), ("scenarios", scenarios), ("seeds", seeds)):
        if isinstance(given, str) or not len(given):
            raise InvalidInputError(name, given, "give a list of one or more")
    labels = [checked_name(_label(policy), "policy") for policy in policies]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InvalidInputError("policies", twice, "give each a name of its own")
    places = [place for given in scenarios for place in _expanded(given, dt_h)]
    return [
        Job(policy, label, scenario, number, params, dt_h, days, seed)
        for policy, label in zip(policies, labels, strict=True)
        for scenario, number in places
        for seed in seeds
    ]


def _label(policy: Any) -> str:
    if isinstance(policy, str) and ":" not in policy:
        return policy
    return str(_made(policy).name)


def _made(policy: Any) -> Any:
    """The policy that a place or a function stands for; a name and a policy stay as they are."""
    if isinstance(policy, str):
        return outside_policy(policy) if ":" in policy else policy
    is_one = hasattr(policy, "predict") and not isinstance(policy, type)
    return policy if is_one or not callable(policy) else policy()


def _expanded(given: Any, dt_h: float | None) -> list[tuple[Any, int]]:
    """All years of a name; one scenario; or one of a name's."""
    from vpp_gym.scenarios.named import WORLD_SUFFIX, as_source, world_source

    if isinstance(given, tuple):
        if len(given) != 2:
            raise InvalidInputError("scenarios", given, "give a name, or (name, number)")
        return [(given[0], int(given[1]))]
    if not isinstance(given, str):
        return [(given, 0)]
    if dt_h is None and WORLD_SUFFIX in given.lower():
        return [(given, number) for number in range(world_source(given).n_scenarios)]
    source = as_source(given, 0.25 if dt_h is None else dt_h)
    return [(given, number) for number in range(source.n_scenarios)]


def _played(job: Job) -> pd.DataFrame | str:
    """Rows of a run, or what went wrong, so that one failure does not end the others."""
    from vpp_gym.evaluation.judging import evaluate

    try:
        scenario = job.scenario
        if isinstance(scenario, str):
            scenario = _loaded(scenario, job.number, job.dt_h)
        end = None if job.days is None else _end_step(scenario, job.days)
        days: pd.DataFrame = evaluate(
            _made(job.policy), scenario, job.params, seed=job.seed, end_step=end
        ).days
        return days
    except Exception as error:  # noqa: BLE001  (told by name, and raised in the end)
        return f"{type(error).__name__}: {error}"


@lru_cache(maxsize=KEPT_SCENARIOS)
def _loaded(name: str, number: int, dt_h: float | None) -> Any:
    from vpp_gym.scenarios.named import load_scenario

    return load_scenario(name, number, dt_h=dt_h)


def _end_step(scenario: Any, days: int) -> int:
    """One past the last step of the first days."""
    last = int(scenario.day[-1]) + 1
    if not 1 <= days <= last:
        raise InvalidInputError("days", days, f"{scenario.name} has 1 to {last}")
    return int(scenario.day.searchsorted(days))


def _is_there(job: Job, folder: Path) -> bool:
    """Whether the rows of a run are in the folder.

    Raises:
        InvalidInputError: rows of other settings, code or scenarios are.
    """
    import pyarrow.parquet as pq

    path = job.path(folder)
    if not path.exists():
        return False
    try:
        found = (pq.read_schema(path).metadata or {}).get(KEY)
    except Exception as error:
        remedy = "it is no Parquet file: remove it to have the run made again"
        raise InvalidInputError("folder", str(path), remedy) from error
    if found != job.key.encode():
        remedy = "it has rows of other settings or code: take another folder, or remove it"
        raise InvalidInputError("folder", str(path), remedy)
    return True


def _write(job: Job, days: pd.DataFrame, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The folder says which policy it is: readers make a column of it.
    table = pa.Table.from_pandas(days.drop(columns="policy"), preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: job.key.encode()})
    write_file(job.path(folder), lambda file: pq.write_table(table, file), make_folder=True)


def _read(file: Path) -> pd.DataFrame:
    """Rows of a file: which contracts have a column depends on what was on offer."""
    rows = pd.read_parquet(BytesIO(read_bytes(file)))
    rows.insert(0, "policy", file.parent.name.removeprefix("policy="))
    return rows


@lru_cache(maxsize=1)
def _code() -> str:
    """Digest of this package's code."""
    return content_digest(sorted(PACKAGE.rglob("*.py")))


def _name_of(scenario: Any) -> str:
    return scenario if isinstance(scenario, str) else str(scenario.name)


def _identity(value: Any) -> str:
    """What says whether a policy, a scenario or rules are the same as in an earlier call."""
    if value is None or isinstance(value, str | Mapping):
        return repr(value)
    if hasattr(value, "model_dump_json"):
        return str(value.model_dump_json())
    kind = value if isinstance(value, type) or inspect.isroutine(value) else type(value)
    file = inspect.getsourcefile(kind)
    source = content_digest([Path(file)]) if file and Path(file).is_file() else ""
    return f"{kind.__module__}.{kind.__qualname__} {getattr(value, 'name', '')} {source}"


def _policy_identity(policy: Any) -> str:
    """As `_identity`; of "package.module:name" with the digest of that module."""
    if not isinstance(policy, str) or ":" not in policy:
        return _identity(policy)
    file = inspect.getsourcefile(import_module(policy.partition(":")[0]))
    return f"{policy} {content_digest([Path(file)]) if file else ''}"


def _scenario_identity(scenario: Any) -> str:
    """A name, with the digest of its file if it has one, or the digest of a scenario's arrays."""
    if not isinstance(scenario, str):
        return value_digest(scenario)
    file = Path(scenario.rpartition(":")[0])
    return f"{scenario} {content_digest([file]) if file.is_file() else ''}"
