"""Evidence of money: invoices, credit notes, suppliers' statements."""
