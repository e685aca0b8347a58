"""Thin Gymnasium environments over the simulator, scalar and vector."""
