"""What a file does not say about itself, and its reader therefore has to be told."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from vpp_gym.errors import InvalidInputError

Clock = Literal["local", "utc"]
DateOrder = Literal["day-first", "month-first", "year-first"]
Decimal = Literal[".", ","]

DATES = "day-first, month-first or year-first"
CHOICES = {"elaad_clock": "local or utc", "elaad_dates": DATES, "tennet_dates": DATES}
"""Values of the options that have no default."""

Model = TypeVar("Model", bound=BaseModel)


class NeededOptionsError(InvalidInputError):
    """Options that a file needs, because it does not say what they say.

    Attributes:
        options: their values, by name.

    >>> print(NeededOptionsError({"elaad_clock": "local or utc"}))
    elaad_clock: got None; the file does not say: choose local or utc
    """

    def __init__(self, options: dict[str, str]) -> None:
        self.options = options
        choices = ", ".join(options.values())
        if len(options) > 1:
            choices = "; ".join(f"{name} {values}" for name, values in options.items())
        remedy = f"the file does not say: choose {choices}"
        super().__init__(", ".join(options), None, remedy)

    def __reduce__(self) -> tuple:
        return type(self), (self.options,)


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    elaad_clock: Clock | None = None
    elaad_dates: DateOrder | None = None
    tennet_dates: DateOrder | None = None
    decimal: Decimal = "."
    area: str | None = None
    sequence: str | None = None
    trust_unit: bool = False

    def needed(self, *names: str) -> tuple[Any, ...]:
        """Options that have no default, because it would be a guess.

        Raises:
            NeededOptionsError: some were not given; all of them are named.
        """
        missing = {name: CHOICES[name] for name in names if getattr(self, name) is None}
        if missing:
            raise NeededOptionsError(missing)
        return tuple(getattr(self, name) for name in names)


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
