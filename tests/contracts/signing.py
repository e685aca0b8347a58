"""Offers of each family, and what an owner signs of them."""

from __future__ import annotations

from typing import Any

from vpp_gym.arrays import Records
from vpp_gym.contracts.choice import choose_offer, sign
from vpp_gym.contracts.families import ControlBased, PriceBased, VolumeBased
from vpp_gym.contracts.offer import Arrival, Contract
from vpp_gym.params import DEFAULT


def signed(table: Records, arrival: Arrival) -> tuple[int, Contract] | None:
    """Place and terms of the offer that an owner signs; None if none suits."""
    place = choose_offer(table, arrival)
    return None if place < 0 else (place, sign(table[place], arrival))


def price(**parameters: Any) -> Records:
    return PriceBased(**parameters).offers(DEFAULT)


def volume(**parameters: Any) -> Records:
    return VolumeBased(**parameters).offers(DEFAULT)


def control(**parameters: Any) -> Records:
    return ControlBased(**parameters).offers(DEFAULT)
