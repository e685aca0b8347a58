"""`vpp-gym contracts`: the menu it prints, draws and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpp_gym.cli import app
from vpp_gym.params import PLAIN


def contracts(*words: object):
    return CliRunner().invoke(app, ["contracts", *map(str, words)], env={"COLUMNS": "80"})


def report(*words: object) -> dict:
    result = contracts(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_default_is_the_menu_of_the_plain_world():
    by_name = {
        name: [row[name] for row in report()["contracts"]] for name in report()["contracts"][0]
    }
    assert by_name["owner_type"] == list(PLAIN.owner.types)
    assert by_name["probability"] == list(PLAIN.owner.type_prob)
    rounded = [round(energy_kwh, 1) for energy_kwh in by_name["energy_kwh"]]
    assert rounded == [3.3, 7.6, 13.3, 20.4, 29.0]
    assert [round(pay, 2) for pay in by_name["payoff_eur"]] == [0.07, 0.12, 0.18, 0.24, 0.29]
    assert by_name["gain_eur"][0] == pytest.approx(0)
    assert report()["kappa_eur"] == PLAIN.contract.kappa_eur
    assert report()["wear_eur_per_kwh"] == PLAIN.owner.wear_eur_per_kwh
    cap_kwh = PLAIN.contract.term_h * PLAIN.site.discharge_kw
    assert report()["energy_cap_kwh"] == cap_kwh


def test_every_option_reaches_the_design():
    words = ("--types", "1,2,3", "--prob", "0.5,0.25,0.25", "--kappa", 0.05, "--wear", 0.003125)
    by_term, by_cap = report(*words, "--term", 2), report(*words, "--cap", 22)
    assert by_term == by_cap
    assert by_term["energy_cap_kwh"] == 22
    assert [row["probability"] for row in by_term["contracts"]] == [0.5, 0.25, 0.25]
    # 0.05 * 0.5 / (0.003125 * (1 / 1 - 0.5 / 2)) - 1
    assert by_term["contracts"][0]["energy_kwh"] == pytest.approx(29 / 3)
    assert by_term["contracts"][2]["energy_kwh"] == 22


def test_the_table_fits_a_terminal_and_marks_what_is_not_offered():
    text = contracts("--wear", 0.05, "--term", 1).stdout
    assert "term 1 h at 11 kW" in text
    assert "0.0667" in text
    assert " - " in text
    assert max(map(len, text.splitlines())) <= 80
    assert report("--wear", 0.05)["contracts"][0]["payoff_eur_per_kwh"] is None


def test_a_picture_is_written_and_named(tmp_path: Path):
    picture = tmp_path / "menu.svg"
    assert report("--figure", picture)["figure"] == str(picture)
    assert "θ = 1.25" in picture.read_text(encoding="utf-8")
    assert "menu.png" in contracts("--figure", picture.with_suffix(".png")).stdout
    assert picture.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--types", "1,x"), "types: got '1,x'; give numbers"),
        (("--types", "2,1"), "owner_types[1]: got 1.0; types are"),
        (("--prob", "1"), "type_prob: got '1 values'; give 5"),
        (("--types", "1,2", "--prob", "0.5,0.6"), "type_prob: got 'sum 1.1'; divide"),
        (("--kappa", "0"), "kappa_eur: got 0.0; the VPP's value scale"),
        (("--wear", "nan"), "wear_eur_per_kwh: got nan; give a finite number"),
        (("--term", "-1"), "term: got -1.0; give zero or more hours"),
        (("--cap", "-1"), "energy_cap_kwh: got -1.0; give zero or more kWh"),
        (("--cap", "3", "--term", "2"), "cap: got 3.0; give either"),
        (("--figure", "menu.gif"), "figure: got 'menu.gif'; end the name with .png or .svg"),
    ],
)
def test_bad_input_is_refused_in_one_line(words, message):
    result = contracts(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}")
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
