"""`vpp-gym evaluate`: any model in the world of its training, among the published rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.board_table import show_ranking
from vpp_gym.cli.ids import env_ids
from vpp_gym.cli.output import (
    AsJson,
    checked_file,
    console,
    named_numbers,
    print_json,
    progress_console,
    show_table,
)
from vpp_gym.cli.progress import Report, at_work
from vpp_gym.cli.tables import Column, Grid, show_lines
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.boards.entry import Entry
    from vpp_gym.boards.ranking import Ranking
    from vpp_gym.boards.record import Record

PUBLISHED, NOTHING = "published", "none"
INTERRUPTED = 130
AGAIN = "_again"
"""Ending of the row of a pretrained agent, whose own name the published row has."""
Env = Annotated[
    str | None,
    typer.Option(
        help=f"Environment that it was trained in: {', '.join(env_ids(stays=True))}. "
        "Not needed where a card lies beside the file.",
        show_default=False,
        autocompletion=completion.all_ids,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="An argument of the environment, as in training: control=per_ev, "
        "params.site.n_chargers=6. Repeat it for several.",
        show_default=False,
    ),
]
VecNormalizeFile = Annotated[
    Path | None,
    typer.Option(help="File of SB3's VecNormalize statistics.", show_default=False),
]
PolicyPlace = Annotated[
    str | None,
    typer.Option(
        metavar="PACKAGE.MODULE:FACTORY",
        help="Instead of MODEL: a function that makes a model, or a pair of a model and the "
        "environment, wrapped as in training.",
        show_default=False,
    ),
]
Algo = Annotated[
    str | None,
    typer.Option(help="Algorithm of a .zip that does not tell it.", show_default=False),
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Load files with pickles, which can run any code. Your own, say."),
]


def evaluate(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL...",
            help="A .zip of Stable-Baselines3 or sb3-contrib, a .pt of torch, the folder of a "
            "policy that `vpp-gym train` made, or the name of a pretrained agent. Several are "
            "seeds of one agent.",
            show_default=False,
            autocompletion=completion.agents,
        ),
    ] = None,
    env: Env = None,
    change: Set = None,
    vecnormalize: VecNormalizeFile = None,
    policy: PolicyPlace = None,
    algo: Algo = None,
    trust: Trust = False,
    against: Annotated[
        str,
        typer.Option(
            help="published: the board of the same rules; a board by name, such as "
            "embedded.market; or none.",
            autocompletion=completion.boards,
        ),
    ] = PUBLISHED,
    worlds: Annotated[
        int | None,
        typer.Option(
            help="Number of test worlds; by default all of the board.", show_default=False
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(help="Days of each world, whole weeks; by default all.", show_default=False),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="With --against none: scenario to run; by default the test split.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the row; by default of the file.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="JSON file to write: the row with its record.", show_default=False),
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help="Show every row, not the neighbours only.")
    ] = False,
    show_list: Annotated[
        bool, typer.Option("--list", help="List the pretrained agents and exit.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a trained model in the world of its training, among the published rows.

    The environment, all of its settings and its rules come from the card beside the file, which
    `vpp_gym.save` writes, or from --env and --set. What was trained in another world is refused.
    After Ctrl-C the same command with --out goes on with the worlds that are left.
    """
    if show_list:
        _list_pretrained(as_json)
        return
    if out is not None:
        checked_file("out", out, (".json",))
    with at_work("Loading"):
        agents = agents_of(models or [], policy, env, change or [], vecnormalize, algo, trust)
    if name is not None:
        from vpp_gym.files.names import checked_name

        checked_name(name)
    if against == NOTHING:
        _alone(agents[0], scenario, days, name, as_json)
        return
    if scenario is not None:
        remedy = "the board has its own worlds: leave it out, or use --against none"
        raise InvalidInputError("scenario", scenario, remedy)
    made_of = {"models": models, "digests": digests_of(models or []), "name": name}
    kept = None if policy is not None or out is None else (out, made_of)
    own = bool(models) and all(map(_is_pretrained, models or []))
    entry, found = _on_board(agents, against, name, worlds, days, kept, pretrained=own)
    record = _record(entry, found, agents, models or [])
    if out is not None:
        record.write(out)
        _drop_kept(out)
    if as_json:
        print_json(document(found, record))
        return
    show_ranking(found, all_rows)
    if out is not None:
        console.print(f"Row and record: {out}", soft_wrap=True)


def document(found: Ranking, record: Record | None = None) -> dict[str, Any]:
    """A ranking as JSON, with where it comes from."""
    board = found.board
    shown: dict[str, Any] = {
        "board": board.name,
        "ranks_by": board.words,
        "worlds": found.worlds,
        "days": found.days,
        "own": found.own,
        "row": None if found.own is None else dict(found.row),
        "ranked": found.ranked,
        "rows": [dict(row) for row in found.rows],
        "published_sha256": board.rows_sha256,
    }
    if record is not None:
        kept = ("command", "python", "versions", "commit", "modified", "files", "world_digests")
        content = record.document.model_dump(mode="json")
        shown["provenance"] = {name: content[name] for name in (*kept, "rows_sha256")}
        shown["notes"] = list(record.notes())
    return shown


def agents_of(
    models: list[str],
    policy: str | None,
    env: str | None,
    changes: list[str],
    vecnormalize: Path | None,
    algo: str | None,
    trust: bool,
) -> list[Any]:
    """The agents that are judged, one for each seed."""
    if bool(models) == (policy is not None):
        remedy = "name a file, such as `vpp-gym evaluate ppo.zip`, or give --policy; not both"
        raise InvalidInputError(
            "MODEL", models or None, f"{remedy}; --list lists pretrained agents"
        )
    arguments = _arguments(env, changes)
    more = {"vecnormalize": vecnormalize, "trust": trust, "algorithm": algo}
    if policy is not None:
        return [_from_code(policy, env, arguments, more)]
    if vecnormalize is not None and len(models) > 1:
        remedy = "each model has statistics of its own: save them with vpp_gym.save, in their cards"
        raise InvalidInputError("vecnormalize", str(vecnormalize), remedy)
    return [_agent(model, seed, env, arguments, more) for seed, model in enumerate(models)]


def _arguments(env: str | None, changes: list[str]) -> dict[str, Any]:
    from vpp_gym.training.options import nested, read_changes

    if changes and env is None:
        raise InvalidInputError("set", changes, "say of which environment, with --env")
    return nested(read_changes(changes))


def _agent(
    model: str, seed: int, env: str | None, arguments: dict[str, Any], more: dict[str, Any]
) -> Any:
    from vpp_gym.agents.origin import agent_of
    from vpp_gym.agents.stored import SUFFIXES, load

    path = Path(model)
    if _is_pretrained(model):
        return agent_of(load(model, seed=seed), env, arguments=arguments)
    if not path.exists() and path.suffix.lower() not in SUFFIXES:
        return load(model)  # names what there is
    return agent_of(path, env, seed=seed, arguments=arguments, **more)


def _is_pretrained(model: str) -> bool:
    from vpp_gym.agents.stored import pretrained

    return model in pretrained() and not Path(model).exists()


def _from_code(place: str, env: str | None, arguments: dict[str, Any], more: dict[str, Any]) -> Any:
    """An agent of a factory, which gives a model or a pair of a model and its environment."""
    from vpp_gym.agents.origin import agent_of
    from vpp_gym.evaluation.outside import made_by

    made = made_by(place, "policy")
    own: Any = env
    if isinstance(made, tuple):
        if len(made) != 2:
            raise InvalidInputError("policy", place, "return a model, or a model and an env")
        made, own = made
        if env is not None:
            raise InvalidInputError("env", env, f"{place} brings its own: leave it out")
    if hasattr(made, "privileged") and hasattr(made, "name") and own is None:
        return made  # it reads snapshots
    label = place.rpartition(":")[2].rpartition(".")[2]
    return agent_of(made, own, name=label, arguments=arguments, **more)


def _on_board(
    agents: list[Any],
    against: str,
    name: str | None,
    worlds: int | None,
    days: int | None,
    keep: tuple[Path, dict[str, Any]] | None,
    *,
    pretrained: bool = False,
) -> tuple[Entry, Ranking]:
    from vpp_gym.boards.entry import board_of, run_on_board
    from vpp_gym.boards.published import board_named
    from vpp_gym.boards.ranking import ranking

    asked = None if against == PUBLISHED else against
    if hasattr(agents[0], "env_id"):
        board = board_of(agents[0], asked)
    else:
        board = board_named(asked or "embedded.operations")
    label = name or str(agents[0].name)
    if name is None and pretrained and label in board.policies():
        label = f"{label}{AGAIN}"
    if label in board.policies():
        remedy = f"{board.name} has a row of that name: give another with --name"
        raise InvalidInputError("name", label, remedy)
    with _resumable(keep, board, agents, days) as kept, progress_bar() as report:
        entry = run_on_board(
            agents, board, name=label, worlds=worlds, days=days, progress=report, kept=kept
        )
    return entry, ranking(board, {entry.name: entry.values})


@contextmanager
def _resumable(
    keep: tuple[Path, dict[str, Any]] | None, board: Any, agents: list[Any], days: int | None
) -> Iterator[Any]:
    """Runs kept beside the record, so that the same command goes on after Ctrl-C."""
    from vpp_gym.boards.kept import KeptRuns, depends_on, kept_beside

    kept = KeptRuns()
    if keep is not None:
        out, made_of = keep
        kept = KeptRuns(kept_beside(out), {**made_of, **depends_on(board, agents, days)})
    if kept.found:
        progress_console.print(f"Runs kept in {kept.path}: {kept.found}; only the others are run")
    try:
        yield kept
    except KeyboardInterrupt:
        remedy = "nothing was kept; with --out FILE the same command goes on where it stopped"
        if len(kept):
            remedy = f"the same command goes on; runs kept in {kept.path}: {len(kept)}"
        elif keep is not None:
            remedy = "no run was over yet"
        typer.echo(f"Interrupted: {remedy}.", err=True)
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def progress_bar() -> Iterator[Report]:
    """Tells how many days were run, and on a terminal how long the others will take."""
    with at_work("Preparing the runs", counts=True) as report:
        yield lambda what, done, total: report(f"{what}, days", done, total)


def _drop_kept(out: Path) -> None:
    from vpp_gym.boards.kept import KeptRuns, kept_beside

    KeptRuns(kept_beside(out)).drop()


def _record(entry: Entry, found: Ranking, agents: list[Any], models: list[str]) -> Record:
    from vpp_gym.boards.record import Record

    setting = getattr(agents[0], "setting", None)
    told: dict[str, Any] | None = None
    if setting is not None:
        try:
            told = setting.as_json()
        except InvalidInputError:
            told = None  # of objects: the command says which code makes them
    return Record.of(entry, found, setting=told, files=digests_of(models))


def digests_of(models: list[str]) -> dict[str, str]:
    """SHA-256 of the files of models, by name; of folders of all files that a policy is read of."""
    from vpp_gym.agents.policy import CARD, WEIGHTS
    from vpp_gym.agents.sidecar import file_digest

    found = {}
    for model in models:
        path = Path(model)
        files = [path / CARD, path / WEIGHTS] if path.is_dir() else [path]
        found.update(
            {
                str(file.relative_to(path.parent)): file_digest(file)
                for file in files
                if file.is_file()
            }
        )
    return found


def _alone(
    agent: Any, scenario: str | None, days: int | None, name: str | None, as_json: bool
) -> None:
    """Run one scenario, and print its totals."""
    from vpp_gym.agents.origin import setting_of_agent
    from vpp_gym.agents.setting import judged_scenario
    from vpp_gym.boards.alone import totals_of

    if not hasattr(agent, "env_id"):
        raise InvalidInputError("policy", agent.name, "`vpp-gym run` runs policies alone")
    setting = getattr(agent, "setting", None) or setting_of_agent(agent)
    with progress_bar() as report:
        result = totals_of(agent, setting, judged_scenario(setting, scenario), days, report)
    if as_json:
        print_json({"policy": name or agent.name, **result})
        return
    head = f"{name or agent.name} in {result['scenario']}, {result['days']} days"
    show_lines(console, [head], indent=0)
    show_table(named_numbers("Totals", result["totals"], "profit_eur"))


def _list_pretrained(as_json: bool) -> None:
    from vpp_gym.agents.stored import load, pretrained

    rows = [
        {"agent": name, "env": load(name).env_id, "seeds": list(seeds)}
        for name, seeds in pretrained().items()
    ]
    if as_json:
        print_json(rows)
        return
    cells = [
        [str(row["agent"]), str(row["env"]), ", ".join(map(str, pretrained()[str(row["agent"])]))]
        for row in rows
    ]
    show_table(Grid((Column("Agent"), Column("Environment"), Column("Seeds")), cells))
