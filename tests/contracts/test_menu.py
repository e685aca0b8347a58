"""The menu object and what it is worth to whom."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.menu import Menu, expected_value_eur, ic_residuals, ir_residuals, utility
from vpp_gym.errors import InvalidInputError

COLUMNS = ("energy_kwh", "payoff_eur", "owner_types", "type_prob")


def by_hand() -> Menu:
    return Menu((7, 23), (0.03, 0.05), (1, 2), (0.25, 0.75), wear_eur_per_kwh=0.004)


def test_utility_and_residuals_by_hand():
    table = [[0.030 - 0.028, 0.050 - 0.092], [0.030 - 0.014, 0.050 - 0.046]]
    np.testing.assert_allclose(utility(by_hand()), table, atol=1e-15)
    np.testing.assert_allclose(ir_residuals(by_hand()), (0.002, 0.004), atol=1e-15)
    np.testing.assert_allclose(ic_residuals(by_hand()), [[0, 0.044], [-0.012, 0]], atol=1e-15)


def test_expected_value_by_hand():
    value = 0.25 * (0.1 * np.log(8) - 0.03) + 0.75 * (0.1 * np.log(24) - 0.05)
    assert expected_value_eur(by_hand(), 0.1) == pytest.approx(value)


@pytest.mark.parametrize("duplicate", [lambda menu: menu, copy.deepcopy])
def test_arrays_are_read_only_in_copies_too(duplicate):
    """Copying and pickling share one protocol."""
    menu = duplicate(by_hand())
    assert len(menu) == 2
    assert menu.wear_eur_per_kwh == 0.004
    for name in COLUMNS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(menu, name)[0] = 1.0
    np.testing.assert_array_equal(menu.energy_kwh, (7, 23))


def test_the_callers_arrays_stay_the_callers():
    types, prob = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    menu = design_menu(types, prob, kappa_eur=0.2, wear_eur_per_kwh=0.01, energy_cap_kwh=33)
    types[0] = prob[0] = 9.0
    assert menu.owner_types[0] == 1.0
    assert menu.type_prob[0] == 0.5


@pytest.mark.parametrize("name", COLUMNS[1:])
def test_unequal_columns_are_refused(name):
    columns = dict.fromkeys(COLUMNS, (1.0, 2.0)) | {name: (1.0,)}
    with pytest.raises(InvalidInputError, match=rf"menu\.{name}: got 'shape \(1,\)'"):
        Menu(**columns, wear_eur_per_kwh=0.01)


@pytest.mark.parametrize("values", [(), 1.0, [[1.0]]])
def test_a_menu_is_a_list_of_contracts(values):
    with pytest.raises(InvalidInputError, match="menu"):
        Menu(values, values, values, values, wear_eur_per_kwh=0.01)
