"""Training with Stable-Baselines3, and the trained policies; run from the repository."""
