"""Bills: invoices, periods, credit, deferral, alerts, and the documents that print them."""
