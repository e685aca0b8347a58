"""Training with Stable-Baselines3: a `VecEnv` over the native batch, rewards, and whole runs.

Import from its modules, such as `vpp_gym.training.vec_env`: most need torch and Stable-Baselines3.
"""
