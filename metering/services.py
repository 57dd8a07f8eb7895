"""What other rooms' events change for calls: routes, entitlements and keys, behind their fences."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute, Session
from typing_extensions import Unpack

from app.core.agreed_terms import AgreedTerms
from app.core.unit_of_work import UnitOfWork
from metering import fences
from metering.models import CallKey, DeliveryRoute, Entitlement, PlanCopy
from metering.plans.pools import granted_free_units, granted_units
from metering.plans.roll_over import carry_package
from metering.plans.services import end_periods, narrow_periods, open_first_period
from metering.plans.terms import read_plan
from metering.queries import get_entitlement


def route_listing(
    uow: UnitOfWork,
    *,
    listing_code: str,
    version_id: str,
    supplier_id: str,
    delivery: dict[str, Any],
    fields_in: list[dict[str, Any]],
    fields_out: list[dict[str, Any]],
) -> None:
    """Open the route of a published version; licences of earlier versions keep theirs."""
    _close_fence(uow, "listing", listing_code)
    values = {
        "listing_code": listing_code,
        "supplier_id": supplier_id,
        "state": "open",
        "delivery": delivery,
        "fields_in": fields_in,
        "fields_out": fields_out,
        "changed_at": uow.now,
    }
    statement = insert(DeliveryRoute).values(version_id=version_id, revision=1, **values)
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=[DeliveryRoute.version_id],
            set_={**values, "revision": DeliveryRoute.revision + 1},
        )
    )


def suspend_route(uow: UnitOfWork, *, listing_code: str) -> None:
    """Stop every version of a listing; a revoked route stays revoked."""
    _change_routes(uow, listing_code, "suspended", ("open",))


def resume_route(uow: UnitOfWork, *, listing_code: str) -> None:
    """Deliver again after a suspension."""
    _change_routes(uow, listing_code, "open", ("suspended",))


def revoke_route(uow: UnitOfWork, *, listing_code: str) -> None:
    """Stop a listing for good."""
    _change_routes(uow, listing_code, "revoked", ("open", "suspended"))


def _change_routes(
    uow: UnitOfWork, listing_code: str, state: str, from_states: Sequence[str]
) -> None:
    _close_fence(uow, "listing", listing_code)
    uow.session.execute(
        update(DeliveryRoute)
        .where(DeliveryRoute.listing_code == listing_code, DeliveryRoute.state.in_(from_states))
        .values(state=state, revision=DeliveryRoute.revision + 1, changed_at=uow.now)
    )


def grant_entitlement(
    uow: UnitOfWork,
    *,
    licence_id: str,
    terms: dict[str, Any],
    terms_hash: str,
    permitted_purposes: Sequence[str] | None = None,
    **agreed: Unpack[AgreedTerms],
) -> None:
    """Give a licence its allowance; granting the same licence again changes nothing."""
    plan = read_plan(agreed["plan_terms"])
    if plan.is_prepaid and plan.valid_days:
        paid_until = agreed["starts_at"] + timedelta(days=plan.valid_days)
        agreed["ends_at"] = min(agreed["ends_at"], paid_until)
    is_new = _add(
        uow,
        Entitlement.licence_id,
        licence_id=licence_id,
        terms=terms,
        permitted_purposes=None if permitted_purposes is None else list(permitted_purposes),
        terms_hash=terms_hash,
        **agreed,
        state="active",
        revision=1,
        changed_at=uow.now,
        granted_calls=terms.get("calls_max"),
        granted_units=granted_units(plan),
        granted_free_units=granted_free_units(plan),
        cap_amount=None,
    )
    if is_new:
        granted = get_entitlement(uow.session, None, licence_id)
        open_first_period(uow, granted)
        uow.session.flush()
        carry_package(uow, granted)


def _add(uow: UnitOfWork, key: InstrumentedAttribute[str], **values: Any) -> bool:
    """Insert a row; whether it is new, or its key was there already and nothing changed."""
    statement = insert(key.class_).values(**values)
    added = uow.session.scalar(
        statement.on_conflict_do_nothing(index_elements=[key]).returning(key)
    )
    return added is not None


def revoke_entitlement(uow: UnitOfWork, *, licence_id: str) -> None:
    """End a licence: no call that is committed after this is delivered."""
    _close_fence(uow, "licence", licence_id)
    uow.session.execute(
        update(Entitlement)
        .where(Entitlement.licence_id == licence_id, Entitlement.state == "active")
        .values(state="revoked", revision=Entitlement.revision + 1, changed_at=uow.now)
    )
    end_periods(uow, licence_id)


def narrow_entitlement(
    uow: UnitOfWork,
    *,
    licence_id: str,
    terms: dict[str, Any],
    terms_hash: str,
    permitted_purposes: Sequence[str] | None,
    starts_at: datetime,
    ends_at: datetime,
) -> None:
    """Let a licence permit less: no call that is committed after this goes beyond it.

    A smaller number of calls never falls below what is spent and out on lease.
    """
    _close_fence(uow, "licence", licence_id)
    taken = Entitlement.spent_calls + Entitlement.leased_calls
    calls_max = terms.get("calls_max")
    uow.session.execute(
        update(Entitlement)
        .where(Entitlement.licence_id == licence_id)
        .values(
            terms=terms,
            terms_hash=terms_hash,
            permitted_purposes=None if permitted_purposes is None else list(permitted_purposes),
            starts_at=starts_at,
            ends_at=func.least(Entitlement.ends_at, ends_at),
            granted_calls=None if calls_max is None else func.greatest(taken, calls_max),
            revision=Entitlement.revision + 1,
            changed_at=uow.now,
        )
    )
    narrow_periods(uow, licence_id, ends_at)


def admit_key(
    uow: UnitOfWork,
    *,
    key_id: str,
    licence_id: str,
    organisation_id: str,
    secret_hash: str,
    networks: Sequence[str],
    expires_at: datetime | None,
    calls_per_second: int | None = None,
) -> None:
    """Let a key call under its licence; told again of a key, change it (a rotated one ends)."""
    changing = {
        "networks": list(networks),
        "expires_at": expires_at,
        "calls_per_second": calls_per_second,
    }
    is_new = _add(
        uow,
        CallKey.key_id,
        key_id=key_id,
        licence_id=licence_id,
        organisation_id=organisation_id,
        secret_hash=secret_hash,
        withdrawn_at=None,
        **changing,
    )
    if not is_new:
        uow.session.execute(update(CallKey).where(CallKey.key_id == key_id).values(**changing))
        change_licence(uow, licence_id)


def withdraw_key(uow: UnitOfWork, *, key_id: str) -> None:
    """End a key; its licence's revision changes, so that calls in flight are decided again."""
    licence_id = uow.session.scalar(
        update(CallKey)
        .where(CallKey.key_id == key_id, CallKey.withdrawn_at.is_(None))
        .values(withdrawn_at=uow.now)
        .returning(CallKey.licence_id)
    )
    if licence_id is not None:
        change_licence(uow, licence_id)


def change_licence(uow: UnitOfWork, licence_id: str) -> None:
    """Have calls in flight under the licence decided again."""
    _close_fence(uow, "licence", licence_id)
    uow.session.execute(
        update(Entitlement)
        .where(Entitlement.licence_id == licence_id)
        .values(revision=Entitlement.revision + 1, changed_at=uow.now)
    )


def note_plan(
    uow: UnitOfWork, *, plan_id: str, plan_hash: str, listing_code: str, terms: dict[str, Any]
) -> None:
    """Keep a published plan's terms for quotes; plans never change under their id."""
    statement = insert(PlanCopy).values(
        plan_id=plan_id,
        plan_hash=plan_hash,
        listing_code=listing_code,
        terms=terms,
        noted_at=uow.now,
    )
    uow.session.execute(statement.on_conflict_do_nothing(index_elements=[PlanCopy.plan_id]))


def close_fences(uow: UnitOfWork, kind: str, subjects: Sequence[str]) -> None:
    """Wait until no commit relies on the subjects, keep others out, announce the change.

    In the order of their keys, as committers take them, so that nobody waits in a ring.
    """
    for key in sorted(fences.fence_key(f"{kind}:{subject}") for subject in subjects):
        uow.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
    announce(uow.session, fences.message(kind, subjects))


def announce(teller: Session | Connection, message: str) -> None:
    """Have every worker told a `fences.message` with the teller's commit (LISTEN/NOTIFY)."""
    given = {"channel": fences.CHANNEL, "message": message}
    teller.execute(text("SELECT pg_notify(:channel, :message)"), given)


def _close_fence(uow: UnitOfWork, kind: str, subject: str) -> None:
    close_fences(uow, kind, [subject])
