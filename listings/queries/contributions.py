"""Contributions, for the supplier that asks and the contributor that is asked; and shares."""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from listings.models import AgreementShare, Contribution
from listings.offers.errors import ContributionNotFound


def list_contributions(
    session: Session,
    *,
    organisation_id: str,
    side: str | None = None,
    state: str | None = None,
    version_id: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Contribution]:
    """Contributions that the organisation asks for or is asked for, newest first."""
    statement = select(Contribution).where(_is_party(organisation_id, side))
    if state is not None:
        statement = statement.where(Contribution.state == state)
    if version_id is not None:
        statement = statement.where(Contribution.version_id == version_id)
    return paginate(session, statement, key=Contribution.id, cursor=cursor, limit=limit)


def _is_party(organisation_id: str, side: str | None) -> ColumnElement[bool]:
    sides = {
        "supplier": Contribution.supplier_id == organisation_id,
        "contributor": Contribution.contributor_id == organisation_id,
    }
    return or_(*sides.values()) if side is None else sides[side]


def get_contribution(
    session: Session, contribution_id: str, *, organisation_id: str
) -> Contribution:
    """A contribution that the organisation has a part in; raises `ContributionNotFound`."""
    statement = select(Contribution).where(
        Contribution.id == contribution_id, _is_party(organisation_id, None)
    )
    contribution = session.scalars(statement).one_or_none()
    if contribution is None:
        raise ContributionNotFound(contribution_id)
    return contribution


def lock_asked_of(session: Session, contribution_id: str, *, contributor_id: str) -> Contribution:
    """A contribution to decide on, which no edit changes now; raises `ContributionNotFound`."""
    statement = (
        select(Contribution)
        .where(Contribution.id == contribution_id, _is_party(contributor_id, "contributor"))
        .with_for_update()
    )
    contribution = session.scalars(statement).one_or_none()
    if contribution is None:
        raise ContributionNotFound(contribution_id)
    return contribution


def list_agreement_shares(
    session: Session,
    *,
    contributor_id: str,
    listing_code: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[AgreementShare]:
    """What the contributor gets of agreements, newest first; nothing of their buyers."""
    statement = select(AgreementShare).where(AgreementShare.contributor_id == contributor_id)
    if listing_code is not None:
        statement = statement.where(AgreementShare.listing_code == listing_code)
    return paginate(session, statement, key=AgreementShare.agreement_id, cursor=cursor, limit=limit)
