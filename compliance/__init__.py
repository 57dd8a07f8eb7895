"""Registration review, rules, scenarios and the effective licence."""
