"""Settlement: what suppliers are owed and paid, and what disputes and charge-backs take back."""
