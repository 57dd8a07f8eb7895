"""Records a file of answers: all of it or nothing, and what was recorded before only once.

A row that names the same person, recipient, purpose, answer and record of it is the same answer,
in whatever file it comes: a file that is sent again revives nothing that ended meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.clock import iso_instant
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from compliance.consent.errors import ConsentFileInvalid, ConsentRecipientUnknown
from compliance.consent.models import Consent
from compliance.consent.ports import ConsentKit
from compliance.consent.registers import lock_register
from compliance.consent.services import demand_recipient, record_consent
from compliance.consent.states import LIFETIME_MAX, ConsentAnswer, ConsentState, state_at
from compliance.consent.tokens import token_of

Key = tuple[str, str, str, bool, str]


@dataclass(frozen=True)
class FiledAnswer:
    """A row of the file, with the members of an answer."""

    line: int
    members: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """What makes it the same answer."""
        told = self.members
        is_grant = told["answer"] == ConsentAnswer.GRANT
        return (
            told["recipient_id"],
            told["subject"],
            told["purpose"],
            is_grant,
            told["evidence_hash"],
        )


@dataclass(frozen=True)
class FiledConsent:
    """What became of a row; the token as long as the consent stands."""

    line: int
    is_new: bool
    consent: Consent
    token: str | None


def fault(line: int, member: str, detail: str) -> dict[str, str]:
    """One thing that is wrong with a row: its line and member as a pointer, and what."""
    return {"pointer": f"#/{line}/{member}" if member else f"#/{line}", "detail": detail}


def record_file(
    uow: UnitOfWork,
    kit: ConsentKit,
    principal: Principal,
    *,
    product_id: str,
    answers: Sequence[FiledAnswer],
    faults: Sequence[dict[str, str]] = (),
) -> list[FiledConsent]:
    """Every row in its order, new or recorded before; ``faults`` are the rows that were none.

    Raises `ConsentRegisterNotFound`, `ConsentRegisterClosed`, and `ConsentFileInvalid` with every
    fault there is.
    """
    # Two files at once would both find a row new.
    lock_register(uow, principal, product_id)
    found = [*faults, *_term_faults(answers, uow.now), *_recipient_faults(uow, answers)]
    if found:
        raise ConsentFileInvalid(sorted(found, key=_by_line))
    known = _recorded_before(uow, product_id, answers)
    filed = []
    for each in answers:
        former = known.get(each.key)
        if former is not None:
            token = _standing_token(kit, former, uow.now)
            filed.append(FiledConsent(each.line, is_new=False, consent=former, token=token))
            continue
        made = record_consent(uow, kit, principal, product_id=product_id, **each.members)
        known[each.key] = made.consent
        filed.append(FiledConsent(each.line, is_new=True, consent=made.consent, token=made.token))
    return filed


def _by_line(found: Mapping[str, str]) -> tuple[int, str]:
    return int(found["pointer"].split("/")[1]), found["pointer"]


def _term_faults(answers: Sequence[FiledAnswer], now: datetime) -> list[dict[str, str]]:
    latest = now + LIFETIME_MAX
    detail = f"After now, at most {iso_instant(latest)}."
    return [
        fault(each.line, "expires_at", detail)
        for each in answers
        if each.members["answer"] == ConsentAnswer.GRANT
        and not now < each.members["expires_at"] <= latest
    ]


def _recipient_faults(uow: UnitOfWork, answers: Sequence[FiledAnswer]) -> list[dict[str, str]]:
    # Who buys is nobody's to read; whether one that is named does is all that the collector learns.
    reach = uow.reach
    uow.enter(Reach.EXCHANGE)
    named = {each.members["recipient_id"] for each in answers}
    unknown = {each for each in named if not _is_recipient(uow, each)}
    uow.enter(reach)
    return [
        fault(each.line, "recipient_id", "This is no verified buyer.")
        for each in answers
        if each.members["recipient_id"] in unknown
    ]


def _is_recipient(uow: UnitOfWork, recipient_id: str) -> bool:
    try:
        demand_recipient(uow, recipient_id)
    except ConsentRecipientUnknown:
        return False
    return True


def _recorded_before(
    uow: UnitOfWork, product_id: str, answers: Sequence[FiledAnswer]
) -> dict[Key, Consent]:
    """The first that was recorded of each answer."""
    hashes = {each.members["evidence_hash"] for each in answers}
    wanted = select(Consent).where(
        Consent.product_id == product_id,
        Consent.evidence_hash.in_(hashes),
        Consent.is_test.is_(False),
    )
    found: dict[Key, Consent] = {}
    for each in uow.session.scalars(wanted.order_by(Consent.id)):
        is_grant = each.state != ConsentState.DENIED
        key = (each.recipient_id, each.subject, each.purpose, is_grant, each.evidence_hash)
        found.setdefault(key, each)
    return found


def _standing_token(kit: ConsentKit, consent: Consent, now: datetime) -> str | None:
    if state_at(consent.state, consent.expires_at, now) is not ConsentState.GRANTED:
        return None
    return token_of(consent, issuer=kit.issuer, signer=kit.signer)
