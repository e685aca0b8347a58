"""Names of time zones: those that mean the same on every machine."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from vpp_gym.errors import InvalidInputError

OF_THE_MACHINE = {"localtime", "posixrules", "Factory"}
"""Names among those of time zones that stand for no place."""
OTHER_CLOCKS = ("right/", "posix/")
"""Folders that some machines have: in the first one, clocks are apart by the leap seconds."""


def known_zone(name: str) -> str:
    """The name of a time zone, such as every machine knows it.

    Raises:
        InvalidInputError: there is none of that name, or it stands for the machine's own clock
            or for one that counts leap seconds.

    >>> known_zone("Europe/Amsterdam")
    'Europe/Amsterdam'
    """
    try:
        if name in OF_THE_MACHINE or name.startswith(OTHER_CLOCKS):
            raise ValueError("no place")
        ZoneInfo(name)
    except Exception as error:
        remedy = "give an IANA name such as Europe/Amsterdam"
        raise InvalidInputError("timezone", name, remedy) from error
    return name
