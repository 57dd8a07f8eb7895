"""The auditor's reads: twenty questions, what was recorded about a subject, and exports."""
