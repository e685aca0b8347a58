"""What bundles would earn beyond the variable-term menu of Sales-Ortiz and Ardakanian (2024).

Run: python -m benchmarks.bundles
"""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.contracts.variable_term import exact_menu
from vpp_gym.contracts.variable_term_menu import VariableTermMenu, expected_value_eur
from vpp_gym.contracts.variable_term_problem import variable_term_problem
from vpp_gym.solvers.variable_term_programs import solve_bundled_program

TYPES = (0.75, 1.0, 1.25)
KAPPAS = {"energy_kappa_eur": 0.4, "term_kappa_eur": 0.6}
INDEPENDENT, SAME = np.full((3, 3), 1 / 9), np.eye(3) / 3
WORLDS: dict[str, Floats] = {
    "both the same": SAME,
    "half the same, half independent": (SAME + INDEPENDENT) / 2,
    "independent": INDEPENDENT,
    "half opposite, half independent": (SAME[::-1] + INDEPENDENT) / 2,
    "opposite": SAME[::-1],
}


def main() -> None:
    """Print the expected profit of one contract for each joint distribution of the types."""
    print("| wear EUR/kWh | an owner's two types | menu EUR | bundles EUR | gain |")
    print("|---|---|---|---|---|")
    for wear_eur_per_kwh in (0.01, 0.05):
        for world, type_prob in WORLDS.items():
            menu, bundles = _profits_eur(type_prob, wear_eur_per_kwh)
            gain = f"{100 * (bundles / menu - 1):z.2f} %"
            print(f"| {wear_eur_per_kwh} | {world} | {menu:.4f} | {bundles:.4f} | {gain} |")


def _profits_eur(type_prob: Floats, wear_eur_per_kwh: float) -> tuple[float, float]:
    problem = variable_term_problem(
        TYPES, TYPES, type_prob, wear_eur_per_kwh=wear_eur_per_kwh, tied_eur_per_h=0.05, **KAPPAS
    )

    def profit_eur(menu: VariableTermMenu) -> float:
        return expected_value_eur(menu, **KAPPAS)

    return profit_eur(exact_menu(problem)), profit_eur(solve_bundled_program(problem))


if __name__ == "__main__":
    main()
