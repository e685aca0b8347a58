"""Training with Stable-Baselines3, run from the repository; `vpp-gym train` is the same."""
