"""What all sections of the parameters share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen and validated; unknown fields and infinite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def check_distribution(name: str, prob: tuple[float, ...]) -> None:
    """Refuse what is not a distribution over types.

    Raises:
        ValueError: naming the field, for the model's own error.
    """
    if not prob or min(prob) < 0 or abs(sum(prob) - 1) > 1e-9:
        raise ValueError(f"{name} must be non-negative and sum to one")
