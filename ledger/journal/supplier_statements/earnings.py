"""What a posting of a payable is to its supplier: the columns of its statements."""

from collections.abc import Mapping

OTHER = "other"
CATEGORIES = ("usage", "package", "period", "credit", OTHER)
CATEGORY_OF: Mapping[str, str] = {
    "accrue_calls": "usage",
    "true_up": "usage",
    "charge_order": "package",
    "recognise": "package",
    "charge_period": "period",
    "charge_minimum": "period",
    "credit": "credit",
}
"""Posting template -> column of the statement; any other template is ``other``."""
