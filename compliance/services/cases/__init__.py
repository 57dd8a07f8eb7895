"""Review cases: opened, taken, looked at, decided."""
