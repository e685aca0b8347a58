"""The command `vpp-gym`: demonstration, runs, contract menus, real data, case studies, checks."""

from __future__ import annotations

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vpp_gym.cli.contracts import contracts
from vpp_gym.cli.data import data
from vpp_gym.cli.demo import demo
from vpp_gym.cli.doctor import doctor
from vpp_gym.cli.evaluate import evaluate
from vpp_gym.cli.leaderboard import leaderboard
from vpp_gym.cli.portfolio import portfolio
from vpp_gym.cli.reproduce import reproduce
from vpp_gym.cli.run import run
from vpp_gym.cli.speed import speed
from vpp_gym.cli.sweep import sweep
from vpp_gym.cli.train import train
from vpp_gym.cli.watch import watch
from vpp_gym.errors import InvalidInputError, SolveFailedError, printable
from vpp_gym.files.writer import WriteFailedError

REFUSED, FAILED, STOPPED = 2, 1, 130
"""Exit codes: the input cannot be used; the input is fine but the computation failed; Ctrl-C."""


class Commands(TyperGroup):
    """Commands that answer bad input with one line instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (WriteFailedError, SolveFailedError) as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(FAILED) from error
        except InvalidInputError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(REFUSED) from error
        except BrokenPipeError:  # whoever reads the output has seen enough
            raise
        except OSError as error:
            typer.echo(f"Error: {printable(str(error))}", err=True)
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt as error:
            typer.echo(f"Stopped by Ctrl-C in {ctx.invoked_subcommand}, before its end.", err=True)
            raise typer.Exit(STOPPED) from error


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (demo, run, portfolio, train, sweep, evaluate, watch, contracts, speed, doctor):
    app.command()(command)
app.add_typer(leaderboard, name="leaderboard")
app.add_typer(data, name="data")
app.add_typer(reproduce)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vpp_gym {version('vpp_gym')}")
        raise typer.Exit


@app.callback()
def vpp_gym(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Simulate a virtual power plant of privately owned electric vehicles."""


def main() -> None:
    """Entry point of the command `vpp-gym`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a sign that it cannot write is spelt out
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="vpp-gym")
