"""Writes docs/environments/*.md, a card for every environment, from the code and the results.

python docs/build_cards.py

Measured figures come from `python -m benchmarks.cards`, published rows from the boards.
"""

from __future__ import annotations

import inspect
import json
import runpy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import pandas as pd
import yaml
from gymnasium.envs.registration import load_env_creator

import vpp_gym
from vpp_gym.settings import Settings, Shown

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "benchmarks" / "results"
TRAINED = DOCS.parent / "agents" / "trained", Path(vpp_gym.__file__).parent / "agents" / "trained"
"""Where trained agents lie, in the repository and in the package."""
FOLDER = DOCS / "environments"
BUILD = runpy.run_path(str(DOCS / "build.py"))
EVS = "embedded"
"""Suite of electric vehicles, of which weeks are published; of the others days are."""
MEASURED: dict[str, Any] = json.loads((RESULTS / "cards.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Card:
    """What a card says beyond the code; `cards.yaml` has it.

    Attributes:
        step: length of a step, in words.
        page: with the whole story, below docs/.
        suite: of the board whose rows are shown.
        track: of the suite.
        value: column that rows are compared by.
        value_words: what that is.
        low: policy of score 0.
        high: policy of score 100.
        published: policies that stand beside, by what the card calls them.
        pitfalls: what goes wrong first.
    """

    step: str
    page: str
    suite: str
    track: str
    value: str
    value_words: str
    low: str
    high: str
    published: Mapping[str, str]
    pitfalls: tuple[str, ...]


def _cards() -> dict[str, Card]:
    """Every card by the id of its environment."""
    told = yaml.safe_load((DOCS / "cards.yaml").read_text(encoding="utf-8"))
    cards = {}
    for env_id, one in told["environments"].items():
        pitfalls = tuple(
            text if isinstance(text, str) else told["common"][text["common"]]
            for text in one.pop("pitfalls")
        )
        cards[env_id] = Card(**one, pitfalls=pitfalls)
    return cards


CARDS = _cards()


def pages() -> dict[str, str]:
    """Text of every page of the folder, by its name."""
    return {"index.md": index(), **{f"{env_id}.md": card(env_id) for env_id in CARDS}}


def index() -> str:
    """The environments in one table."""
    rows = []
    for env_id, one in CARDS.items():
        env = gym.make(env_id)
        speed = MEASURED["environments"][env_id]["speed"]
        rows.append(
            (
                f"[`{env_id}`]({env_id}.md)",
                _summary(env_id),
                one.step.partition(",")[0],
                _size(env.action_space),
                _size(env.observation_space),
                _whole(speed["one"]),
                _whole(speed["batch"]),
            )
        )
    headings = (
        *("Environment", "The agent", "A step", "Action", "Observation"),
        *("Steps a second", "in a batch"),
    )
    return (
        f"# Environments\n\n{_written()}\n\nSeven environments over three worlds; sizes with "
        "default settings, speeds in steps per second of processor time.\n\n"
        f"{_table(headings, rows, numbers=3)}\n\n"
        "All fields, terms and arguments: [electric vehicles](../environment.md), "
        "[car park](../fuel-cell/car-park.md), [microgrid](../fuel-cell/microgrid.md).\n"
    )


def _written() -> str:
    return "<!-- Written by `python docs/build_cards.py`; do not edit. -->"


def card(env_id: str) -> str:
    """The card of an environment."""
    one, kind = CARDS[env_id], _kind(env_id)
    sections = BUILD["_sections"](inspect.cleandoc(kind.__doc__ or "").partition("\nRaises:")[0])
    parts = [
        f"# {env_id}",
        _written(),
        f"{_summary(env_id)} One step is {one.step}. [The whole story](../{one.page}).",
        f"![What the environment draws of itself](../images/environments/{env_id}.png)",
        sections["Description"],
        "## Action",
        sections["Action Space"],
        "## Observation",
        f"{_size(gym.make(env_id).observation_space)} columns. The flat form is the value divided "
        "by the scale. Mean and standard deviation (sd) are of the flat form, in 16 episodes "
        f"under {_reference(env_id)}.",
        _fields(env_id),
        "## Reward",
        sections["Rewards"],
        "## Pitfalls",
        "\n".join(f"- {pitfall}" for pitfall in one.pitfalls),
        "## Speed",
        _speed(env_id),
        "## Knobs",
        _knobs(kind, sections["Arguments"]),
        "## What policies earn",
        results_words(env_id),
        results_table(env_id),
        *learned_words(env_id),
    ]
    return "\n\n".join(parts) + "\n"


def _kind(env_id: str) -> Any:
    return load_env_creator(str(gym.spec(env_id).entry_point))


def _summary(env_id: str) -> str:
    return (_kind(env_id).__doc__ or "").partition("\n")[0]


def _size(space: Any) -> str:
    return str(space.shape[0])


def _reference(env_id: str) -> str:
    return {
        "VPPDayAhead-v0": "charging on arrival (1, 0)",
        "VPPDispatch-v0": "charging on arrival (1)",
        "VPPStay-v0": "charging on arrival (1)",
    }.get(env_id, "action 0")


def _fields(env_id: str) -> str:
    """The fields of the observation, with what was measured of them."""
    layout = gym.make(env_id).unwrapped.core.layout  # type: ignore[attr-defined]
    seen = MEASURED["environments"][env_id]["observations"]
    rows = []
    for field in layout.fields:
        part, found = layout.slices[field.name], seen[field.name]
        still = f", {found['constant']} constant" if found["constant"] else ""
        rows.append(
            (
                f"`{field.name}`",
                f"{part.stop - part.start}{still}",
                field.unit,
                f"{layout.scale[part.start]:.4g}",
                f"{found['mean']:g}",
                f"{found['sd']:g}",
                field.meaning,
            )
        )
    headings = ("Field", "Columns", "Unit", "Scale", "Mean", "Sd", "Meaning")
    return _table(headings, rows)


def _speed(env_id: str) -> str:
    speed = MEASURED["environments"][env_id]["speed"]
    return (
        f"{_whole(speed['one'])} steps per second of processor time through `gym.make`, "
        f"{_whole(speed['batch'])} in a batch of 64 that one call steps (`gym.make_vec` with "
        '`vectorization_mode="vector_entry_point"`): action 0, resets included. The kernels are '
        "compiled once, which takes about a minute."
    )


def _knobs(kind: Any, arguments: str) -> str:
    settings: type[Settings] = kind.core_kind.settings_kind
    told: dict[str, str] = {}
    for base in settings.__mro__[: settings.__mro__.index(Shown) + 1]:
        told = {**told, **BUILD["_entries"](base.__doc__ or "", "Attributes:"), **told}
    return "\n".join([*BUILD["_bullets"](arguments), *BUILD["_settings"](settings, told)])


def results_words(env_id: str) -> str:
    """What the table of an environment shows."""
    one, worlds = CARDS[env_id], _worlds(env_id)
    board = f"[board](../../benchmarks/results/{one.suite}.md)"
    of_worlds = "the first test world" if worlds == 1 else f"mean of the first {worlds} test worlds"
    where = f", track {one.track}" if one.suite != EVS else ""
    return (
        f"EUR a year ({one.value_words}), {of_worlds} of the "
        f"{board}{where}. Score 0 is `{one.low}`, 100 is `{one.high}`, in the same worlds. Action "
        "0 and random actions were played by `python -m benchmarks.cards`; the other rows are "
        "published ones. † saw the future."
    )


def results_table(env_id: str) -> str:
    """Action 0, random actions and published policies in the same worlds."""
    one = CARDS[env_id]
    plain = MEASURED["environments"][env_id].get("plain", {})
    found = _measured_rows(env_id) | _published_rows(env_id) | _plain_rows(env_id)
    low, high = (found[name][0] for name in (one.low, one.high))
    names = {
        "action 0": "action 0",
        "random actions": "random",
        **{f"plain {one}, {told['steps']:,} steps": f"plain {one}" for one, told in plain.items()},
        **one.published,
        **{f"trained: {name}": name for name in learned(env_id)},
        "bound †": one.high,
    }
    served = any(share is not None for _, share in found.values())
    rows = []
    for words, name in sorted(names.items(), key=lambda item: -found[item[1]][0]):
        eur, share = found[name]
        shown = words if words == name or name in ("random", one.high) else f"{words} (`{name}`)"
        shown = f"bound (`{name}`) †" if name == one.high else shown
        shown = words if words.startswith("plain") else shown
        shown = f"trained agents `{name}`" if words.startswith("trained") else shown
        row = [shown, _whole(eur), f"{round(100 * (eur - low) / (high - low), 1) + 0:.1f}"]
        rows.append([*row, "–" if share is None else f"{100 * share:.1f}"] if served else row)
    headings = ["Policy", "EUR a year", "Score", *(["Demand served %"] if served else [])]
    return _table(headings, rows, numbers=1)


def _worlds(env_id: str) -> int:
    """Test worlds that were played."""
    return 1 + max(row["world"] for row in MEASURED["environments"][env_id]["rows"])


Result = tuple[float, float | None]
"""EUR a year and share of the demand served, mean of the worlds."""


def _measured_rows(env_id: str) -> dict[str, Result]:
    rows = pd.DataFrame(MEASURED["environments"][env_id]["rows"])
    means = rows.groupby("policy").mean(numeric_only=True)
    return {str(name): _result(row, CARDS[env_id].value) for name, row in means.iterrows()}


def _plain_rows(env_id: str) -> dict[str, Result]:
    """What plain agents earned in the same worlds, by their names."""
    found = {}
    for algorithm, told in MEASURED["environments"][env_id].get("plain", {}).items():
        means = pd.DataFrame(told["rows"]).mean(numeric_only=True)
        found[f"plain {algorithm}"] = _result(means, CARDS[env_id].value)
    return found


def _result(row: pd.Series, value: str) -> Result:
    share = float(row["served_kwh"] / row["demand_kwh"]) if "demand_kwh" in row else None
    return float(row[value]), share


def _published_rows(env_id: str) -> dict[str, Result]:
    """Published rows of the same worlds, by policy; seeds of a learned one are averaged."""
    one = CARDS[env_id]
    if one.suite != EVS:
        days = pd.read_csv(RESULTS / f"{one.suite}_days.csv")
        days = days[(days["track"] == one.track) & (days["world"] < _worlds(env_id))]
        sums = days.drop(columns=["track", "date"]).groupby("world").sum().mean()
        means = sums.groupby(sums.index.str.partition(".").get_level_values(0)).mean()
        return {str(name): (float(eur), None) for name, eur in means.items()}
    weeks = pd.read_csv(RESULTS / f"{one.suite}_weeks.csv")
    weeks = weeks[weeks["world"] < _worlds(env_id)]
    weeks = weeks.assign(operations_eur=weeks["profit_eur"] - weeks["position_eur"])
    years = weeks.groupby(["policy", "seed", "world"]).sum(numeric_only=True)
    means = years.groupby("policy").mean()
    return {str(name): _result(row, one.value) for name, row in means.iterrows()}


def learned(env_id: str) -> list[str]:
    """Published agents that were trained in an environment."""
    published = _published_rows(env_id)
    cards = [path for one in TRAINED for path in sorted(one.glob("*/seed_0/card.json"))]
    trained = (json.loads(path.read_text(encoding="utf-8")) for path in cards)
    return [one["name"] for one in trained if one["env_id"] == env_id and one["name"] in published]


def learned_words(env_id: str) -> Iterator[str]:
    """What there is of learning beyond the table."""
    if env_id == "VPPDayAhead-v0":
        table = pd.read_csv(RESULTS / "plain_sb3.csv")
        last = table[(table["span"] == "weeks") & (table["steps"] == table["steps"].max())]
        if last.empty:
            weeks = table[table["span"] == "weeks"]
            last = weeks[weeks["steps"] == weeks["steps"].max()]
        low, high = last["gain_eur"].min(), last["gain_eur"].max()
        yield (
            f"Plain PPO of Stable-Baselines3, all settings as they come, earns {low:.1f} to "
            f"{high:.1f} EUR a week more than charging on arrival after {last['steps'].max():,} "
            "steps, in weeks of the validation years "
            "([how it was measured](../../benchmarks/results/plain_sb3.md))."
        )
    known = MEASURED["environments"][env_id].get("plain", {})
    if known:
        yield (
            f"Plain {' and '.join(known)}: Stable-Baselines3, all settings as "
            "they come, one seed, trained by `python -m benchmarks.plain_rows`. So few steps say "
            "what a first try is worth, and not what an algorithm can do."
        )
    if missing := [one for one in ("PPO", "SAC") if one not in known]:
        yield (
            f"Open: plain {' and '.join(missing)}; `python -m benchmarks.plain_rows --env "
            f"{env_id}` fills the rows."
        )
    if not learned(env_id):
        yield "No published agent was trained in this environment: that row is open."


def _whole(value: float) -> str:
    return f"{round(value) + 0:,}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table; columns from `numbers` on are to the right, if it is not 0."""
    marks = ["---:" if numbers and place >= numbers else "---" for place in range(len(headings))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, marks, *rows))


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
