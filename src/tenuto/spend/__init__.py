"""What things cost: prices, budgets that stop, and the ledger of what was used."""
