"""`python -m vpp_gym.cli` is `vpp-gym`."""

from vpp_gym.cli import main

if __name__ == "__main__":
    main()
