"""Double-entry money: who owes whom, exactly, and never changed afterwards."""
