"""What the agent of any environment decides and is shown: checked keywords."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.errors import InvalidInputError

ObservationForm = Literal["flat", "dict"]


class Shown(BaseModel):
    """Settings that every environment has.

    Attributes:
        observation: "flat" float32 Box or "dict" with names and units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    observation: ObservationForm = "flat"


class Settings(Shown):
    """Settings of environments whose episodes are some days.

    Attributes:
        episode_days: from gate closure to gate closure; None: to the end of the
            scenario, from its first gate.
    """

    episode_days: int | None = Field(default=7, ge=1)


S = TypeVar("S", bound=Shown)


def checked(kind: type[S], **settings: Any) -> S:
    """Settings of a kind.

    Raises:
        InvalidInputError: naming the field, its value and what is wrong with it.
    """
    try:
        return kind(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        remedy = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(field, first.get("input"), remedy) from error
