"""`vpp-gym data`: check files of prices and sessions, build a world file, describe it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_gym.cli.output import AsJson, checked_file, print_json
from vpp_gym.cli.params import ParamsFile, SetParams, stated_changes
from vpp_gym.cli.progress import at_work
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.scenarios.files.columns_map import StatedColumns
    from vpp_gym.scenarios.files.options import Model

data = typer.Typer(
    help="Use your own data: check files, build a world file, describe it.",
    no_args_is_help=True,
)

PRICES = "Prices"

Folder = Annotated[
    Path, typer.Argument(help="Folder with the files, or one file.", show_default=False)
]


def _option(text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, show_default=False)


def _price_option(text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, show_default=False, rich_help_panel=PRICES)


ElaadClock = Annotated[
    str | None, _option("Time zone of ElaadNL files: utc, as the columns say, or local.")
]
ElaadDates = Annotated[
    str | None, _option("Dates in ElaadNL files: day-first, month-first or year-first.")
]
TennetDates = Annotated[str | None, _option("Dates in the older TenneT CSV; same choices.")]
DecimalMark = Annotated[
    str | None,
    _option("Decimal mark in ElaadNL and TenneT files; by default as each file shows it."),
]
ElaadDecimal = Annotated[str | None, _option("The same for ElaadNL files only.")]
TennetDecimal = Annotated[str | None, _option("The same for TenneT files only.")]
Area = Annotated[str | None, _price_option("Bidding zone, if an ENTSO-E file has several.")]
Sequence = Annotated[
    str | None,
    _price_option(
        "Auction, if an ENTSO-E file has several; with commas: the next one where the first has "
        "no price; 'none' at the end: no other."
    ),
]
Currency = Annotated[
    str | None, _price_option("Currency of prices that are not in EUR, such as DKK.")
]
EurPerUnit = Annotated[
    float | None, _price_option("What one of that currency is worth in EUR, on all days.")
]
CheapMarket = Annotated[
    bool,
    _price_option("Accept typical prices below 8 EUR/MWh; other checks stay.", "--cheap-market"),
]
TrustUnit = Annotated[
    bool,
    _price_option("Read prices as EUR/MWh even if they look different.", "--trust-unit"),
]
AcceptZeros = Annotated[
    bool,
    _price_option("Accept prices that end with zeros for a day or more.", "--accept-zeros"),
]
LongAboveShort = Annotated[
    str,
    typer.Option(
        help="If a long party gets more than a short one pays: refuse; swap, the worse price on "
        "both sides; short or long: that price for both.",
        rich_help_panel=PRICES,
    ),
]
OcpiZone = Annotated[
    str | None, _option("Time zone of the chargers in OCPI records, e.g. Europe/Brussels.")
]
ColumnsFile = Annotated[
    Path | None, _option("YAML map that states the columns of further files: see docs/columns.md.")
]


@data.command()
def check(
    folder: Folder,
    elaad_clock: ElaadClock = None,
    elaad_dates: ElaadDates = None,
    tennet_dates: TennetDates = None,
    decimal: DecimalMark = None,
    elaad_decimal: ElaadDecimal = None,
    tennet_decimal: TennetDecimal = None,
    area: Area = None,
    sequence: Sequence = None,
    currency: Currency = None,
    eur_per_unit: EurPerUnit = None,
    cheap_market: CheapMarket = False,
    trust_unit: TrustUnit = False,
    accept_zeros: AcceptZeros = False,
    long_above_short: LongAboveShort = "refuse",
    columns: ColumnsFile = None,
    ocpi_zone: OcpiZone = None,
    as_json: AsJson = False,
) -> None:
    """Show the kind, the content and the errors of each file in a folder, or of one file.

    The exit code is 1 if a file of a known kind cannot be used.
    """
    given = dict(locals()) | {"columns": _columns_map(columns)}
    from vpp_gym.cli.data_report import checked_document, show_checked
    from vpp_gym.scenarios.files.folder import files_of
    from vpp_gym.scenarios.files.options import ReadOptions

    options = _model(ReadOptions, **_fields(ReadOptions, given))
    with at_work("Reading the files", compiles=False):
        document = checked_document(folder, list(files_of(folder, options)))
    if as_json:
        print_json(document)
    else:
        show_checked(document)
    if any(one["state"] == "rejected" for one in document["files"]):
        raise typer.Exit(1)


@data.command()
def build(
    folder: Folder,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Parquet file to write.", show_default=False)
    ],
    elaad_clock: ElaadClock = None,
    elaad_dates: ElaadDates = None,
    tennet_dates: TennetDates = None,
    decimal: DecimalMark = None,
    elaad_decimal: ElaadDecimal = None,
    tennet_decimal: TennetDecimal = None,
    area: Area = None,
    sequence: Sequence = None,
    currency: Currency = None,
    eur_per_unit: EurPerUnit = None,
    cheap_market: CheapMarket = False,
    trust_unit: TrustUnit = False,
    accept_zeros: AcceptZeros = False,
    long_above_short: LongAboveShort = "refuse",
    columns: ColumnsFile = None,
    ocpi_zone: OcpiZone = None,
    dt_h: Annotated[
        float, typer.Option(help="Hours per step: 1, 0.5, 0.25, or 0.0833 for 5 minutes.")
    ] = 0.25,
    first_day: Annotated[
        str | None, _option("First day; by default the first with prices.")
    ] = None,
    last_day: Annotated[str | None, _option("Last day; by default the last with prices.")] = None,
    validation_from: Annotated[
        str | None, _option("First day of the validation split; by default after 60 %.")
    ] = None,
    test_from: Annotated[
        str | None, _option("First day of the test split; by default after 80 %.")
    ] = None,
    max_fill_h: Annotated[
        float,
        typer.Option(help="Longest gap in prices that is filled, hours.", rich_help_panel=PRICES),
    ] = 1.0,
    missing_days: Annotated[
        str,
        typer.Option(
            help="Longer gaps: refuse; day-before or week-before: filled from there; leave-out: "
            "the longest stretch of days between them.",
            rich_help_panel=PRICES,
        ),
    ] = "refuse",
    resolution: Annotated[
        str | None,
        _price_option("PT5M, PT15M, PT30M or PT60M, if prices overlap."),
    ] = None,
    demand: Annotated[
        str,
        typer.Option(
            help="metered: the recorded energy; reference: the recorded hours at full power."
        ),
    ] = "metered",
    car_power: Annotated[
        str, typer.Option(help="charger: limited by the charger; recorded: also by the car's peak.")
    ] = "charger",
    site_clock: Annotated[
        str | None,
        _option("If chargers and market differ in time zone: keep the instant or the local time."),
    ] = None,
    shift_days: Annotated[int, typer.Option(help="Days by which all sessions are moved.")] = 0,
    zero_energy: Annotated[
        str,
        typer.Option(
            help="Sessions without energy. idle: they occupy their charger, and nothing else; "
            "keep: they are batteries, too; drop: left out."
        ),
    ] = "idle",
    drivers: Annotated[
        str,
        typer.Option(
            help="unknown: nobody is known; card: stays with one card are of one driver, see "
            "docs/drivers.md."
        ),
    ] = "unknown",
    capacity_kwh: Annotated[float, typer.Option(help="Battery capacity of every car.")] = 80.0,
    target_soc: Annotated[
        float, typer.Option(help="State of charge that every driver asks for.")
    ] = 0.97,
    charge_kw: Annotated[float, typer.Option(help="Charging power of every car.")] = 11.0,
    seed: Annotated[int, typer.Option(help="Seed of the owner types.")] = 0,
    params: ParamsFile = None,
    set_params: SetParams = None,
    as_json: AsJson = False,
) -> None:
    """Build one world file from all files in a folder, with splits by date.

    Parameters that are stated here are stored in the file: runs take them, unless told otherwise.
    """
    from vpp_gym.cli.data_report import as_option, described_document, show_described
    from vpp_gym.scenarios.files.options import ReadOptions
    from vpp_gym.scenarios.world import build_world
    from vpp_gym.scenarios.world_file import SUFFIX, write_world
    from vpp_gym.scenarios.world_header import WorldOptions

    checked_file("out", out, (SUFFIX,))
    given = dict(locals()) | {"columns": _columns_map(columns)}
    read = _model(ReadOptions, **_fields(ReadOptions, given))
    options = _model(WorldOptions, **_fields(WorldOptions, given))
    with at_work("Building the world file"):
        try:
            built = build_world(folder, read, options, stated_changes(params, set_params))
        except InvalidInputError as error:
            raise as_option(error) from error
        write_world(out, built)
        document = described_document(out)
    if as_json:
        print_json(document)
    else:
        show_described(document)


@data.command()
def describe(
    world: Annotated[Path, typer.Argument(help="World file.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show the content and the provenance of a world file."""
    from vpp_gym.cli.data_report import described_document, show_described

    with at_work("Reading the world file"):
        document = described_document(world)
    if as_json:
        print_json(document)
    else:
        show_described(document)


@data.command()
def columns_schema() -> None:
    """Print the JSON schema of a map of columns, for editors that check YAML."""
    from vpp_gym.scenarios.files.columns_map import ColumnsMap

    print_json(ColumnsMap.model_json_schema())


def _columns_map(path: Path | None) -> StatedColumns | None:
    if path is None:
        return None
    from vpp_gym.scenarios.files.columns_load import read_columns_map

    return read_columns_map(path)


def _fields(model: type[Model], given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in model.model_fields if name in given}


def _model(model: type[Model], **values: Any) -> Model:
    """The options, checked; errors name the option of the command line."""
    from vpp_gym.scenarios.files.options import checked

    try:
        return checked(model, **values)
    except InvalidInputError as error:
        field = "--" + error.field.replace("_", "-")
        raise InvalidInputError(field, error.value, error.remedy) from error
