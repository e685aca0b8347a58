"""The case study of Rahman et al. 2023, e-Energy, doi 10.1145/3575813.3597353."""
