"""Settlement on the day-ahead and imbalance markets, and the ledger of named terms."""
