"""The review as pure machines and tables: cases, panels, registrations, conflicts, risk."""
