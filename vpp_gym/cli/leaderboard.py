"""`vpp-gym leaderboard`: show the boards, check a record, and put it beside the published rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.board_table import show_ranking
from vpp_gym.cli.evaluate import Algo, Env, PolicyPlace, Set, Trust, VecNormalizeFile
from vpp_gym.cli.output import AsJson, console, print_json, show_table
from vpp_gym.cli.tables import Column, Grid, show_lines
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.arrays import Floats
    from vpp_gym.boards.published import Board
    from vpp_gym.boards.record import Record

leaderboard = typer.Typer(
    help="Show the published boards, check a record, and rank it among them.",
    no_args_is_help=True,
)

FOLDER = Path("leaderboard")
Folder = Annotated[Path, typer.Option(help="Folder of your records.")]
RecordFile = Annotated[
    Path,
    typer.Argument(
        metavar="RECORD",
        help="JSON file that `vpp-gym evaluate --out` wrote.",
        show_default=False,
    ),
]


@leaderboard.command()
def show(
    board: Annotated[
        str | None,
        typer.Argument(
            help="Name of a board, such as embedded.market; without it the boards are listed.",
            show_default=False,
            autocompletion=completion.boards,
        ),
    ] = None,
    folder: Folder = FOLDER,
    own: Annotated[
        str | None,
        typer.Option(
            help="Name of the record that the others are compared with.", show_default=False
        ),
    ] = None,
    worlds: Annotated[
        int | None,
        typer.Option(help="Rank on so many worlds only; by default all.", show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(help="Rank on so many days only, whole weeks.", show_default=False),
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help="Show every row, not the neighbours only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a published board, with the records of a folder among its rows."""
    from vpp_gym.boards.published import board_named
    from vpp_gym.boards.ranking import ranking
    from vpp_gym.cli.evaluate import document

    if board is None:
        _list_boards(as_json)
        return
    chosen = board_named(board)
    runs, left_out = _runs(chosen, folder, worlds, days)
    if own is not None and own not in runs:
        known = f"it has {', '.join(runs)}" if runs else "it has none for this board and span"
        raise InvalidInputError("own", own, f"{folder}: {known}")
    found = ranking(_cut(chosen, worlds, days), runs, own)
    if as_json:
        print_json({**document(found), "left_out": left_out})
        return
    show_ranking(found, all_rows)
    show_lines(console, [f"Left out: {line}." for line in left_out], indent=0)


@leaderboard.command()
def verify(
    record: RecordFile,
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL...",
            help="Its models, to run them again; as for `vpp-gym evaluate`.",
            show_default=False,
        ),
    ] = None,
    env: Env = None,
    change: Set = None,
    vecnormalize: VecNormalizeFile = None,
    policy: PolicyPlace = None,
    algo: Algo = None,
    trust: Trust = False,
    worlds: Annotated[
        int | None,
        typer.Option(help="Run so many of its worlds again; by default all.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a record: its digests, worlds, rules and rank; with MODEL also its runs, again.

    Exit code 1 where something is wrong.
    """
    from vpp_gym.boards.record import Record

    found = Record.read(record)
    faults, notes = list(found.findings()), list(found.notes())
    again = 0
    if models or policy is not None:
        given = (models or [], policy, env, change or [], vecnormalize, algo, trust)
        run_faults, again = _run_again(found, given, worlds)
        faults += run_faults
    else:
        notes.append("nothing was run: name the model to run it again")
    if as_json:
        print_json({"record": str(record), "ok": not faults, "faults": faults, "notes": notes})
    else:
        ran = "1 world was run again" if again == 1 else f"{again} worlds were run again"
        words = ran if again else "digests, worlds, rules and rank"
        state = "wrong" if faults else f"right: {words}"
        show_lines(console, [f"{found.document.name} on {found.document.board}: {state}"], indent=0)
        show_lines(console, [*faults, *(f"Note: {note}" for note in notes)])
    if faults:
        raise typer.Exit(1)


@leaderboard.command()
def add(
    record: RecordFile,
    folder: Folder = FOLDER,
    replace: Annotated[
        bool, typer.Option("--replace", help="In place of a record of the same name and board.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a record and put it into a folder, whose records `show` ranks."""
    from vpp_gym.boards.record import Record

    found = Record.read(record)
    if faults := list(found.findings()):
        raise InvalidInputError(record.name, faults[0], "make the record again with this version")
    document, board = found.document, found.board
    if document.name in board.policies():
        remedy = f"{board.name} has a row of that name: evaluate it under another --name"
        raise InvalidInputError("name", document.name, remedy)
    place = folder / f"{board.name}.{document.name}.json"
    if place.exists() and not replace:
        raise InvalidInputError("folder", str(place), "it is there already: use --replace")
    found.write(_in_folder(place))
    row = found.ranked().row
    if as_json:
        print_json({"file": str(place), "board": board.name, "rank": row["rank"]})
        return
    console.print(
        f"{document.name}: rank {row['rank']} on {board.name}, in {place}", soft_wrap=True
    )


def _in_folder(place: Path) -> Path:
    from vpp_gym.files.trial import check_folder

    check_folder(place.parent, "folder")
    return place


def _runs(
    board: Board, folder: Path, worlds: int | None, days: int | None
) -> tuple[dict[str, Floats], list[str]]:
    """Own runs of a board by name, cut to a span, and which were left out and why."""
    from vpp_gym.boards.record import read_folder

    cut = _cut(board, worlds, days)
    runs: dict[str, Floats] = {}
    left_out = []
    for file, record in read_folder(folder).items() if folder.is_dir() else ():
        if record.document.board != board.name:
            continue
        values = record.values[:, : cut.n_worlds, : cut.n_periods]
        if values.shape[1:3] != (cut.n_worlds, cut.n_periods) or list(record.findings()):
            why = f"{values.shape[1]} worlds of {record.document.days} days"
            why = "it does not verify" if list(record.findings()) else why
            left_out.append(f"{file}: {why}")
            continue
        runs[record.document.name] = values
    return runs, left_out


def _cut(board: Board, worlds: int | None, days: int | None) -> Board:
    """The board on its first worlds and days.

    Raises:
        InvalidInputError: a span that it does not have.
    """
    from dataclasses import replace

    from vpp_gym.boards.entry import checked_span

    n_worlds, n_days = checked_span(board, worlds, days)
    periods = board.n_periods if n_days == board.days else n_days // board.period_days
    return replace(board, values=board.values[:, :n_worlds, :periods], days=n_days)


def _list_boards(as_json: bool) -> None:
    from vpp_gym.boards.published import boards

    rows = [
        {
            "board": board.name,
            "ranks_by": board.words,
            "worlds": board.n_worlds,
            "days": board.days,
            "dt_h": board.worlds.dt_h,
            "policies": len(board.policies()),
        }
        for board in boards().values()
    ]
    if as_json:
        print_json(rows)
        return
    heads = ("Board", "Ranks by", "Worlds", "Days", "Step h", "Policies")
    columns = [Column(head, is_number=place > 1) for place, head in enumerate(heads)]
    show_table(Grid(columns, [[str(cell) for cell in row.values()] for row in rows]))


def _run_again(record: Record, given: tuple[Any, ...], worlds: int | None) -> tuple[list[str], int]:
    """What differs where the runs are made again, and how many worlds that were."""
    from vpp_gym.boards.entry import run_on_board
    from vpp_gym.cli.evaluate import agents_of, digests_of, progress_bar

    document = record.document
    faults = []
    now = digests_of(given[0])
    if document.files and now and set(document.files.values()) != set(now.values()):
        faults.append("files: they are not those of the record")
    n_worlds = min(worlds or len(document.world_digests), len(document.world_digests))
    with progress_bar() as report:
        again = run_on_board(
            agents_of(*given),
            record.board,
            name=document.name,
            worlds=n_worlds,
            days=document.days,
            progress=report,
        )
    return [*faults, *record.compared(again)], n_worlds
