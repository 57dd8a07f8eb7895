"""Bills: invoices of licences, credit lines and their bills, and the monthly run over both."""
