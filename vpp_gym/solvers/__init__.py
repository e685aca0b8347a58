"""Optimisation programs and exact solvers."""
