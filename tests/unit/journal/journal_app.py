"""The journal's routes behind the exchange's own HTTP parts, with principals chosen by the test."""

from flask import Flask

from app.core.cipher import Cipher
from app.core.clock import Clock
from app.core.ids import IdSource
from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWorkFactory
from app.web import access, addresses, idempotency, problems, request_context
from app.web.access import Authenticator
from app.web.context import Registry
from app.web.documentation import ProblemApi
from app.web.limits import limiter
from app.web.observability import Metrics
from ledger.journal.arrivals import api as arrival_api
from ledger.journal.audit import api as audit_api
from ledger.journal.audit.ports import AuditPorts
from ledger.journal.balances import api as balance_api
from ledger.journal.bank_accounts import api as bank_account_api
from ledger.journal.billing.credit_bills import api as credit_bill_api
from ledger.journal.billing.credit_lines import api as credit_line_api
from ledger.journal.billing.invoices import api as invoice_api
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.billing.runs import api as billing_run_api
from ledger.journal.books import api as book_api
from ledger.journal.credits import api as credit_api
from ledger.journal.deferrals import api as deferral_api
from ledger.journal.disputes import api as dispute_api
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.freezes import api as freeze_api
from ledger.journal.payouts import api as payout_api
from ledger.journal.settlement import api as settlement_api
from ledger.journal.spend_alerts import api as spend_alert_api
from ledger.journal.statement_evidence import api as statement_evidence_api
from ledger.journal.supplier_statements import api as statement_api
from ledger.journal.suspense import api as suspense_api
from ledger.journal.top_ups import api as top_up_api
from ledger.journal.top_ups.bank_transfer_gateway import BankTransferGateway
from ledger.journal.top_ups.ports import PaymentGateways
from ledger.journal.withdrawals import api as withdrawal_api
from ledger.journal.write_offs import api as write_off_api
from tests.factories.traded_books import evidence_ports
from tests.fakes.principals import NamedPrincipals


def identifier(prefix, number):
    """An id of the right shape that is the same in every run."""
    return f"{prefix}_{number:026d}"


BUYER_ID, SUPPLIER_ID = identifier("org", 1), identifier("org", 2)
STRANGER_ID, EXCHANGE_ID = identifier("org", 3), identifier("org", 9)
LICENCE_ID, ORDER_ID = identifier("lic", 1), identifier("ord", 1)


def _staff(name, role):
    return Principal(name, EXCHANGE_ID, frozenset({role}), has_second_factor=True)


PRINCIPALS = {
    "buyer": Principal(identifier("psn", 1), BUYER_ID, frozenset({Role.BUYER})),
    "supplier": Principal(identifier("psn", 2), SUPPLIER_ID, frozenset({Role.SUPPLIER})),
    "stranger": Principal(
        identifier("psn", 3), STRANGER_ID, frozenset({Role.BUYER, Role.SUPPLIER})
    ),
    "operator": _staff(identifier("psn", 4), Role.OPERATOR),
    "second_operator": _staff(identifier("psn", 5), Role.OPERATOR),
    "risk_officer": _staff(identifier("psn", 7), Role.RISK_OFFICER),
    "auditor": _staff(identifier("psn", 6), Role.AUDITOR),
}


def journal_app(units, ports, clock):
    """The application with nothing but the journal."""
    app, registry = Flask("journal"), Registry()
    app.config.update(
        RATELIMIT_STORAGE_URI="memory://",
        PROPAGATE_EXCEPTIONS=False,
        API_TITLE="journal",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
    )
    registry.add(Clock, clock)
    registry.add(IdSource, units.ids)
    registry.add(Cipher, Cipher(bytes(32)))
    registry.add(UnitOfWorkFactory, units)
    registry.add(Authenticator, NamedPrincipals(PRINCIPALS))
    accounts = {"CNY": "Bank of Examples", "HKD": "Bank of Examples, Hong Kong"}
    registry.add(PaymentGateways, PaymentGateways(BankTransferGateway(accounts)))
    registry.add(BillingPorts, ports)
    registry.add(AuditPorts, AuditPorts())
    registry.add(EvidencePorts, evidence_ports())
    app.extensions["counterfoil"] = registry
    app.extensions["counterfoil.metrics"] = Metrics()
    problems.register(app)
    request_context.register(app, units.ids)
    addresses.register(app)
    access.register_authentication(app)
    limiter.init_app(app)
    access.register_authorisation(app)
    idempotency.register(app)
    documented = ProblemApi(app)
    for each in (
        arrival_api,
        audit_api,
        balance_api,
        bank_account_api,
        billing_run_api,
        book_api,
        credit_api,
        credit_bill_api,
        credit_line_api,
        deferral_api,
        dispute_api,
        freeze_api,
        invoice_api,
        payout_api,
        settlement_api,
        spend_alert_api,
        statement_api,
        statement_evidence_api,
        suspense_api,
        top_up_api,
        withdrawal_api,
        write_off_api,
    ):
        documented.register_blueprint(each.blueprint)
    return app
