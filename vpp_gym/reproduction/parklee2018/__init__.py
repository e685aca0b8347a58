"""Both models of Park Lee et al. 2018: fuel-cell cars under price- and volume-based contracts."""
