"""What the staff open is noted, whatever route it is; an exception is named, with its reason."""

from app.core.principals import Permission
from app.web.access import access_of, requires
from app.web.staff_reads import READING_METHODS, is_noted

UNNOTED = {
    "accounts.get_me",
    "accounts.get_own_organisation",
    "payments.get_gateways",
    "payouts.get_payout_instructions",
    "withdrawals.get_withdrawal_instructions",
}
"""Reads that demand a permission and are not noted; each view says why."""


def unnoted_reads(app):
    """Views that somebody may only read with a permission, and whose reading leaves no trace."""
    found = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        access = access_of(view)
        demands = access is not None and access.permission is not None
        if rule.methods & READING_METHODS and demands and not is_noted(view):
            found[rule.endpoint] = view.unnoted
    return found


def test_each_read_that_demands_a_permission_is_noted_or_says_why(app):
    found = unnoted_reads(app)
    assert set(found) == UNNOTED
    assert all(found.values())


def test_a_new_route_is_noted_without_anybody_thinking_of_it(app):
    view = requires(Permission.READ_OWN)(lambda: "shown")
    app.add_url_rule("/planted", "planted", view)
    assert is_noted(view)
    assert "planted" not in unnoted_reads(app)
