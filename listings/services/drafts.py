"""Registers data products and edits the drafts of their versions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.core.cipher import Cipher
from app.core.ids import OrganisationId, ProductId
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.errors import DraftOpen, Fault, VersionInvalid
from listings.events import ProductRegistered
from listings.models import DataProduct, Offer, Plan, ProductVersion, UpstreamCredential
from listings.offers.plan_terms import plan_hash, plan_terms
from listings.queries.products import lock_product, lock_version
from listings.services.contributions import ask_contributors, sharing_faults
from listings.versions.content_rules import content_faults
from listings.versions.drafts import Draft, credential_faults, offer_faults, read_draft
from listings.versions.life_cycle import DRAFT, OPEN


def register_product(
    uow: UnitOfWork, principal: Principal, *, name: str, origin: dict[str, Any] | None = None
) -> DataProduct:
    """Enter a data product of the principal's organisation; nothing is public by that."""
    product = DataProduct(
        id=uow.ids.new("prd"),
        supplier_id=principal.organisation_id,
        name=name,
        origin=origin,
        registered_at=uow.now,
    )
    uow.session.add(product)
    uow.record(
        ProductRegistered(
            occurred_at=uow.now,
            product_id=ProductId(product.id),
            supplier_id=OrganisationId(product.supplier_id),
        )
    )
    return product


def draft_version(
    uow: UnitOfWork,
    principal: Principal,
    cipher: Cipher,
    *,
    product_id: str,
    form: Mapping[str, Any],
) -> ProductVersion:
    """Begin the next version; raises `ProductNotFound`, `DraftOpen`, `VersionInvalid`."""
    product = lock_product(uow.session, product_id, supplier_id=principal.organisation_id)
    version = begin_version(uow, product, version_number=_next_number(uow, product))
    _write(uow, cipher, version, read_draft(form), stored_for=None)
    uow.session.add(version)
    uow.session.flush()
    return version


def begin_version(uow: UnitOfWork, product: DataProduct, *, version_number: int) -> ProductVersion:
    """An empty draft of the product."""
    return ProductVersion(
        id=uow.ids.new("ver"),
        product_id=product.id,
        supplier_id=product.supplier_id,
        version_number=version_number,
        state=DRAFT,
        content={},
        offers=[],
        credential=None,
        created_at=uow.now,
        edited_at=uow.now,
    )


def replace_draft(
    uow: UnitOfWork,
    principal: Principal,
    cipher: Cipher,
    *,
    product_id: str,
    version_number: int,
    form: Mapping[str, Any],
    tags: frozenset[str] | None = None,
) -> ProductVersion:
    """Replace the whole draft, if it still has one of the ``tags``.

    Raises `VersionNotFound`, `VersionChanged`, `VersionImmutable`, `VersionInvalid`.
    """
    version = _editable(uow, principal, product_id, version_number, tags=tags)
    draft = read_draft(form)
    stored_for = version.content.get("upstream")
    version.content = {}
    whole = Draft(draft.content, draft.offers or [], draft.credential)
    _write(uow, cipher, version, whole, stored_for=stored_for)
    return version


def amend_draft(
    uow: UnitOfWork,
    principal: Principal,
    cipher: Cipher,
    *,
    product_id: str,
    version_number: int,
    form: Mapping[str, Any],
    tags: frozenset[str] | None = None,
) -> ProductVersion:
    """Replace the named parts of a draft; raises as `replace_draft`."""
    version = _editable(uow, principal, product_id, version_number, tags=tags)
    _write(uow, cipher, version, read_draft(form), stored_for=version.content.get("upstream"))
    return version


def _editable(
    uow: UnitOfWork,
    principal: Principal,
    product_id: str,
    version_number: int,
    *,
    tags: frozenset[str] | None,
) -> ProductVersion:
    version = lock_version(
        uow.session, product_id, version_number, supplier_id=principal.organisation_id
    )
    version.demand_match(tags)
    version.demand_editable()
    version.advance("edit", at=uow.now)
    # What was handed in before and came back has no hash of its own any more.
    version.dossier_hash = None
    return version


def _next_number(uow: UnitOfWork, product: DataProduct) -> int:
    open_number = uow.session.scalar(
        select(ProductVersion.version_number).where(
            ProductVersion.product_id == product.id, ProductVersion.state.in_(OPEN)
        )
    )
    if open_number is not None:
        raise DraftOpen(product.id, open_number)
    last = uow.session.scalar(
        select(func.max(ProductVersion.version_number)).where(
            ProductVersion.product_id == product.id
        )
    )
    return (last or 0) + 1


def _write(
    uow: UnitOfWork,
    cipher: Cipher,
    version: ProductVersion,
    draft: Draft,
    *,
    stored_for: Mapping[str, Any] | None,
) -> None:
    upstream = draft.content.get("upstream", version.content.get("upstream"))
    faults = credential_faults(upstream, credential=draft.credential, stored_for=stored_for)
    write_content(uow, version, draft, faults=faults)
    if draft.credential is not None:
        _keep_credential(uow, cipher, version, draft.credential)
    elif not (upstream or {}).get("credential_header"):
        version.credential = None


def write_content(
    uow: UnitOfWork, version: ProductVersion, draft: Draft, *, faults: Sequence[Fault] = ()
) -> None:
    """Set content and offers; raises `VersionInvalid` with every fault, the given ones too."""
    content = {**version.content, **draft.content}
    contributors = content.get("contributors", [])
    found = [
        *content_faults(content),
        *offer_faults(draft.offers or []),
        *sharing_faults(uow, contributors, supplier_id=version.supplier_id),
        *faults,
    ]
    if found:
        raise VersionInvalid(found)
    version.content = content
    if draft.offers is not None:
        version.offers = [_offer(uow, version, offer) for offer in draft.offers]
    ask_contributors(uow, version)


def _offer(uow: UnitOfWork, version: ProductVersion, offer: Mapping[str, Any]) -> Offer:
    offer_id = uow.ids.new("off")
    return Offer(
        id=offer_id,
        version_id=version.id,
        supplier_id=version.supplier_id,
        name=offer["name"],
        plans=[_plan(uow, version, offer_id, plan_terms(plan)) for plan in offer["plans"]],
    )


def _plan(uow: UnitOfWork, version: ProductVersion, offer_id: str, terms: dict[str, Any]) -> Plan:
    return Plan(
        id=uow.ids.new("pln"),
        offer_id=offer_id,
        version_id=version.id,
        supplier_id=version.supplier_id,
        terms=terms,
        plan_hash=plan_hash(terms),
    )


def _keep_credential(
    uow: UnitOfWork, cipher: Cipher, version: ProductVersion, credential: str
) -> None:
    context = f"upstream:{version.id}"
    kept = version.credential or UpstreamCredential(
        version_id=version.id, supplier_id=version.supplier_id
    )
    kept.ciphertext = cipher.encrypt(credential.encode(), context=context)
    kept.context, kept.stored_at = context, uow.now
    version.credential = kept
