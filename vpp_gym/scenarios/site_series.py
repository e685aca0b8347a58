"""What happens at a site beside its cars: sun, building load, and limits that change by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats, close_arrays
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.columns import float_column

SERIES = ("pv_kwh", "building_kwh", "import_limit_kw", "export_limit_kw")
RATINGS = ("pv_peak_kw", "building_peak_kw", "least_import_limit_kw", "least_export_limit_kw")
ROUNDING = 1e-9


@dataclass(frozen=True)
class SiteSeries:
    """Series of a site by step, and what is known of them in advance.

    Build it with `SiteSeries.from_arrays`, which validates.

    Attributes:
        pv_kwh: (T,) what the sun yields at the meter, whether or not it is used; None: no panels.
        building_kwh: (T,) load of the building; None: none.
        import_limit_kw: (T,) most that may be taken, inf: no limit; None: as in `params`.
        export_limit_kw: (T,) most that may be given, likewise.
        pv_peak_kw: rated power of the panels.
        building_peak_kw: largest load that the building may have.
        least_import_limit_kw: the import limit never falls below; inf: no limit.
        least_export_limit_kw: the export limit never falls below.
    """

    pv_kwh: Floats | None
    building_kwh: Floats | None
    import_limit_kw: Floats | None
    export_limit_kw: Floats | None
    pv_peak_kw: float
    building_peak_kw: float
    least_import_limit_kw: float
    least_export_limit_kw: float

    def __post_init__(self) -> None:
        close_arrays(self)

    @classmethod
    def from_arrays(
        cls,
        *,
        n_steps: int,
        dt_h: float,
        pv_kwh: ArrayLike | None = None,
        building_kwh: ArrayLike | None = None,
        import_limit_kw: ArrayLike | None = None,
        export_limit_kw: ArrayLike | None = None,
        pv_peak_kw: float | None = None,
        building_peak_kw: float | None = None,
        least_import_limit_kw: float | None = None,
        least_export_limit_kw: float | None = None,
    ) -> SiteSeries:
        """Site from plain arrays.

        Args:
            n_steps: T, of the scenario.
            dt_h: hours per step of the scenario.
            pv_kwh: (T,) see the class; so are the next three.
            building_kwh: (T,)
            import_limit_kw: (T,)
            export_limit_kw: (T,)
            pv_peak_kw: rating; by default what the series reaches. So are the next three.
            building_peak_kw: rating.
            least_import_limit_kw: rating.
            least_export_limit_kw: rating.

        Raises:
            InvalidInputError: naming the series, the step and the remedy.
        """
        given = (pv_kwh, building_kwh, import_limit_kw, export_limit_kw)
        columns: dict[str, Any] = {
            name: None if one is None else _column(name, one, n_steps)
            for name, one in zip(SERIES, given, strict=True)
        }
        ratings: dict[str, Any] = {
            "pv_peak_kw": _rating("pv_peak_kw", pv_peak_kw, columns["pv_kwh"], 1 / dt_h),
            "building_peak_kw": _rating(
                "building_peak_kw", building_peak_kw, columns["building_kwh"], 1 / dt_h
            ),
            "least_import_limit_kw": _rating(
                "least_import_limit_kw", least_import_limit_kw, columns["import_limit_kw"], -1.0
            ),
            "least_export_limit_kw": _rating(
                "least_export_limit_kw", least_export_limit_kw, columns["export_limit_kw"], -1.0
            ),
        }
        return cls(**columns, **ratings)

    @classmethod
    def of(cls, given: SiteSeries | Mapping[str, Any], n_steps: int, dt_h: float) -> SiteSeries:
        """Site of a scenario from an object or a mapping of what `from_arrays` takes.

        Raises:
            InvalidInputError: an unknown name, or a series that is refused.
        """
        values = vars(given) if isinstance(given, SiteSeries) else given
        if not isinstance(values, Mapping):
            raise InvalidInputError("site", given, "give a SiteSeries or a mapping of its series")
        for name in values:
            if name not in (*SERIES, *RATINGS):
                remedy = f"unknown series; use only {', '.join((*SERIES, *RATINGS))}"
                raise InvalidInputError("site", str(name), remedy)
        return cls.from_arrays(n_steps=n_steps, dt_h=dt_h, **values)


def _column(name: str, values: ArrayLike, n_steps: int) -> Floats:
    """(T,) numbers of at least 0; a limit may be inf."""
    column = float_column(f"site.{name}", values, n_steps, inf=name.endswith("_kw"))
    if (wrong := np.flatnonzero(column < 0)).size:
        remedy = "give 0 or more: the direction is in the name"
        raise InvalidInputError(f"site.{name}[{wrong[0]}]", float(column[wrong[0]]), remedy)
    return column


def _rating(name: str, given: float | None, series: Floats | None, factor: float) -> float:
    """The rating, or what the series reaches; refused where the series goes beyond it.

    Args:
        name: of the rating.
        given: None: what the series reaches.
        series: that it bounds; None: there is none.
        factor: from the series to kW; negative: the rating bounds it from below.
    """
    lowest = factor < 0
    if series is None:
        return np.inf if lowest else 0.0
    reached = abs(factor) * float(series.min() if lowest else series.max())
    if given is None:
        return reached
    try:
        rating = float(given)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"site.{name}", given, "give a number of kW") from error
    beyond = rating - reached if lowest else reached - rating
    if not rating >= 0 or beyond > ROUNDING * max(rating, 1.0):
        bound = "at most" if lowest else "at least"
        remedy = f"the series reaches {reached:.6g} kW: give {bound} that"
        raise InvalidInputError(f"site.{name}", given, remedy)
    return rating
