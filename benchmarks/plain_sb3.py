"""How plain Stable-Baselines3 learns in the default environment.

    python -m benchmarks.plain_sb3 [--seeds 3] [--steps 300000] [--redraw] [--out FOLDER]

`PPO("MlpPolicy", gym.make("VPPDayAhead-v0"))`, nothing changed. Meanwhile its mean action plays all
weeks of the validation years, against charging on arrival in the same weeks, and at the end a whole
validation year as `evaluate` runs it. Needs the packages of `.[train]`. Finished seeds are kept in
runs/plain_sb3 and not trained again by the same code; `--redraw` only writes their page again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import gymnasium as gym
import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import vpp_gym  # noqa: F401  registers the environments
from benchmarks.differences import RESULTS, gain_columns, markdown
from benchmarks.fingerprint import ROOT, study_digest
from vpp_gym.arrays import Floats
from vpp_gym.envs.day_ahead import DayAheadCore, VPPDayAheadVectorEnv
from vpp_gym.episodes import EpisodeSpan
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent
from vpp_gym.evaluation.csv_text import csv_text
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.files.lock import alone_in
from vpp_gym.files.reader import read_object
from vpp_gym.files.trial import check_folder
from vpp_gym.files.writer import write_text
from vpp_gym.ledger import PROFIT
from vpp_gym.markets.ledger import COLUMN, MONEY
from vpp_gym.plots import style
from vpp_gym.plots.canvas import new_figure, save_figure
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.source import ScenarioSource

ENV_ID, VALIDATION = "VPPDayAhead-v0", "synthetic:validation"
STEPS, EVERY = 300_000, 30_000
DAYS = 7
STORE, IMAGES = Path("runs/plain_sb3"), ROOT / "docs" / "images"
NAME, TITLE = "plain_sb3", "Plain Stable-Baselines3 in the default environment"
COMMAND = "python -m benchmarks.plain_sb3"
ON_ARRIVAL, IDLE = (1.0, 0.0), (0.0, 0.0)
"""Actions that charge on arrival, and that only do what cannot wait; both buy the expected load."""
SIGMAS_95 = 1.96

Act = Callable[[Any], Any]
Row = dict[str, Any]


class Played(NamedTuple):
    """What some actions came to in each of W weeks.

    Attributes:
        profit_eur: (W,) profit.
        reward_eur: (W,) sum of the rewards.
        served: share of the demand that was served, in all weeks together.
    """

    profit_eur: Floats
    reward_eur: Floats
    served: float


class Weeks:
    """All weeks of some years side by side, every one an episode of its own.

    Args:
        source: of the years.
    """

    def __init__(self, source: ScenarioSource) -> None:
        one = VPPDayAheadVectorEnv(1, source).core
        days = {year: one._days_of(year) for year in range(source.n_scenarios)}
        self._spans = [
            EpisodeSpan(year, int(start), int(end))
            for year, (starts, _) in days.items()
            for start, end in zip(starts[:-DAYS:DAYS], starts[DAYS::DAYS], strict=False)
        ]
        batch = VPPDayAheadVectorEnv(len(self._spans), source, episode_days=DAYS)
        self._core: DayAheadCore = batch.core

    def __len__(self) -> int:
        return len(self._spans)

    def play(self, act: Act) -> Played:
        """Every week from its first step to its last, with actions for observations."""
        core = self._core
        core.begin(np.arange(len(self)), self._spans)
        observations = core.observe()
        profit_eur, reward_eur = np.zeros((2, len(self)))
        unserved_kwh = demand_kwh = 0.0
        while not core.over.all():
            records, observations = core.step(act(observations))
            profit_eur += records[:, : len(MONEY)].sum(axis=1)
            reward_eur += core.rewards(records)
            unserved_kwh += records[:, COLUMN.unserved_kwh].sum()
            demand_kwh += records[:, COLUMN.demand_kwh].sum()
        return Played(profit_eur, reward_eur, 1.0 - unserved_kwh / demand_kwh)

    def always(self, action: Sequence[float]) -> Played:
        """Every week with one action throughout."""
        actions = np.tile(np.array(action), (len(self), 1))
        return self.play(lambda _: actions)


def gain(played: Played, reference: Played) -> Row:
    """What a week earns above the reference, mean and 95 % interval over the weeks [EUR]."""
    profit_eur = played.profit_eur - reference.profit_eur
    reward_eur = played.reward_eur - reference.reward_eur
    half = SIGMAS_95 * float(profit_eur.std(ddof=1)) / len(profit_eur) ** 0.5
    mean = float(profit_eur.mean())
    return {
        "gain_eur": mean,
        "gain_low_eur": mean - half,
        "gain_high_eur": mean + half,
        "reward_gain_eur": float(reward_eur.mean()),
        "largest_difference_eur": float(np.abs(profit_eur - reward_eur).max()),
        "served_percent": 100.0 * played.served,
        "on_arrival_percent": 100.0 * reference.served,
    }


def whole_year(model: Any, source: ScenarioSource, year: int) -> Row:
    """What a model earns above charging on arrival in a whole year, a week of it [EUR]."""
    scenario = source.scenario(year)
    agent = EnvironmentAgent(model, name="ppo", env_id=ENV_ID, dt_h=scenario.dt_h)
    days, reference = (evaluate(policy, scenario).days for policy in (agent, NO_CONTROL))
    total = gain_columns(days[PROFIT].to_numpy(), reference[PROFIT].to_numpy())
    served = [
        100.0 * (1.0 - one["unserved_kwh"].sum() / one["demand_kwh"].sum())
        for one in (days, reference)
    ]
    return {
        **{name: DAYS / len(days) * eur for name, eur in total.items()},
        "served_percent": served[0],
        "on_arrival_percent": served[1],
    }


def trained(
    seed: int, steps: int, every: int, weeks: Weeks, report: Callable[[int], None]
) -> tuple[Any, list[Row]]:
    """A model with all defaults, and its gains before, during and after training."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    torch.set_num_threads(1)
    reference = weeks.always(ON_ARRIVAL)
    begun, rows = time.perf_counter(), []

    def validate(model: Any) -> None:
        played = weeks.play(lambda seen: model.predict(seen, deterministic=True)[0])
        row = {"seed": seed, "steps": model.num_timesteps, "span": "weeks"}
        rows.append({**row, **gain(played, reference), "wall_s": time.perf_counter() - begun})

    class Curve(BaseCallback):
        """Validates after every so many steps."""

        def _on_step(self) -> bool:
            report(self.num_timesteps)
            if self.num_timesteps % every == 0:
                validate(self.model)
            return True

    model = PPO("MlpPolicy", gym.make(ENV_ID), seed=seed)
    validate(model)
    model.learn(steps, callback=Curve())
    return model, rows


class Kept(NamedTuple):
    """A finished seed.

    Attributes:
        code: digest of the code that trained it.
        arguments: steps, steps between validations, whole years.
        rows: of the table.
    """

    code: str
    arguments: list[int]
    rows: list[Row]


def kept_seed(seed: int) -> Kept | None:
    """A seed that is finished, whatever code trained it."""
    path = STORE / f"seed_{seed}.json"
    content = read_object(path) if path.exists() else {}
    return Kept(**content) if content.keys() == {*Kept._fields} else None


def finished(
    seed: int, *, steps: int, every: int, years: int, report: Callable[[int], None]
) -> Kept:
    """A seed, trained if there is none of the same code and arguments."""
    code, arguments = study_digest(COMMAND), [steps, every, years]
    kept = kept_seed(seed)
    if kept is not None and (kept.code, kept.arguments) == (code, arguments):
        return kept
    source = as_source(VALIDATION, 0.25)
    model, rows = trained(seed, steps, every, Weeks(source), report)
    for year in range(years):
        row = {"seed": seed, "steps": model.num_timesteps, "span": f"year {year}"}
        rows.append({**row, **whole_year(model, source, year)})
    kept = Kept(code, arguments, rows)
    write_text(STORE / f"seed_{seed}.json", json.dumps(kept._asdict()), make_folder=True)
    return kept


def last_weeks(table: pd.DataFrame) -> pd.DataFrame:
    """The last row over the weeks of each seed."""
    return table[table["span"] == "weeks"].groupby("seed").tail(1)


def statement(table: pd.DataFrame) -> str:
    """In words, what the rows say."""
    last = last_weeks(table)
    rest = table[table["span"] != "weeks"]
    steps, n = int(last["steps"].iloc[0]), len(last)
    above, sure = int((last["gain_eur"] > 0).sum()), int((last["gain_low_eur"] > 0).sum())
    weeks = table[table["span"] == "weeks"]
    difference = weeks["largest_difference_eur"].max()
    curve = weeks.pivot_table(index="steps", columns="seed", values="gain_eur")
    ahead = curve.index[(curve[::-1] > 0).all(axis=1).cummin()[::-1]]
    since = f"; all of them are ahead from {int(ahead[0]):,} steps on" if len(ahead) else ""
    text = (
        f"After {steps:,} steps {above} of {n} seeds earn more than charging on arrival in the "
        f"weeks of the validation years, {sure} of them with a 95 % interval above zero{since}. "
        f"At the end it is {_gains(last)} EUR a week, with {_span(last['served_percent'])} % of "
        f"the demand served and {last['on_arrival_percent'].iloc[0]:.1f} % by charging on arrival. "
        f"The gain in rewards is the gain in profit: they differ by {difference:.1g} EUR in the "
        "week in which they differ most."
    )
    if len(rest):
        clear = int((rest["gain_low_eur"] > 0).sum())
        text += (
            f" Through a whole validation year, from its first day to its last, it is "
            f"{_gains(rest)} EUR a week, {clear} of {len(rest)} with an interval above zero, with "
            f"{_span(rest['served_percent'])} % of the demand served (charging on arrival "
            f"{_span(rest['on_arrival_percent'])} %)."
        )
    return text


def _gains(table: pd.DataFrame) -> str:
    return f"{table['gain_eur'].min():+.1f} to {table['gain_eur'].max():+.1f}"


def _span(values: pd.Series) -> str:
    low, high = f"{values.min():.1f}", f"{values.max():.1f}"
    return low if low == high else f"{low} to {high}"


def draw(table: pd.DataFrame, idle: Row) -> Figure:
    """Gain over charging on arrival by steps of training, a line for each seed."""
    figure = new_figure(820, 460)
    axes = figure.add_axes((0.09, 0.13, 0.88, 0.76))
    style.dress(axes, unit="EUR a week above charging on arrival")
    weeks = table[table["span"] == "weeks"]
    colors = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE)
    for place, (seed, rows) in enumerate(weeks.groupby("seed")):
        color = colors[place % len(colors)]
        steps = rows["steps"] / 1_000
        axes.fill_between(
            steps, rows["gain_low_eur"], rows["gain_high_eur"], color=color, alpha=0.15, lw=0
        )
        axes.plot(steps, rows["gain_eur"], color=color, marker="o", ms=3.5, label=f"seed {seed}")
    axes.axhline(0.0, color=style.INK, lw=1.0)
    axes.axhline(idle["gain_eur"], color=style.MUTED, lw=1.0, ls=(0, (4, 2)))
    name = f"idle until cars must charge, {idle['gain_eur']:+.0f}"
    axes.annotate(
        name, (1.0, idle["gain_eur"]), xycoords=("axes fraction", "data"), xytext=(-4, 4),
        textcoords="offset points", ha="right", size=style.SMALL, color=style.MUTED,
    )  # fmt: skip
    trained_rows = weeks[weeks["steps"] > 0]
    low = min(float(trained_rows["gain_low_eur"].min()), float(idle["gain_eur"]))
    high = float(weeks["gain_high_eur"].max())
    axes.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    axes.set_xlabel("thousand steps of training", size=style.NORMAL)
    axes.legend(frameon=False, fontsize=style.SMALL, loc="lower right", bbox_to_anchor=(1.0, 0.12))
    figure.text(0.02, 0.95, "PPO of Stable-Baselines3, all settings as they come; validation weeks",
                size=style.LARGE, color=style.INK, weight="bold", va="center")  # fmt: skip
    return figure


def page(table: pd.DataFrame, idle: Row, n_weeks: int, code: str) -> str:
    """Markdown: the statement and the table."""
    columns = ["seed", "steps", "span", "gain_eur", "gain_low_eur", "gain_high_eur"]
    columns += ["reward_gain_eur", "served_percent", "on_arrival_percent", "wall_s"]
    notes = (
        f'`PPO("MlpPolicy", gym.make("{ENV_ID}"))`, nothing changed: quarter hours, '
        f"uncertain departures, a posted tariff, bids. Its mean action plays all {n_weeks} weeks "
        "of the synthetic validation years, each from an empty lot, against charging on arrival "
        "(action 1, 0, which buys the expected load) in the same weeks; the whole year is "
        "compared with the rule charge_on_arrival, which does not bid. `gain`: profit above "
        "it, EUR a week, with a 95 % interval over the weeks; in a year a block "
        "bootstrap. `reward gain`: the same of the rewards. `wall s`: seconds since the "
        "start of training, validation among them. "
        f"Idling until cars must charge (action 0, 0) gains {idle['gain_eur']:+.1f} EUR a week."
    )
    return "\n\n".join(
        [
            f"# {TITLE}",
            statement(table),
            "![Gain by steps of training](../../docs/images/plain_sb3.png)",
            notes,
            f"Made by `{COMMAND}`; code {code}.",
            markdown(table[columns]) + "\n",
        ]
    )


@contextmanager
def _bar(steps: int, seeds: int) -> Iterator[Callable[[int], Callable[[int], None]]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn()) as bar:
        tasks = [bar.add_task(f"seed {seed}", total=steps) for seed in range(seeds)]
        yield lambda seed: lambda done: bar.update(tasks[seed], completed=min(done, steps))


def write(seeds: Sequence[Kept], out: Path, images: Path) -> str:
    """Write table, page and figure; the statement.

    Raises:
        InvalidInputError: seeds that cannot stand in one table.
    """
    (code, arguments, _), *others = seeds
    if any((other.code, other.arguments) != (code, arguments) for other in others):
        remedy = "other code or arguments made some of them: run without --redraw"
        raise InvalidInputError("seeds", len(seeds), remedy)
    table = pd.DataFrame([row for seed in seeds for row in seed.rows])
    weeks = Weeks(as_source(VALIDATION, 0.25))
    idle = gain(weeks.always(IDLE), weeks.always(ON_ARRIVAL))
    write_text(out / f"{NAME}.csv", csv_text(table, "%.6g"), make_folder=True)
    write_text(out / f"{NAME}.md", page(table, idle, len(weeks), code))
    save_figure(draw(table, idle), images / f"{NAME}.png")
    return statement(table)


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, from 0.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = STEPS,
    every: Annotated[int, typer.Option(min=1, help="Steps between validations.")] = EVERY,
    years: Annotated[int, typer.Option(min=0, max=8, help="Whole years at the end.")] = 1,
    redraw: Annotated[
        bool, typer.Option("--redraw", help="Train nothing; write page and figure again.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
    images: Annotated[Path, typer.Option(help="Folder of the figure.")] = IMAGES,
) -> None:
    """Train seeds that are not yet there, and write plain_sb3.csv, .md and .png."""
    for folder in (out, images):
        check_folder(folder, "out")
    if redraw:
        kept = [one for seed in range(seeds) if (one := kept_seed(seed)) is not None]
        if not kept:
            raise InvalidInputError("redraw", True, f"{STORE} has no seed: run without it first")
        typer.echo(write(kept, out, images))
        return
    with alone_in(STORE, "store"):
        done: list[Kept] = []
        with _bar(steps, seeds) as report:
            for seed in range(seeds):
                told = report(seed)
                done.append(finished(seed, steps=steps, every=every, years=years, report=told))
                told(steps)
        typer.echo(write(done, out, images))


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
