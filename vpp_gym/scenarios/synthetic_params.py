"""Parameters of synthetic years: fleet, chargers, weather, prices, dual pricing."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from vpp_gym.errors import InvalidInputError
from vpp_gym.parameters import Section, check_distribution
from vpp_gym.scenarios.cars import Plug, models_named
from vpp_gym.scenarios.demand import DemandRule
from vpp_gym.scenarios.repeat_drivers import DriverMix


class SiteMix(Section):
    """Shares of the sessions at each kind of charger; they sum to one.

    public: calibrated on Dutch public charging of 2019.
    workplace: cars that come on workday mornings and stay for the day. Assumed, see
        `vpp_gym.scenarios.site_mix`.
    home: cars that come in the evening, on any day, and leave the next day. Assumed.
    """

    public: float = Field(default=1.0, ge=0, le=1)
    workplace: float = Field(default=0.0, ge=0, le=1)
    home: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> SiteMix:
        if abs(self.public + self.workplace + self.home - 1) > 1e-9:
            raise ValueError("public, workplace and home must sum to one: give all three")
        return self


class RenewableParams(Section):
    """More sun and wind than the markets had that prices were fitted on. All assumed.

    solar_dip_eur_per_kwh: how far the day-ahead price falls at noon of a clear midsummer
        day; less with a lower sun, and on each day with its clouds.
    wind_dip_eur_per_kwh: how far it falls on average through wind, between nothing and
        twice that; more in winter.
    weather_factor: scale of the calibrated day-ahead deviations that last for days.
    """

    solar_dip_eur_per_kwh: float = Field(default=0.0, ge=0, le=5)
    wind_dip_eur_per_kwh: float = Field(default=0.0, ge=0, le=5)
    weather_factor: float = Field(default=1.0, ge=0, le=10)


class PriceParams(Section):
    """Prices higher, wilder or with more spikes than those that were fitted.

    level_factor: multiplies every calibrated price, with its deviations.
    da_volatility_factor: multiplies the deviations of the day-ahead price from its season
        and weekly shape, beyond `level_factor`.
    im_volatility_factor: the same of the imbalance price from the day-ahead price, and of
        its quarters from their hour.
    da_spikes_per_year: mean number of spikes of the day-ahead price: three hours about a
        morning or evening peak, the outer ones half as high.
    da_spike_eur_per_kwh: their mean height, exponentially distributed.
    im_spikes_per_year: mean number of hours with a spike of the imbalance price.
    im_spike_eur_per_kwh: their mean height, exponentially distributed.
    """

    level_factor: float = Field(default=1.0, gt=0, le=100)
    da_volatility_factor: float = Field(default=1.0, ge=0, le=100)
    im_volatility_factor: float = Field(default=1.0, ge=0, le=100)
    da_spikes_per_year: float = Field(default=0.0, ge=0, le=8760)
    da_spike_eur_per_kwh: float = Field(default=0.5, ge=0, le=100)
    im_spikes_per_year: float = Field(default=0.0, ge=0, le=8760)
    im_spike_eur_per_kwh: float = Field(default=0.5, ge=0, le=100)


class DualPricingParams(Section):
    """Hours with two imbalance prices (regulation state 2). Assumed, not measured.

    share: of the hours.
    spread_eur_per_kwh: mean of short less long price in them, exponentially distributed.
    """

    share: float = Field(default=0.08, ge=0, le=1)
    spread_eur_per_kwh: float = Field(default=0.03, ge=0, le=10)


class CarParams(Section):
    """Which cars come.

    models: short names of the catalogue, see `vpp_gym.scenarios.cars`, each as likely as any
        other; ("all",) for every one. Empty: all are the car of the reference, 80 kWh, whose
        power only the charger limits, or with metered demand what was recorded.
    shares: of the models, where they are not equally likely; they sum to one.
    plug: "ac" or "dc": a car's largest power and its taper at such a charger. The power of the
        charger itself is `site.charge_kw` of `vpp_gym.params`.
    amperes: of an AC charge point, on each phase.
    phases: of an AC charge point; a car may use fewer.
    """

    models: tuple[str, ...] = ()
    shares: tuple[float, ...] | None = None
    plug: Plug = "ac"
    amperes: float = Field(default=16.0, ge=6, le=63)
    phases: int = Field(default=3, ge=1, le=3)

    @model_validator(mode="after")
    def _models_are_known(self) -> CarParams:
        chosen = models_named(self.models, self.plug)
        for one in chosen:
            one.at(self.plug, self.amperes, self.phases)
        if self.shares is None:
            return self
        if len(self.shares) != len(chosen):
            raise ValueError(f"shares: give {len(chosen)}, as models")
        check_distribution("shares", self.shares)
        return self


class SyntheticParams(Section):
    """Parameters of synthetic years; the defaults are those of the calibration.

    Owner types are no part of a scenario: see `vpp_gym.params.owner.OwnerParams`.

    sessions_per_day: mean number of arrivals, 0 to 100,000.
    demand: what a car needs, see `vpp_gym.scenarios.session_demand`. "metered": the
        recorded energy, and no more than the largest power that the session was recorded
        with. "reference": that it charged at the site's power for the recorded hours.
    drivers: who comes back, see `vpp_gym.scenarios.repeat_drivers`.
    """

    sessions_per_day: float = Field(default=27.4, ge=0, le=100_000)
    demand: DemandRule = "metered"
    site: SiteMix = SiteMix()
    cars: CarParams = CarParams()
    drivers: DriverMix = DriverMix()
    renewables: RenewableParams = RenewableParams()
    price: PriceParams = PriceParams()
    dual_pricing: DualPricingParams = DualPricingParams()

    @property
    def changed_sections(self) -> tuple[str, ...]:
        """Names of what is not the default, the number of arrivals left out."""
        default = type(self)()
        names = [name for name, _ in self if name != "sessions_per_day"]
        return tuple(name for name in names if getattr(self, name) != getattr(default, name))

    @property
    def label(self) -> str:
        """Addition to the name of the calibrated years, so that no two sets of years share a name.

        >>> SyntheticParams(sessions_per_day=100, demand="reference").label
        ':reference_demand+100_a_day'
        """
        default = type(self)()
        plain = self.model_copy(update={"sessions_per_day": default.sessions_per_day})
        known = (f":{name}" for name, preset in PRESETS.items() if preset == plain != default)
        # So that older names still hold.
        unchanged = {"cars", "drivers"} - set(self.changed_sections)
        digest = sha256(plain.model_dump_json(exclude=unchanged).encode()).hexdigest()[:DIGITS]
        changed = "".join(f"+{name}" for name in self.changed_sections)
        regime = next(known, f"{changed}#{digest}" if changed else "")
        fleet = "" if plain == self else f"+{self.sessions_per_day:g}_a_day"
        return regime + fleet


DIGITS = 6
"""Of the digest of parameters that no preset has."""

PRESETS: dict[str, SyntheticParams] = {
    "default": SyntheticParams(),
    "workplace": SyntheticParams(site=SiteMix(public=0, workplace=1)),
    "home": SyntheticParams(site=SiteMix(public=0, home=1)),
    "metered": SyntheticParams(demand="metered"),
    "reference_demand": SyntheticParams(demand="reference"),
    "more_renewables": SyntheticParams(
        renewables=RenewableParams(
            solar_dip_eur_per_kwh=0.04, wind_dip_eur_per_kwh=0.008, weather_factor=1.2
        )
    ),
    # Dutch day-ahead prices of 2022 were about six times those of 2019 on average.
    "price_crisis": SyntheticParams(
        price=PriceParams(
            level_factor=6,
            da_volatility_factor=1.5,
            im_volatility_factor=1.2,
            da_spikes_per_year=20,
            im_spikes_per_year=100,
        )
    ),
}
"""Named sets of parameters. "metered" is the default. Apart from these two and
"reference_demand" they are assumed, not fitted."""


def as_synthetic_params(
    value: SyntheticParams | Mapping[str, Any] | str | None, **changes: Any
) -> SyntheticParams:
    """Parameters from an object, a mapping of fields, or a preset's name.

    >>> as_synthetic_params({"renewables": {"weather_factor": 2}}).renewables.weather_factor
    2.0

    Args:
        value: what names them; None for the default.
        changes: fields that replace those of `value`.

    Raises:
        InvalidInputError: unknown preset or field, or a value out of range.
    """
    if isinstance(value, str):
        if value not in PRESETS:
            raise InvalidInputError("params", value, f"use one of {', '.join(PRESETS)}")
        value = PRESETS[value]
    if value is None or isinstance(value, SyntheticParams):
        given: dict[str, Any] = {} if value is None else value.model_dump()
    elif isinstance(value, Mapping):
        given = {str(name): _plain(section) for name, section in value.items()}
    else:
        remedy = "give SyntheticParams, a mapping of its fields or a preset's name"
        raise InvalidInputError("params", value, remedy)
    try:
        return SyntheticParams.model_validate(given | changes)
    except ValidationError as error:
        raise _refusal(error) from error


def _plain(section: Any) -> Any:
    return section.model_dump() if isinstance(section, BaseModel) else section


def _refusal(error: ValidationError) -> InvalidInputError:
    """The first complaint, with the field, its value and the remedy."""
    first = error.errors()[0]
    *outer, _ = first["loc"] or ("params",)
    fields = SyntheticParams.model_fields
    if outer:
        fields = type(getattr(PRESETS["default"], str(outer[0]))).model_fields
    unknown = first["type"] == "extra_forbidden"
    remedy = f"use one of {', '.join(fields)}" if unknown else first["msg"]
    field = ".".join(map(str, first["loc"]))
    return InvalidInputError(field, first.get("input"), remedy.removeprefix("Value error, "))
