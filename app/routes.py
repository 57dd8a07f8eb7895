"""Every room's routes, and how the metered call is described beside them."""

from typing import Any

from flask_smorest import Blueprint

from app.accounts import api as accounts_api
from app.auditing import api as auditing_api
from app.auditing import trails
from app.documents import api as documents_api
from app.effects import api as effects_api
from app.notices import api as notices_api
from app.reactions.recording import entry_types
from compliance import api as compliance_api
from compliance.consent import api as consent_api
from compliance.live import api as live_api
from compliance.sampling import api as sampling_api
from ledger.journal.arrivals import api as arrival_api
from ledger.journal.audit import api as audit_api
from ledger.journal.balances import api as balance_api
from ledger.journal.bank_accounts import api as bank_account_api
from ledger.journal.billing.credit_bills import api as credit_bill_api
from ledger.journal.billing.credit_lines import api as credit_line_api
from ledger.journal.billing.invoices import api as invoice_api
from ledger.journal.billing.runs import api as billing_run_api
from ledger.journal.books import api as book_api
from ledger.journal.credits import api as credit_api
from ledger.journal.deferrals import api as deferral_api
from ledger.journal.disputes import api as dispute_api
from ledger.journal.freezes import api as freeze_api
from ledger.journal.payouts import api as payout_api
from ledger.journal.settlement import api as settlement_api
from ledger.journal.spend_alerts import api as spend_alert_api
from ledger.journal.statement_evidence import api as statement_evidence_api
from ledger.journal.supplier_statements import api as statement_api
from ledger.journal.suspense import api as suspense_api
from ledger.journal.top_ups import api as top_up_api
from ledger.journal.withdrawals import api as withdrawal_api
from ledger.journal.write_offs import api as write_off_api
from ledger.log import api as log_api
from ledger.log.anchors import api as anchor_api
from ledger.payments import api as payments_api
from listings import api as listings_api
from metering import api as metering_api
from metering import period_api, quote_api
from metering.calls import api as unserved_api
from metering.calls import description as call_description
from metering.delivery import api as failure_api
from metering.erasure import api as erasure_api


def blueprints() -> list[Blueprint]:
    """Every room's routes."""
    return [
        accounts_api.blueprint,
        documents_api.blueprint,
        effects_api.blueprint,
        notices_api.blueprint,
        listings_api.blueprint,
        compliance_api.blueprint,
        consent_api.blueprint,
        sampling_api.blueprint,
        live_api.blueprint,
        metering_api.blueprint,
        period_api.blueprint,
        quote_api.blueprint,
        failure_api.blueprint,
        unserved_api.blueprint,
        erasure_api.blueprint,
        book_api.blueprint,
        audit_api.blueprint,
        top_up_api.blueprint,
        balance_api.blueprint,
        invoice_api.blueprint,
        statement_api.blueprint,
        billing_run_api.blueprint,
        credit_line_api.blueprint,
        credit_bill_api.blueprint,
        freeze_api.blueprint,
        deferral_api.blueprint,
        spend_alert_api.blueprint,
        credit_api.blueprint,
        dispute_api.blueprint,
        settlement_api.blueprint,
        statement_evidence_api.blueprint,
        bank_account_api.blueprint,
        payout_api.blueprint,
        withdrawal_api.blueprint,
        arrival_api.blueprint,
        suspense_api.blueprint,
        write_off_api.blueprint,
        payments_api.blueprint,
        log_api.blueprint,
        anchor_api.blueprint,
        auditing_api.blueprint,
    ]


def metered_calls() -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Operations by path, and the security scheme, of what the data plane answers."""
    return call_description.paths(), call_description.KEY_SCHEME


def listed_values() -> dict[tuple[str, str], frozenset[str]]:
    """Members of shapes whose values no room knows alone."""
    return {
        ("LogEntry", "type"): entry_types(),
        ("TrailRecord", "kind"): entry_types() | trails.KINDS,
    }
