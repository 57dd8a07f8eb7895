"""Data products, the catalogue, offers, plans, orders and agreements."""
