"""The mutants that are tried: the same ones for the same code, spread over the modules."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from tests.mutation.operators import Mutant, mutants

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = "test_package.py"
"""Runs the examples of docstrings."""
WHOLE_RUNS = ("kernels/test_bits.py", "test_snapshots.py")
"""Of all worlds."""
PACKAGE = Path(next(iter(find_spec("vpp_gym").submodule_search_locations)))
SEED = 2023


@dataclass(frozen=True)
class Group:
    """Modules that are sampled together.

    Attributes:
        name: of the group.
        size: mutants of it.
        modules: patterns of paths in the package.
        tests: folders or files whose tests are asked.
    """

    name: str
    size: int
    modules: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = (
    Group("simulation", 35, ("simulation/*.py",), ("simulation", EXAMPLES, *WHOLE_RUNS)),
    Group("fleet", 20, ("fleet/*.py",), ("fleet", "simulation", EXAMPLES)),
    Group("contracts", 25, ("contracts/*.py",), ("contracts", "simulation", EXAMPLES)),
    Group(
        "markets",
        8,
        ("markets/*.py",),
        ("markets", "simulation", "policies/test_two_stage.py", EXAMPLES),
    ),
    Group(
        "fuel cells",
        32,
        (
            "fcev/fuel_cell.py",
            "fcev/technology.py",
            "fcev/car_park/contracts.py",
            "fcev/car_park/dataset.py",
            "fcev/car_park/parking.py",
            "fcev/car_park/simulation.py",
            "fcev/car_park/stays.py",
            "fcev/car_park/transition.py",
            "fcev/microgrid/cars.py",
            "fcev/microgrid/contracts.py",
            "fcev/microgrid/households.py",
            "fcev/microgrid/simulation.py",
            "fcev/microgrid/transition.py",
            "fcev/microgrid/weather.py",
        ),
        ("fcev/car_park", "fcev/microgrid", "fcev/test_params.py", EXAMPLES, *WHOLE_RUNS),
    ),
    Group(
        "bidders",
        15,
        (
            "policies/bidders.py",
            "policies/stays.py",
            "policies/two_stage.py",
            "solvers/bid_lp.py",
            "solvers/bid_program.py",
            "solvers/newsvendor.py",
        ),
        (
            "policies/test_bidders.py",
            "policies/test_hindsight.py",
            "policies/test_two_stage.py",
            "solvers",
            EXAMPLES,
        ),
    ),
    Group(
        "exact solvers",
        15,
        (
            "policies/exact.py",
            "solvers/budget.py",
            "solvers/lagrangian.py",
            "solvers/leaving.py",
            "solvers/schedule.py",
            "solvers/segments.py",
            "solvers/single_ev.py",
            "solvers/single_ev_milp.py",
            "solvers/stay.py",
            "solvers/stochastic_ev.py",
            "solvers/uncertain_stay.py",
        ),
        ("solvers", "policies/test_exact.py", "policies/test_hindsight.py", EXAMPLES),
    ),
)


@dataclass(frozen=True)
class Change:
    """A mutant in its module.

    Attributes:
        group: of the module.
        module: path from the folder of the package on.
        mutant: the change.
        named: it was not drawn, but is tried in any case.
    """

    group: Group
    module: str
    mutant: Mutant
    named: bool = False

    @property
    def words(self) -> str:
        """What was changed, on one line."""
        before, after = (" ".join(x.split()) for x in (self.mutant.before, self.mutant.after))
        return f"{before} -> {after}"

    @property
    def key(self) -> str:
        """Digest of the module's source and of the change: results of it stay valid."""
        text = (self.module, self.source(), str(self.mutant))
        return sha256("\0".join(text).encode()).hexdigest()[:12]

    def source(self) -> str:
        """The module before the change."""
        return source_of(self.module)

    def changed_source(self) -> str:
        """The module after it."""
        return self.mutant.applied_to(self.source())


def source_of(module: str) -> str:
    """Source of a module of the package."""
    return (PACKAGE.parent / module).read_text(encoding="utf-8")


def sample() -> list[Change]:
    """The mutants that are known by name, then those drawn, group by group."""
    return [*_named(), *(change for group in GROUPS for change in _drawn(group))]


def _drawn(group: Group) -> Iterator[Change]:
    """As many of each module as the root of its number of mutants tells, but one at least.

    Within a module each kind of change is as likely as the others.
    """
    pools = {module: mutants(source_of(module)) for module in _modules(group)}
    pools = {module: pool for module, pool in pools.items() if pool}
    for module, size in _sizes(group.size, {m: len(p) ** 0.5 for m, p in pools.items()}).items():
        rng, pool = random.Random(f"{SEED} {module}"), list(pools[module])
        chosen = []
        for _ in range(min(size, len(pool))):
            kind = rng.choice(sorted({mutant.operator for mutant in pool}))
            one = rng.choice([mutant for mutant in pool if mutant.operator == kind])
            pool.remove(one)
            chosen.append(one)
        yield from (Change(group, module, one) for one in sorted(chosen, key=lambda m: m.span))


def _modules(group: Group) -> list[str]:
    paths = {path for pattern in group.modules for path in PACKAGE.glob(pattern)}
    return sorted(path.relative_to(PACKAGE.parent).as_posix() for path in paths)


def _sizes(total: int, weights: dict[str, float]) -> dict[str, int]:
    """Whole numbers in proportion to weights that add up to the total, by largest remainder."""
    share = {key: total * weight / sum(weights.values()) for key, weight in weights.items()}
    sizes = {key: max(int(x), 1) for key, x in share.items()}
    by_rest = sorted(share, key=lambda key: (sizes[key] - share[key], key))
    for i in range(total - sum(sizes.values())):
        sizes[by_rest[i % len(by_rest)]] += 1
    while sum(sizes.values()) > total:
        sizes[max(sizes, key=lambda key: (sizes[key], key))] -= 1
    return sizes


def _named() -> Iterator[Change]:
    """Mutants of `named.toml`, each a text that its module has once."""
    for entry in tomllib.loads((HERE / "named.toml").read_text(encoding="utf-8"))["mutant"]:
        source = source_of(entry["module"])
        if source.count(entry["before"]) != 1:
            raise ValueError(f"{entry['module']} has not just one {entry['before']!r}")
        group = next(one for one in GROUPS if entry["module"] in _modules(one))
        yield Change(group, entry["module"], _replacing(source, **entry), named=True)


def _replacing(source: str, module: str, function: str, before: str, after: str) -> Mutant:
    begin = source.index(before)
    first = source.count("\n", 0, begin)
    end = begin + len(before)
    last = source.count("\n", 0, end)
    columns = (source.rfind("\n", 0, place) + 1 for place in (begin, end))
    left, right = (len(source[line:place].encode()) for line, place in
                   zip(columns, (begin, end), strict=True))  # fmt: skip
    return Mutant(function, first + 1, "named", before, after, (first, left, last, right))
