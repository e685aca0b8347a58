from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("im_short_eur_per_kwh", np.zeros(23)),
        ("im_long_eur_per_kwh", np.zeros((24, 1))),
        ("da_sold_kwh", np.zeros(96)),
        ("net_load_kwh", np.zeros(25)),
        ("fleet_energy_kwh", np.zeros(24)),
        ("fleet_target_kwh", np.zeros(24)),
        ("soc", np.zeros((3, 25))),
        ("has_contract", np.zeros((2, 24), dtype=bool)),
        ("profit_eur", np.zeros(0)),
        ("period", np.arange(23)),
    ],
)
def test_a_wrong_length_names_the_field(make_view, field, value):
    with pytest.raises(InvalidInputError, match="give shape") as refusal:
        make_view(**{field: value})
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("soc", np.full((3, 24), 1.2)),
        ("soc", np.full((3, 24), -0.1)),
        ("profit_eur", np.full(24, np.inf)),
        ("dt_h", 0.4),
        ("start", np.datetime64("2019-06-02T01:00")),
        ("now", 25),
        ("now", -1),
    ],
)
def test_an_impossible_value_names_the_field(make_view, field, value):
    view = make_view()
    with pytest.raises(InvalidInputError) as refusal:
        type(view)(**(vars(view) | {field: value}))
    assert refusal.value.field == field


def test_more_than_a_day_is_refused(make_view):
    with pytest.raises(InvalidInputError, match="give one day"):
        make_view(steps=26)


def test_a_view_keeps_read_only_copies(make_view):
    mine = np.zeros(24)
    view = make_view(profit_eur=mine)
    mine[0] = 5.0
    assert view.profit_eur[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        view.profit_eur[0] = 1.0
