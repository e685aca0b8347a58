"""Time to design a menu: exact, against the programs in cvxpy.

Run: python -m benchmarks.menu_speed
"""

from __future__ import annotations

import timeit
from collections.abc import Callable

import numpy as np

from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.problem import DesignProblem, design_problem
from vpp_gym.contracts.variable_term import exact_menu
from vpp_gym.contracts.variable_term_problem import VariableTermProblem, variable_term_problem
from vpp_gym.solvers.menu_programs import solve_reduced_program
from vpp_gym.solvers.variable_term_programs import solve_joint_program


def main() -> None:
    """Print microseconds per menu, all measured in this run, input checks included."""
    few, many = _problem(5), _problem(10_000)
    exact_us = _best_us(lambda: design_menu(**few._asdict()), runs=2000)
    many_us = _best_us(lambda: design_menu(**many._asdict()), runs=20)
    program_us = _best_us(lambda: solve_reduced_program(few), runs=3)
    print(f"{'menu':32} {'us':>12}")
    print(f"{'exact, 5 types':32} {exact_us:12,.1f}")
    print(f"{'exact, 10,000 types':32} {many_us:12,.1f}")
    print(f"{'program (8) in cvxpy, 5 types':32} {program_us:12,.1f}")
    print(f"exact is {program_us / exact_us:,.0f} times faster at 5 types")
    pairs = _variable_term_problem(3)
    exact_us = _best_us(lambda: exact_menu(pairs), runs=2000)
    joint_us = _best_us(lambda: solve_joint_program(pairs), runs=3)
    print(f"{'exact, 3 x 3 types':32} {exact_us:12,.1f}")
    print(f"{'joint program, 3 x 3 types':32} {joint_us:12,.1f}")


def _problem(m: int) -> DesignProblem:
    """The paper's future scenario with m equally likely types, term 3 h."""
    return design_problem(
        np.linspace(0.5, 1.5, m),
        np.full(m, 1 / m),
        kappa_eur=0.2,
        wear_eur_per_kwh=0.01,
        energy_cap_kwh=33,
    )


def _variable_term_problem(m: int) -> VariableTermProblem:
    """The follow-up paper's case with m by m equally likely types."""
    types = np.linspace(0.75, 1.25, m)
    return variable_term_problem(
        types,
        types,
        np.full((m, m), 1 / m**2),
        energy_kappa_eur=0.4,
        term_kappa_eur=0.6,
        wear_eur_per_kwh=0.01,
        tied_eur_per_h=0.05,
    )


def _best_us(design: Callable[[], object], runs: int) -> float:
    """Microseconds of one call: the best of seven batches, after a warm-up."""
    design()
    return min(timeit.repeat(design, number=runs, repeat=7)) / runs * 1e6


if __name__ == "__main__":
    main()
