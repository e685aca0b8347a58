"""Which results a change of the code makes stale, tried on copies of the tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import fingerprint
from benchmarks.fingerprint import ROOT, ROOTS, SOURCES, code_digest, data_files, policy_digest
from benchmarks.results import digests_of
from benchmarks.suites import SUITES
from tests.benchmarks.ran import learn_nothing
from vpp_gym.files.reader import DIGEST
from vpp_gym.policies.baselines import baselines
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.sources import PACKAGE, Sources

EV_SUITES = ("embedded", "real", "shifting", "hourly", "hourly_real")
SITES = ("site", "site_real", "site_busy")


def python(tree: Path, *arguments: str) -> Any:
    """What a program prints as JSON, with the packages of a tree and without compilation."""
    path = os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_all_code_that_runs_counts():
    """Evaluation imports some modules by name: nothing of them may be forgotten.

    Of the benchmark the functions count that make a run, where a result comes from is no part of
    it, and metrics count for the ranking.
    """
    no_numbers = re.compile(r"benchmarks\.suites\.\w+|vpp_gym\.evaluation\.(provenance|metrics)")
    assert "vpp_gym.evaluation.metrics" in SOURCES.closure(ROOTS["embedded"].ranking)
    for run, beyond in python(ROOT, "-m", "tests.benchmarks.ran").items():
        assert [module for module in beyond if not no_numbers.fullmatch(module)] == [], run


STALE = """
import json, sys
from pathlib import Path
from benchmarks.check import stale
from tests.benchmarks.ran import learn_nothing
learn_nothing(setattr)
documents = json.loads(Path(sys.argv[1]).read_text())
found = {name: list(stale(Path(name), one)) for name, one in documents.items()}
print(json.dumps(found))
"""


@pytest.fixture(scope="session")
def documents(tmp_path_factory) -> Path:
    """What result files of this tree would say of where they come from."""
    with pytest.MonkeyPatch.context() as patch:
        learn_nothing(patch.setattr)
        found = {name: document(name) for name in SUITES}
    path = tmp_path_factory.mktemp("documents") / "documents.json"
    path.write_text(json.dumps(found))
    return path


def document(name: str) -> dict[str, Any]:
    """What a result file of this tree would say of where it comes from."""
    suite = SUITES[name]
    fuel_cells = name in ("car_park", "microgrid")
    scenarios = {
        track: suite.scenario_digests(track, (0,), None) if fuel_cells else "not looked at"
        for track in suite.tracks
    }
    return {
        "suite": name,
        "digests": {**digests_of(suite, suite.contestants()), "scenarios": scenarios},
        "rows_sha256": sha256(b"").hexdigest(),
    }


@pytest.fixture
def stale_after(documents, tmp_path) -> Callable[[Callable[[Path], None]], dict[str, list[str]]]:
    """Findings by suite after a change of a copy of the tree."""
    tree = tmp_path / "tree"
    for folder in (PACKAGE, *(ROOT / name for name in ("agents", "benchmarks", "tests"))):
        ignored = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(folder, tree / folder.name, ignore=ignored)

    def changed(change: Callable[[Path], None]) -> dict[str, list[str]]:
        change(tree)
        return python(tree, "-c", STALE, str(documents))

    return changed


def replaced(name: str, old: str, new: str, tree: Path) -> None:
    path = tree / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, name
    path.write_text(text.replace(old, new), encoding="utf-8")


def named(findings: list[str], what: str) -> set[str]:
    """Policies of the finding that says this."""
    (line,) = [finding for finding in findings if f": {what} made " in finding]
    return set(line.partition(" made ")[2].split(", "))


def policies(suite: str, documents: Path) -> set[str]:
    return set(json.loads(documents.read_text())[suite]["digests"]["policies"])


def learned(suite: str, documents: Path) -> set[str]:
    """Trained agents of a suite, NAME.SEED each."""
    return {name for name in policies(suite, documents) if re.search(r"\.\d+$", name)}


def test_another_margin_of_contracts_makes_the_results_of_the_car_park_stale(
    stale_after, documents
):
    name = "vpp_gym/contracts/choice.py"
    found = stale_after(partial(replaced, name, "+ margin * max(", "+ 2.0 * margin * max("))
    for suite in ("car_park", *EV_SUITES):
        assert named(found[suite], "other code") == policies(suite, documents)
    assert len(found["car_park"]) == 1, found["car_park"]
    assert found["microgrid"] == []


def another_field(tree: Path) -> None:
    """Show agents of EVs a field more."""
    tables = re.compile(r"^FLEET_FIELDS\b.*=", re.MULTILINE)
    (path,) = [
        path for path in (tree / "vpp_gym").rglob("*.py") if tables.search(path.read_text("utf-8"))
    ]
    with path.open("a", encoding="utf-8") as file:
        file.write("\nFLEET_FIELDS = (*FLEET_FIELDS, FLEET_FIELDS[-1])\n")


def test_another_observation_of_evs_makes_only_their_agents_stale(stale_after, documents):
    agents = {suite: learned(suite, documents) for suite in EV_SUITES}
    if not any(agents.values()):
        pytest.skip("no agent of EVs is there")
    found = stale_after(another_field)
    for suite, names in agents.items():
        assert len(found[suite]) == bool(names), found[suite]
        assert not names or named(found[suite], "other code") == names
    assert found["car_park"] == found["microgrid"] == []


def new_policies(agent: str, tree: Path) -> None:
    """A baseline more of EVs and of the car park, two numbers and one weight changed."""
    registry = "vpp_gym/policies/baselines.py"
    replaced(registry, "markup=1.25", "markup=1.3", tree)
    replaced(registry, "tariff_eur_per_kwh=0.01334", "tariff_eur_per_kwh=0.014", tree)
    for name, more in {
        registry: '_MAKERS["rolling_mpc_4h"] = partial(_rolling_mpc, 4)',
        "vpp_gym/fcev/car_park/baselines.py": (
            '_KINDS["other_planner"] = lambda: StayPlanner(name="other_planner")'
        ),
    }.items():
        with (tree / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{more}\n")
    name, _, seed = agent.rpartition(".")
    path = tree / f"vpp_gym/agents/trained/{name}/seed_{seed}/policy.npz"
    arrays = dict(np.load(path))
    arrays["bias_0"][0] += np.float32(1e-3)
    np.savez_compressed(path, **arrays)
    card = path.with_name("card.json")
    whole = json.loads(card.read_text())
    whole.pop(DIGEST, None)  # a card with the digest of other weights is refused
    card.write_text(json.dumps(whole))


def test_new_and_tuned_policies_leave_all_others_fresh(stale_after, documents):
    agents = {suite: learned(suite, documents) for suite in SUITES}
    of_evs = set().union(*(agents[suite] for suite in EV_SUITES))
    of_registry = ("learned_bids.", "learned_offers.", "ppo_price.", "imitated_site.")
    with_scheduler = {
        name for suite in SUITES for name in agents[suite] if name.startswith(of_registry)
    }
    agent = min(of_evs - with_scheduler or agents["car_park"])
    found = stale_after(partial(new_policies, agent))
    changed = {suite: {agent} & names for suite, names in agents.items()}
    for suite in EV_SUITES:
        old = suite.startswith("hourly")
        offer = "_control" if old else "_price"
        names = policies(suite, documents) - agents[suite]
        tuned = {name for name in names if name.partition("+")[0].endswith(offer)}
        assert len(tuned) > 2
        changed[suite] |= tuned if old else {*tuned, "hindsight"}
    for suite in SITES:
        changed[suite] = {name for name in policies(suite, documents) if name.endswith("_price")}
    new = dict.fromkeys(("embedded", "real"), "rolling_mpc_4h") | {"car_park": "other_planner"}
    for suite in SUITES:
        lines = list(found[suite])
        if bidding := agents[suite] & with_scheduler:  # scheduler or bidder are of the registry
            assert named([lines.pop(0)], "other code") == bidding
        if changed[suite]:
            assert named([lines.pop(0)], "other values") == changed[suite]
        assert lines == ([f"{suite} has no rows of {new[suite]}"] if suite in new else [])


TREE = {
    "__init__.py": "",
    "result.py": '"""Text."""\n\nfrom vpp_gym.part import half\n\nLIMIT = half(22.0)\n',
    "part.py": "import json\n\ndef half(x):\n    return x / 2  # why\n",
    "table.py": 'from vpp_gym.result import LIMIT\n\nDATA = "numbers.json"\n',
    "other.py": "A = 1\n",
    "numbers.json": "[1]\n",
    "numbers.csv": "1\n",
}


@pytest.mark.parametrize(
    ("name", "text", "stale"),
    [
        ("part.py", 'import json\n\ndef half(x):\n    """Text."""\n    return (x / 2)\n', False),
        ("part.py", "import json\n\ndef half(x):\n    return x / 3\n", True),
        ("result.py", "from vpp_gym.part import half\n\nLIMIT = half(22)\n", True),
        ("numbers.json", "[2]\n", True),
        ("numbers.csv", "2\n", False),
        ("other.py", "A = 2\n", False),
        ("__init__.py", "A = 2\n", False),  # what there is by name
    ],
)
def test_a_digest_follows_what_the_code_does(tmp_path, monkeypatch, name, text, stale):
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, files in ((before, TREE), (after, TREE | {name: text})):
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_text(content)
    digests = set()
    for folder in (before, after):
        monkeypatch.setattr(fingerprint, "SOURCES", Sources({"vpp_gym": folder}))
        digests.add(code_digest(["vpp_gym.table"]))
    assert len(digests) == 1 + stale


def test_single_functions_count_without_their_module():
    def one(x):
        """Text."""
        return x + 1

    before = code_digest([], [one])
    number = one

    def one(x):
        return x + 1  # why

    assert code_digest([], [one]) == before

    def one(x):
        return x + 2

    assert len({before, code_digest([], [one]), code_digest([], [number, one])}) == 3


def test_every_file_of_the_package_that_is_no_code_is_named_by_a_module_beside_it():
    """A digest would not see a change of it otherwise."""
    modules = [SOURCES.path(module) for module in SOURCES.modules()]
    known = {data for path in modules if path is not None for data in data_files(path)}
    data = {
        path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    # Trained policies count as values of an agent, and boards are what was made.
    apart = (PACKAGE / "agents" / "trained", PACKAGE / "boards")
    code = (".py", ".pyi", ".typed")
    data = {path for path in data if not any(one in path.parents for one in apart)}
    assert {path for path in data if path.suffix not in code} <= known


def test_a_stub_of_public_names_is_no_data():
    package = PACKAGE / "__init__.py"
    assert "__init__.pyi" in package.read_text()
    assert data_files(package) == ()


def test_new_names_and_words_of_a_refusal_make_no_result_stale(monkeypatch):
    root, content = "vpp_gym.evaluation.statistics", fingerprint._content
    modules = {"vpp_gym": True, "vpp_gym.errors": True, "vpp_gym.arrays": False}
    assert {*modules} <= set(SOURCES.closure([root]))
    before = code_digest([root])
    for module, same in modules.items():
        edited = SOURCES.path(module)
        monkeypatch.setattr(
            fingerprint,
            "_content",
            lambda path, edited=edited: b"other" if path == edited else content(path),
        )
        assert (code_digest([root]) == before) is same


def test_a_policy_depends_on_its_parts_and_not_on_others():
    known = baselines()
    closures = {
        name: set(SOURCES.closure(ROOTS["embedded"].of(one))) for name, one in known.items()
    }
    for bidder in ("two_stage", "climatology"):
        module = f"vpp_gym.policies.{bidder}"
        assert module in closures[f"hazard_mpc_tariff+{bidder}"]
        assert module not in closures["hazard_mpc_tariff+expected_load"]
    assert not any("vpp_gym.policies.baselines" in one for one in closures.values())
    assert not any(".envs" in module for one in closures.values() for module in one)


def test_values_tell_policies_of_one_class_apart():
    roots = ROOTS["embedded"]
    one, other = ChargeOnArrival(), ChargeOnArrival()
    assert policy_digest(one, roots) == policy_digest(other, roots)
    other.share = 0.5
    assert policy_digest(one, roots).code == policy_digest(other, roots).code
    assert policy_digest(one, roots).values != policy_digest(other, roots).values
