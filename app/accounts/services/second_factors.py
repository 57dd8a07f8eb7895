"""Verbs of the second factor: enrolment, confirmation, proof at sign-in."""

from dataclasses import dataclass

from app.accounts.access_models import SecondFactor
from app.accounts.models import Person
from app.accounts.one_time_codes import enrolment_uri, matching_step, new_secret
from app.accounts.ports import CredentialKit
from app.accounts.services.session_ends import end_sessions
from app.accounts.sign_in_errors import (
    ConfirmationRefused,
    NoEnrolmentPending,
    OneTimeCodeNeeded,
    OneTimeCodeRefused,
    SecondFactorHeld,
)
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork

ISSUER = "Counterfoil"


@dataclass(frozen=True)
class Enrolment:
    """Shown once: the secret, and the same as an address for an authenticator."""

    secret: str
    uri: str


def enrol_second_factor(uow: UnitOfWork, kit: CredentialKit, principal: Principal) -> Enrolment:
    """A new secret that counts from its confirmation on; an unconfirmed one is replaced.

    Raises `SecondFactorHeld` where a confirmed one is not part of this session.
    """
    person = uow.session.get_one(Person, principal.id, with_for_update=True)
    factor = uow.session.get(SecondFactor, person.id)
    if factor is None:
        factor = SecondFactor(person_id=person.id, organisation_id=person.organisation_id)
        uow.session.add(factor)
    elif factor.confirmed_at is not None and not principal.has_second_factor:
        raise SecondFactorHeld
    secret = new_secret(kit.entropy)
    factor.pending_ciphertext = kit.cipher.encrypt(secret.encode(), context=_context(person.id))
    return Enrolment(secret, enrolment_uri(secret, account=person.email, issuer=ISSUER))


def confirm_second_factor(
    uow: UnitOfWork,
    kit: CredentialKit,
    principal: Principal,
    *,
    one_time_code: str,
    session_id: str,
) -> None:
    """Make the pending secret the person's second factor and end their other sessions.

    Raises `NoEnrolmentPending`, `ConfirmationRefused`.
    """
    factor = _locked(uow, principal.id)
    if factor is None or factor.pending_ciphertext is None:
        raise NoEnrolmentPending
    secret = _decrypt(kit, principal.id, factor.pending_ciphertext)
    step = matching_step(secret, one_time_code, now=uow.now)
    if step is None:
        raise ConfirmationRefused
    factor.secret_ciphertext, factor.pending_ciphertext = factor.pending_ciphertext, None
    factor.last_step, factor.confirmed_at = step, uow.now
    end_sessions(uow, principal.id, reason="second_factor_changed", keep=session_id)


def prove_second_factor(
    uow: UnitOfWork, kit: CredentialKit, person_id: str, one_time_code: str | None
) -> bool:
    """Whether the person proved a second factor; false where they have none.

    The code's time step is spent under a lock: no code is accepted twice, not even at once.
    Raises `OneTimeCodeNeeded`, `OneTimeCodeRefused`.
    """
    factor = _locked(uow, person_id)
    if factor is None or factor.secret_ciphertext is None:
        return False
    if one_time_code is None:
        raise OneTimeCodeNeeded
    secret = _decrypt(kit, person_id, factor.secret_ciphertext)
    step = matching_step(secret, one_time_code, now=uow.now, after_step=factor.last_step)
    if step is None:
        raise OneTimeCodeRefused
    factor.last_step = step
    return True


def _locked(uow: UnitOfWork, person_id: str) -> SecondFactor | None:
    return uow.session.get(SecondFactor, person_id, with_for_update=True)


def _decrypt(kit: CredentialKit, person_id: str, ciphertext: bytes) -> str:
    return kit.cipher.decrypt(ciphertext, context=_context(person_id)).decode()


def _context(person_id: str) -> str:
    return f"second-factor:{person_id}"
