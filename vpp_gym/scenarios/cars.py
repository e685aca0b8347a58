"""Models of electric cars: battery, charging power, phases, and how they taper.

Facts are of the public data set Open EV Data by Chargeprice (github.com/chargeprice/open-ev-data,
MIT licence, version of 7 April 2022, commit e495ff9): usable battery, largest power and phases of
the on-board charger, and the charging curve, which that data set takes from the charts of the
operator Fastned. Only models are listed whose curve is stated there, or which cannot charge DC.

The simulator knows one line for the taper: full power up to `taper_soc`, from there on a straight
line to `taper_share` of it in a full battery. Published curves have steps and corners. At DC the
line begins where the time from 20 to 90 % is that of the published curve, and ends with the power
that the curve has at 100 %; where even a line from an empty battery would be too fast, the largest
power is lowered until it is not. At AC the on-board charger is the limit until the published curve
falls below it, near 100 % or never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.charging import charging_h
from vpp_gym.params.site import LEAST_SHARE

Plug = Literal["ac", "dc"]

SOURCE = "Open EV Data, github.com/chargeprice/open-ev-data, commit e495ff9, 7 April 2022"
VOLTS = 230.0
"""Between phase and neutral in Europe."""
FIT_FROM, FIT_TO = 0.2, 0.9
"""States of charge between which a DC line takes the time of the published curve."""
HALVINGS = 40


class Taper(NamedTuple):
    """How a car charges at one kind of plug.

    Attributes:
        charge_kw: its largest power at the meter.
        taper_soc: state of charge above which it charges ever more slowly.
        taper_share: share of `charge_kw` in a full battery; 1: it does not taper.
    """

    charge_kw: float
    taper_soc: float = 1.0
    taper_share: float = 1.0


@dataclass(frozen=True)
class CarModel:
    """One model of car.

    Attributes:
        name: make, model and variant.
        battery_kwh: usable.
        ac_kw: largest power of the on-board charger.
        phases: that it uses.
        curve: published (state of charge, kW) at DC, in rising order; empty: AC only.
    """

    name: str
    battery_kwh: float
    ac_kw: float
    phases: int
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def dc_kw(self) -> float:
        """Largest power at DC; 0 without."""
        return max((power for _, power in self.curve), default=0.0)

    def at_ac(self, amperes: float = 16.0, phases: int = 3) -> Taper:
        """At a charge point of so many amperes on so many phases.

        >>> CATALOGUE["nissan_leaf_40"].at_ac(), CATALOGUE["renault_zoe_r90"].at_ac()[0]
        (Taper(charge_kw=3.68, taper_soc=1.0, taper_share=1.0), 11.04)
        """
        point_kw = VOLTS * amperes * min(phases, self.phases) / 1000.0
        kw = min(self.ac_kw, point_kw)
        if not self.curve or self.curve[-1][1] >= kw:
            return Taper(kw)
        (soc, power), (_, last) = self.curve[-2:]
        begin = soc + (power - kw) / (power - last) * (1.0 - soc) if power > kw else soc
        return Taper(kw, begin, max(last / kw, LEAST_SHARE))

    def at_dc(self) -> Taper:
        """At a DC charger that is no limit.

        Raises:
            InvalidInputError: a model that cannot charge DC.
        """
        if not self.curve:
            raise InvalidInputError("cars", self.name, "give models that charge DC, or use ac")
        time_h = _published_h(self.curve)
        last = self.curve[-1][1]
        if _line_h(self.dc_kw, 0.0, last) < time_h:  # too fast even from empty on
            kw = _halved(last, self.dc_kw, lambda kw: _line_h(kw, 0.0, last) > time_h)
            return Taper(kw, 0.0, max(last / kw, LEAST_SHARE))
        soc = _halved(0.0, 1.0 - 1e-6, lambda soc: _line_h(self.dc_kw, soc, last) > time_h)
        return Taper(self.dc_kw, soc, max(last / self.dc_kw, LEAST_SHARE))

    def at(self, plug: Plug, amperes: float = 16.0, phases: int = 3) -> Taper:
        """At either kind."""
        return self.at_dc() if plug == "dc" else self.at_ac(amperes, phases)


def _published_h(curve: tuple[tuple[float, float], ...]) -> float:
    """Hours per kWh of battery between the two states of charge of the fit."""
    soc, power = np.array(curve).T
    at = np.linspace(FIT_FROM, FIT_TO, 1401)
    return float(np.trapezoid(1.0 / np.interp(at, soc, power), at))


def _line_h(kw: float, taper_soc: float, last_kw: float) -> float:
    """The same of a line."""
    knots = np.array([[taper_soc, 1.0], [kw, max(last_kw, LEAST_SHARE * kw)]])
    return charging_h(FIT_FROM, FIT_TO, kw, knots)


def _halved(low: float, high: float, is_below: Callable[[float], bool]) -> float:
    """Number up to which a claim holds that holds at the lower end only."""
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if is_below(middle):
            low = middle
        else:
            high = middle
    return low


CATALOGUE: dict[str, CarModel] = {
    "audi_e_tron_55": CarModel(
        "Audi e-tron 55",
        86.5,
        11.0,
        3,
        ((0.0, 137.0), (0.7, 155.0), (0.72, 150.0), (0.78, 120.0), (0.82, 105.0), (1.0, 50.0)),
    ),
    "bmw_i3_120": CarModel("BMW i3 120 Ah", 37.9, 11.0, 3, ((0.0, 44.0), (0.85, 50.0), (1.0, 3.0))),
    "bmw_i3_94": CarModel(
        "BMW i3 94 Ah", 27.2, 11.0, 3, ((0.0, 44.0), (0.6, 46.0), (0.8, 50.0), (1.0, 3.0))
    ),
    "hyundai_ioniq_28": CarModel(
        "Hyundai Ioniq",
        28.0,
        6.6,
        1,
        ((0.0, 60.0), (0.76, 69.0), (0.84, 23.0), (0.92, 23.0), (1.0, 10.0)),
    ),
    "hyundai_ioniq_38": CarModel(
        "Hyundai Ioniq",
        38.3,
        7.2,
        1,
        (
            (0.0, 40.0),
            (0.51, 46.0),
            (0.53, 36.0),
            (0.67, 37.0),
            (0.69, 23.0),
            (0.74, 23.0),
            (0.76, 15.0),
            (0.9, 15.0),
            (1.0, 8.0),
        ),
    ),
    "hyundai_kona_64": CarModel(
        "Hyundai Kona 64 kWh 11 kW-AC",
        64.0,
        11.0,
        3,
        (
            (0.0, 70.0),
            (0.4, 77.0),
            (0.42, 70.0),
            (0.53, 71.0),
            (0.55, 57.0),
            (0.71, 58.0),
            (0.72, 38.0),
            (0.76, 38.0),
            (0.78, 25.0),
            (0.88, 25.0),
            (1.0, 8.0),
        ),
    ),
    "jaguar_i_pace": CarModel(
        "Jaguar i-Pace EV400",
        84.0,
        11.0,
        3,
        ((0.0, 100.0), (0.3, 105.0), (0.8, 55.0), (0.9, 37.0), (1.0, 12.0)),
    ),
    "kia_e_niro_64": CarModel(
        "Kia e-Niro 64 kWh",
        64.0,
        7.2,
        1,
        (
            (0.0, 70.0),
            (0.4, 77.0),
            (0.42, 70.0),
            (0.53, 71.0),
            (0.55, 57.0),
            (0.71, 58.0),
            (0.72, 38.0),
            (0.76, 38.0),
            (0.78, 25.0),
            (0.88, 25.0),
            (1.0, 8.0),
        ),
    ),
    "mercedes_eqa_250": CarModel(
        "Mercedes Benz EQA 250",
        66.6,
        11.0,
        3,
        ((0.0, 99.0), (0.35, 98.0), (0.65, 70.0), (0.85, 36.0), (1.0, 1.0)),
    ),
    "nissan_leaf_24": CarModel(
        "Nissan Leaf 24 kWh", 24.0, 3.6, 1, ((0.0, 40.0), (0.22, 46.0), (1.0, 10.0))
    ),
    "nissan_leaf_40": CarModel(
        "Nissan Leaf 40 kWh", 38.0, 6.6, 1, ((0.0, 41.0), (0.62, 45.0), (0.65, 36.0), (1.0, 15.0))
    ),
    "peugeot_e_208": CarModel(
        "Peugeot e-208 11 kW-AC",
        45.0,
        11.0,
        3,
        (
            (0.0, 97.0),
            (0.16, 97.0),
            (0.17, 78.0),
            (0.46, 78.0),
            (0.47, 52.0),
            (0.68, 52.0),
            (0.69, 27.0),
            (0.83, 27.0),
            (0.84, 11.0),
            (1.0, 11.0),
        ),
    ),
    "polestar_2": CarModel(
        "Polestar 2",
        72.5,
        11.0,
        3,
        (
            (0.0, 150.0),
            (0.18, 150.0),
            (0.2, 130.0),
            (0.4, 130.0),
            (0.42, 100.0),
            (0.55, 90.0),
            (0.57, 70.0),
            (0.79, 70.0),
            (0.8, 25.0),
            (1.0, 11.0),
        ),
    ),
    "renault_zoe_r135": CarModel(
        "Renault Zoe R135 ZE50",
        52.0,
        22.0,
        3,
        ((0.0, 41.0), (0.52, 46.0), (0.8, 27.0), (1.0, 22.0)),
    ),
    "renault_zoe_r90": CarModel("Renault Zoe R 90", 41.0, 22.0, 3, ()),
    "skoda_enyaq_62": CarModel(
        "Skoda Enyaq iV 62 kWh 100 kW-DC",
        58.0,
        11.0,
        3,
        (
            (0.0, 90.0),
            (0.05, 100.0),
            (0.3, 100.0),
            (0.5, 75.0),
            (0.7, 50.0),
            (0.8, 50.0),
            (0.9, 25.0),
            (1.0, 10.0),
        ),
    ),
    "tesla_model_3_lr": CarModel(
        "Tesla Model 3 LR", 74.0, 11.0, 3, ((0.0, 180.0), (0.4, 195.0), (0.6, 110.0), (1.0, 12.0))
    ),
    "tesla_model_3_sr": CarModel(
        "Tesla Model 3 SR+", 50.0, 11.0, 3, ((0.0, 130.0), (0.52, 149.0), (0.6, 110.0), (1.0, 12.0))
    ),
    "tesla_model_s_100": CarModel(
        "Tesla Model S 100D",
        98.0,
        16.5,
        3,
        ((0.0, 197.0), (0.3, 149.0), (0.5, 133.0), (0.8, 73.0), (1.0, 10.0)),
    ),
    "tesla_model_y": CarModel(
        "Tesla Model Y Long Range",
        72.5,
        11.0,
        3,
        ((0.0, 246.0), (0.35, 238.0), (0.75, 99.0), (1.0, 18.0)),
    ),
    "volkswagen_e_golf": CarModel(
        "Volkswagen e-Golf CCS", 31.5, 7.2, 2, ((0.0, 39.0), (0.6, 40.0), (0.8, 37.0), (1.0, 10.0))
    ),
    "volkswagen_e_up": CarModel(
        "Volkswagen e-up CCS", 32.3, 7.2, 2, ((0.0, 32.0), (0.27, 34.0), (0.8, 14.0), (1.0, 7.0))
    ),
    "volkswagen_golf_gte": CarModel("Volkswagen Golf GTE", 8.7, 3.7, 1, ()),
    "volkswagen_id_3_58": CarModel(
        "Volkswagen ID.3 58 kWh",
        58.0,
        11.0,
        3,
        ((0.0, 100.0), (0.3, 100.0), (0.7, 50.0), (0.8, 50.0), (1.0, 20.0)),
    ),
    "volkswagen_id_4": CarModel(
        "Volkswagen ID.4 77 kWh",
        77.0,
        11.0,
        3,
        ((0.0, 125.0), (0.3, 125.0), (0.7, 65.0), (0.8, 65.0), (1.0, 22.0)),
    ),
    "volvo_xc40": CarModel(
        "Volvo XC40 P8 Recharge",
        75.0,
        11.0,
        3,
        ((0.0, 148.0), (0.35, 147.0), (0.7, 98.0), (0.85, 59.0), (1.0, 10.0)),
    ),
}
"""Models by short name, in alphabetical order."""


def models_named(names: Sequence[str], plug: Plug = "ac") -> list[CarModel]:
    """Models of the catalogue; "all" stands for every one that charges at the plug.

    Raises:
        InvalidInputError: a name that is not in it.
    """
    if tuple(names) == ("all",):
        return [one for one in CATALOGUE.values() if plug == "ac" or one.curve]
    for name in names:
        if name not in CATALOGUE:
            raise InvalidInputError("cars.models", name, f"use all, or {', '.join(CATALOGUE)}")
    return [CATALOGUE[name] for name in names]


class DrawnCars(NamedTuple):
    """Columns of n sessions, see `vpp_gym.scenarios.scenario.Sessions`."""

    capacity_kwh: Floats
    charge_kw: Floats
    taper_soc: Floats
    taper_share: Floats


def draw_cars(
    rng: np.random.Generator,
    n: int,
    models: Sequence[CarModel],
    shares: Sequence[float] | None = None,
    *,
    plug: Plug = "ac",
    amperes: float = 16.0,
    phases: int = 3,
) -> DrawnCars:
    """Cars of n sessions, each drawn by itself.

    Args:
        rng: source of the draws.
        n: how many.
        models: to draw from.
        shares: of the models; None: all alike.
        plug: at which kind they charge.
        amperes: of an AC charge point, on each phase.
        phases: of an AC charge point.
    """
    which: Ints = rng.choice(len(models), n, p=shares)
    of_model = np.array([(one.battery_kwh, *one.at(plug, amperes, phases)) for one in models])
    return DrawnCars(*np.ascontiguousarray(of_model[which].T))
