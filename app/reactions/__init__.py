"""Event -> what other rooms do about it, in the same transaction: one readable table."""

from app.accounts.events import (
    ApiKeyIssued,
    ApiKeyRevoked,
    OrganisationRefused,
    OrganisationVerified,
    PersonDeactivated,
    RoleWithdrawn,
)
from app.core.events import Event
from app.core.unit_of_work import Reaction, Reactions
from app.reactions import (
    billing,
    consenting,
    onboarding,
    paying,
    reviewing,
    settling,
    sharing,
    signing,
    trading,
)
from app.reactions.noticing import NOTICERS
from app.reactions.recording import RECORDERS
from compliance.consent.events import ConsentGranted, ConsentWithdrawn, PseudonymKeyMade
from compliance.events import (
    LicenceDocumentOpened,
    LicenceEnded,
    LicenceIssued,
    LicenceNarrowed,
    LicenceRevoked,
    ListingResumed,
    ListingRevoked,
    ListingSuspended,
    ReviewOpened,
    ReviewReturned,
    ScenarioApproved,
    ScenarioNarrowed,
    ScenarioWithdrawn,
    VersionApproved,
    VersionRejected,
)
from compliance.review.events import (
    AppealDecided,
    AppealFiled,
    ReviewExpired,
    SpecialitiesRegistered,
)
from compliance.review.registration_events import (
    ListingApproved,
    ListingRefused,
    RegistrationCancelled,
    RegistrationEnded,
    RegistrationFinal,
)
from compliance.review.suspension_events import SuspensionWidened
from compliance.sampling.events import QualityReported
from ledger.journal.payouts.events import PayoutApproved, PayoutRequested
from ledger.journal.settlement.events import SettlementMade, SettlementRunFinished
from ledger.journal.top_ups.events import TopUpCancelled, TopUpRequested
from ledger.log.events import (
    AcknowledgementKeyRegistered,
    AcknowledgementKeyWithdrawn,
    EvidenceModeSet,
)
from ledger.payments.events import (
    DisputeClosed,
    MovementUnexplained,
    PaymentDisputed,
    PaymentFailed,
    PaymentReceived,
    ProviderFeeCharged,
    ProviderPaidOut,
    RefundApproved,
    RefundFailed,
    TransferFailed,
    TransferPaid,
    TransferReversed,
)
from listings.events import (
    ListingDelisted,
    ListingPublished,
    OrderPlaced,
    PlanPublished,
    ProductDeleted,
    ProductRegistered,
    RegistrationTransferred,
    RegistryEntryEnded,
    TransferAccepted,
    TransferProposed,
    VersionSubmitted,
)
from metering.events import PeriodClosed, PeriodOpened

REACTIONS: dict[type[Event], tuple[Reaction, ...]] = {
    OrganisationVerified: (
        onboarding.tell_compliance,
        onboarding.tell_listings,
        onboarding.open_accounts,
    ),
    OrganisationRefused: (onboarding.end_verification,),
    RoleWithdrawn: (reviewing.forget_reviewer,),
    PersonDeactivated: (reviewing.forget_person,),
    SpecialitiesRegistered: (reviewing.demand_reviewer,),
    ProductRegistered: (consenting.note_product,),
    ProductDeleted: (consenting.forget_product,),
    VersionSubmitted: (reviewing.open_review, consenting.name_listing),
    ReviewOpened: (reviewing.ask_for_probe,),
    ReviewReturned: (reviewing.return_version,),
    VersionRejected: (reviewing.reject_version,),
    ReviewExpired: (reviewing.reject_version,),
    VersionApproved: (reviewing.enter_registration,),
    RegistrationFinal: (reviewing.finish_publicity,),
    RegistryEntryEnded: (reviewing.end_registration,),
    TransferProposed: (consenting.count_what_stays,),
    TransferAccepted: (reviewing.begin_successor, consenting.count_what_stays),
    RegistrationTransferred: (consenting.leave_consents,),
    RegistrationEnded: (reviewing.close_waiting_version,),
    RegistrationCancelled: (reviewing.reject_version, reviewing.cancel_registration),
    ListingRefused: (reviewing.return_version,),
    ListingApproved: (trading.demand_log, reviewing.publish_listing),
    ListingPublished: (
        reviewing.note_listing,
        reviewing.route_listing,
        reviewing.show_quality,
    ),
    QualityReported: (reviewing.grade_listing,),
    ListingDelisted: (reviewing.note_delisting,),
    PlanPublished: (reviewing.note_plan,),
    ListingSuspended: (reviewing.suspend_listing,),
    SuspensionWidened: (reviewing.stop_calls,),
    AppealFiled: (reviewing.reopen_version,),
    AppealDecided: (reviewing.close_version,),
    ListingResumed: (reviewing.resume_listing,),
    ListingRevoked: (reviewing.revoke_listing,),
    PseudonymKeyMade: (consenting.keep_key,),
    ConsentGranted: (consenting.admit_consent,),
    ConsentWithdrawn: (consenting.withdraw_consent,),
    ScenarioApproved: (trading.note_scenario,),
    ScenarioNarrowed: (trading.narrow_scenario,),
    LicenceNarrowed: (trading.narrow_licence, billing.narrow_deferral),
    ScenarioWithdrawn: (trading.end_scenario,),
    OrderPlaced: (
        trading.demand_log,
        trading.charge_order,
        trading.issue_licence,
        sharing.note_shares,
    ),
    LicenceIssued: (
        trading.grant_entitlement,
        trading.note_licence,
        billing.note_deferred_licence,
        trading.grant_on_chain,
    ),
    LicenceDocumentOpened: (reviewing.keep_document,),
    LicenceRevoked: (trading.end_licence, billing.end_deferral),
    PeriodOpened: (billing.charge_period,),
    PeriodClosed: (billing.adjust_period,),
    LicenceEnded: (trading.note_licence_ended,),
    AcknowledgementKeyRegistered: (signing.admit_signer,),
    AcknowledgementKeyWithdrawn: (signing.withdraw_signer,),
    EvidenceModeSet: (signing.demand_signatures,),
    ApiKeyIssued: (trading.admit_key,),
    ApiKeyRevoked: (trading.withdraw_key,),
    TopUpRequested: (paying.request_payment,),
    TopUpCancelled: (paying.cancel_payment,),
    PaymentReceived: (paying.credit_top_up,),
    PaymentFailed: (paying.close_top_up,),
    RefundApproved: (paying.take_refund,),
    RefundFailed: (paying.give_refund_back,),
    PaymentDisputed: (paying.charge_back,),
    DisputeClosed: (paying.close_charge_back,),
    SettlementMade: (settling.record_on_chain,),
    SettlementRunFinished: (settling.anchor_statements,),
    PayoutRequested: (paying.check_payout_account,),
    PayoutApproved: (paying.request_transfer,),
    TransferPaid: (paying.pay_out,),
    TransferFailed: (paying.fail_payout,),
    TransferReversed: (paying.return_payout,),
    ProviderFeeCharged: (paying.note_fee,),
    ProviderPaidOut: (paying.note_paid_out,),
    MovementUnexplained: (paying.note_unexplained,),
}
"""The order in a row is the order of execution; notices follow, and last of all the record."""


def build_reactions() -> Reactions:
    """The table, with each recorded event's log entry behind.

    Behind, because an entry draws its place in the log when it is written: by then a revocation
    holds the locks that calls need, so no call of that licence comes after it in the log.
    """
    tables = (NOTICERS, RECORDERS)
    kinds = {**dict.fromkeys(REACTIONS), **dict.fromkeys(NOTICERS), **dict.fromkeys(RECORDERS)}
    return {
        kind: (*REACTIONS.get(kind, ()), *(table[kind] for table in tables if kind in table))
        for kind in kinds
    }
