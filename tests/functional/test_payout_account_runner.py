"""The worker opens suppliers' accounts one by one; an answer that nobody can read is one's own."""

from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.payments import account_services, queries
from ledger.payments.account_services import AccountRunner
from ledger.payments.ports import AccountSight

READABLE = AccountSight("acct_2", is_ready=True, requirements=(), disabled_reason="")


class Provider:
    """A provider that opens one account with an answer that is not understood."""

    name = "stripe"

    def __init__(self, unreadable):
        self.unreadable = unreadable

    def plan_account(self, account_id, organisation_id):
        return {"call": "accounts.create", "params": {"id": account_id, "of": organisation_id}}

    def find_account(self, _account_id, _since):
        return None

    def open_account(self, request, _key):
        if request["params"]["of"] == self.unreadable:
            raise KeyError("id")
        return READABLE


def test_an_answer_that_is_not_understood_holds_up_nobody_else_s_account(units, clock):
    provider = Provider("org_1")
    for supplier in ("org_1", "org_2"):
        owner = Principal(f"psn_{supplier}", supplier, frozenset({Role.SUPPLIER}))
        with units.begin(Reach.organisation(supplier)) as uow:
            account_services.request_payout_account(uow, owner, provider)
            uow.commit()
        clock.advance(seconds=1)
    assert not AccountRunner(units, {"stripe": provider}).run_due()
    with units.begin(Reach.EXCHANGE) as uow:
        first, second = (
            queries.find_payout_account(uow.session, supplier, "stripe")
            for supplier in ("org_1", "org_2")
        )
    assert second.state == "ready"
    assert (first.state, first.last_error) == ("sent", "KeyError: 'id'")
