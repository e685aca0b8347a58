"""What a file does not say about itself, and its reader therefore has to be told."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_map import StatedColumns

Clock = Literal["local", "utc"]
DateOrder = Literal["day-first", "month-first", "year-first"]
Decimal = Literal[".", ","]

Model = TypeVar("Model", bound=BaseModel)


class ReadOptions(BaseModel):
    """What a file does not say about itself.

    Attributes:
        elaad_clock: of the times in files of ElaadNL; needed for those.
        elaad_dates: order of day, month and year there; needed for those.
        tennet_dates: the same in the old CSV of TenneT; needed for those.
        decimal: mark in files of ElaadNL and TenneT.
        area: bidding zone, where a file of ENTSO-E has several.
        sequence: auction, where a file of ENTSO-E has several.
        trust_unit: take prices as EUR/MWh whatever they look like.
        columns: what files of no known kind hold, as a map states it; see
            `vpp_gym.scenarios.files.columns_load`.
        ocpi_zone: local clock of the chargers in records of OCPI, whose times are UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    elaad_clock: Clock | None = None
    elaad_dates: DateOrder | None = None
    tennet_dates: DateOrder | None = None
    decimal: Decimal = "."
    area: str | None = None
    sequence: str | None = None
    trust_unit: bool = False
    columns: StatedColumns | None = None
    ocpi_zone: str | None = None

    def needed(self, name: str) -> Any:
        """An option that has no default, because it would be a guess.

        Raises:
            InvalidInputError: it was not given.
        """
        value = getattr(self, name)
        if value is None:
            choices = {"elaad_clock": "local or utc"}.get(
                name, "day-first, month-first, year-first"
            )
            raise InvalidInputError(name, None, f"the file does not say: choose {choices}")
        return value


def checked(model: type[Model], **values: Any) -> Model:
    """Options as their model.

    Raises:
        InvalidInputError: naming the first option that is not one, or has no such value.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(field, first["input"], first["msg"]) from error
