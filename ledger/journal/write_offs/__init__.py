"""Write-offs: debts that nobody expects to be paid, and what of them comes in all the same."""
