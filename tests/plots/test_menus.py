"""Figures of contracts: what they show is what they were given."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.variable_term import design_variable_term_menu
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.menus import (
    draw_choices,
    draw_energy_value,
    draw_menu,
    draw_menus,
    save_figure,
)

TYPES = (0.5, 0.75, 1.0, 1.25, 1.5)
PRICES = np.random.default_rng(5).normal(0.04, 0.03, 500)
SIGNED = (4516, 1079, 507, 477, 541)


def paper_menu(wear_eur_per_kwh: float = 0.01, term_h: float = 3) -> Menu:
    return design_menu(
        TYPES,
        (0.2,) * 5,
        kappa_eur=0.2,
        wear_eur_per_kwh=wear_eur_per_kwh,
        energy_cap_kwh=11 * term_h,
    )


def paper_menus() -> dict[str, dict[float, Menu]]:
    wears = {"future": 0.01, "current": 0.05}
    return {name: {t: paper_menu(wear, t) for t in (1, 2, 3)} for name, wear in wears.items()}


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_menu_shows_each_contract_and_its_pay_per_kwh():
    menu = paper_menu()
    contracts, per_kwh = draw_menu(menu).axes
    np.testing.assert_array_equal(contracts.lines[0].get_xdata(), menu.energy_kwh)
    np.testing.assert_array_equal(contracts.lines[0].get_ydata(), menu.payoff_eur)
    assert texts(contracts) == [f"θ = {t:g}" for t in TYPES]
    heights = [bar.get_height() for bar in per_kwh.patches]
    np.testing.assert_allclose(heights, menu.payoff_eur / menu.energy_kwh)
    assert (contracts.get_xlabel(), contracts.get_ylabel()) == ("energy [kWh]", "payoff [EUR]")
    assert per_kwh.get_ylabel() == "EUR/kWh"


def test_types_that_share_a_contract_share_its_name():
    assert texts(draw_menu(paper_menu(term_h=1)).axes[0])[-1] == "θ = 1, 1.25, 1.5"


def test_a_type_without_a_contract_is_named_and_not_drawn():
    contracts, _ = draw_menu(paper_menu(wear_eur_per_kwh=0.05)).axes
    assert texts(contracts)[0] == "none for θ = 0.5"
    assert contracts.lines[0].get_xdata().min() > 0


@pytest.mark.parametrize("m", [1, 60])
def test_menus_of_any_size_are_drawn_without_crowding(m):
    menu = design_menu(
        np.linspace(0.5, 1.5, m), np.full(m, 1 / m),
        kappa_eur=0.2, wear_eur_per_kwh=0.01, energy_cap_kwh=20,
    )  # fmt: skip
    contracts, per_kwh = draw_menu(menu).axes
    assert len(texts(contracts)) <= 9
    assert len(per_kwh.get_xticks()) <= 9


def test_a_variable_term_menu_is_a_table():
    types = (0.75, 1, 1.25)
    menu = design_variable_term_menu(
        types, types, np.full((3, 3), 1 / 9), energy_kappa_eur=0.4, term_kappa_eur=0.6,
        wear_eur_per_kwh=0.01, tied_eur_per_h=0.05,
    )  # fmt: skip
    table, scale = draw_menu(menu).axes
    assert texts(table)[0] == "19.0 kWh, 5.0 h\n0.587 EUR"
    assert texts(table)[-1] == "49.0 kWh, 14.0 h\n1.253 EUR"
    assert scale.get_ylabel() == "payoff [EUR]"


def test_menus_side_by_side_on_the_same_scales():
    *panels, rows, histogram = draw_menus(paper_menus(), PRICES).axes
    assert [panel.get_title(loc="left") for panel in panels] == [f"Term {t} h" for t in (1, 2, 3)]
    assert len({(panel.get_xlim(), panel.get_ylim()) for panel in panels}) == 1
    largest = max(line.get_ydata().max() for panel in panels for line in panel.lines)
    assert largest < panels[0].get_ylim()[1]
    assert rows.get_xlim() == histogram.get_xlim()
    names = [label.get_text() for label in rows.get_yticklabels()]
    assert names[::3] == ["future, 1 h", "current, 1 h"]


def test_prices_are_counted_whatever_their_shape():
    def heights(prices):
        return [bar.get_height() for bar in draw_menus(paper_menus(), prices).axes[-1].patches]

    padded = np.append(PRICES, np.full(20, np.nan)).reshape(26, 20)
    np.testing.assert_allclose(heights(padded), heights(PRICES))
    assert 98 < sum(heights(PRICES)) <= 100


@pytest.mark.parametrize(
    "menus",
    [{}, {"none": {}}, {"a": {1: paper_menu()}, "b": {2: paper_menu()}}],
)
def test_menus_of_different_terms_are_refused(menus):
    with pytest.raises(InvalidInputError, match="menus"):
        draw_menus(menus, PRICES)


def test_choices_count_contracts_by_type():
    axes = draw_choices({"1 h": SIGNED, "2 h": np.ones(5)}, owner_types=TYPES).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [*SIGNED, *np.ones(5)]
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"{t:g}" for t in TYPES]


def test_choices_of_an_evaluation_count_those_who_signed_none():
    days = pd.DataFrame({
        "arrivals": [10, 20], "turned_away": [1, 0],
        "contracts_type_1": [4, 5], "contracts_type_2": [2, 8],
    })  # fmt: skip
    for given in (days, SimpleNamespace(days=days)):
        axes = draw_choices({"run": given}).axes[0]
        assert [bar.get_height() for bar in axes.patches] == [9, 10, 10]
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "none"]


@pytest.mark.parametrize(
    ("choices", "owner_types"), [({}, None), ({"a": []}, None), ({"a": (1, 2)}, TYPES),
                                 ({"a": (1, 2), "b": (1,)}, None)],
)  # fmt: skip
def test_counts_of_different_menus_are_refused(choices, owner_types):
    with pytest.raises(InvalidInputError, match="choices"):
        draw_choices(choices, owner_types=owner_types)


def test_value_of_energy_against_quantiles_of_the_price():
    axes = draw_energy_value(PRICES, kappas_eur=(0.1, 0.2), quantiles=(0.5,)).axes[0]
    ends = sorted(line.get_ydata()[-1] for line in axes.lines)
    expected = sorted([0.1 * np.log(34), 0.2 * np.log(34), 33 * np.median(PRICES)])
    np.testing.assert_allclose(ends, expected)
    assert {"κ = 0.1 EUR", "κ = 0.2 EUR"} <= set(texts(axes))


def test_names_at_the_ends_do_not_overlap():
    axes = draw_energy_value(PRICES, kappas_eur=(0.2, 0.2001, 0.2002)).axes[0]
    low, high = axes.get_ylim()
    spots = np.sort([text.xyann[1] for text in axes.texts])
    assert np.diff(spots).min() >= 0.05 * (high - low)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("prices_eur_per_kwh", {"prices_eur_per_kwh": [np.nan]}),
        ("kappas_eur", {"kappas_eur": ()}),
        ("quantiles", {"quantiles": (25,)}),
        ("energy_cap_kwh", {"energy_cap_kwh": 0}),
    ],
)
def test_what_cannot_be_drawn_is_refused(field, change):
    with pytest.raises(InvalidInputError) as refusal:
        draw_energy_value(**({"prices_eur_per_kwh": PRICES} | change))
    assert refusal.value.field == field


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_saved_figure_has_the_same_bytes_each_time(tmp_path, ending):
    paths = [save_figure(draw_menu(paper_menu()), tmp_path / f"{i}.{ending}") for i in "ab"]
    first, second = (path.read_bytes() for path in paths)
    assert first == second
