"""What a worker keeps of a key and its licence to decide calls without asking the database."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

from app.core.cipher import Cipher
from app.core.delivery import ANSWER_BYTES_MAX, TIMEOUT_MS_MAX
from metering.answers.field_schemas import AnswerSchema, RequestSchema
from metering.answers.outcome_rules import OutcomeRule, read_rule
from metering.fences import licence_fence, listing_fence
from metering.packages.files import PackageFile, read_files
from metering.plans.allowances import CallBounds
from metering.plans.rating import most_units
from metering.plans.terms import PlanTerms, read_plan
from metering.ports import Target
from metering.rate_limits import Limit, Limits
from metering.subjects import SubjectRule, subject_rule

Network = IPv4Network | IPv6Network
NOT_CONSENT_BASED = "NOT_CONSENT_BASED"


@dataclass(frozen=True, slots=True)
class RouteView:
    """How a listing's version is asked and what it answers, compiled once."""

    state: str
    revision: int
    target: Target
    rule: OutcomeRule
    request_schema: RequestSchema
    answer_schema: AnswerSchema
    upstream: str
    """Host and port of the supplier's system: what calls of several listings may share."""
    calls_per_second: int | None
    """What the supplier's system takes at most, if its delivery says so."""
    subject: SubjectRule | None = None
    """How a call says about whom it asks; None where its listing does not say."""
    files: tuple[PackageFile, ...] | None = None
    """What a call is answered with where the listing is a package of files."""


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent as the register holds it; ``purposes`` with all below them."""

    consent_id: str
    listing_code: str
    recipient_id: str
    subject: str
    purposes: frozenset[str]
    token_hash: str
    state: str
    expires_at: datetime
    fence: int


@dataclass(frozen=True, slots=True)
class LicenceView:
    """What a licence permits and costs."""

    licence_id: str
    buyer_id: str
    supplier_id: str
    listing_code: str
    version_id: str
    scenario_id: str
    plan_hash: str
    currency: str
    split: Mapping[str, int]
    state: str
    revision: int
    starts_at: datetime
    ends_at: datetime
    plan: PlanTerms
    bounds: CallBounds
    fields: frozenset[str] | None
    purposes: frozenset[str] | None
    calls_per_second: int
    route: RouteView
    fences: tuple[int, int]
    consent_model: str | None = None
    """Which consent each call needs; None where the data is about nobody, or needs none."""
    is_about_persons: bool = False
    """Whether each call has to say its purpose."""
    only_purpose: str | None = None
    """What a call is for that does not say it; None where the licence permits several."""
    signers: Mapping[str, bytes] | None = None
    """The buyer's keys by their verification keys' texts, where it has to sign each call."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """A call key and the licence it is scoped to."""

    key_id: str
    secret_hash: str
    networks: tuple[Network, ...]
    expires_at: datetime | None
    withdrawn_at: datetime | None
    licence: LicenceView
    limits: Limits
    is_capped: bool = False
    """Whether the key has a spending cap of its own."""

    def is_ended(self, at: datetime) -> bool:
        """Whether it was withdrawn, or is past its time (as a rotated key is)."""
        return self.withdrawn_at is not None or (
            self.expires_at is not None and self.expires_at <= at
        )

    @property
    def capped_id(self) -> str | None:
        """The key, where its own cap must bear its calls."""
        return self.key_id if self.is_capped else None


def _names(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(map(str, value))


def target_of(delivery: Mapping[str, Any], cipher: Cipher) -> Target:
    """The upstream of a delivery definition, its credential decrypted; raises `CannotDecrypt`."""
    credential = None
    if delivery.get("credential_ciphertext"):
        credential = cipher.decrypt(
            base64.b64decode(delivery["credential_ciphertext"]),
            context=delivery["credential_context"],
        ).decode()
    return Target(
        url=delivery["url"],
        method=delivery.get("method", "GET"),
        timeout_seconds=min(int(delivery.get("timeout_ms") or 5_000), TIMEOUT_MS_MAX) / 1000,
        response_bytes_max=min(
            int(delivery.get("response_bytes_max") or ANSWER_BYTES_MAX), ANSWER_BYTES_MAX
        ),
        credential_header=delivery.get("credential_header") if credential is not None else None,
        credential=credential,
    )


def _place_of(url: str) -> str:
    """Host and port without credentials; an address that cannot be read is its own place."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or url
    except ValueError:
        return url


def route_view(row: Mapping[str, Any], cipher: Cipher) -> RouteView:
    """Compile a route's row; raises ValueError for a definition that cannot be enforced."""
    rule = read_rule(row["delivery"].get("outcome_rule"))
    return RouteView(
        state=row["route_state"],
        revision=row["route_revision"],
        target=target_of(row["delivery"], cipher),
        rule=rule,
        request_schema=RequestSchema(row["fields_in"]),
        answer_schema=AnswerSchema(row["fields_out"], rule.rows),
        upstream=_place_of(row["delivery"]["url"]),
        calls_per_second=row["delivery"].get("calls_per_second") or None,
        subject=subject_rule(row["fields_in"], _pseudonym_key(row, cipher)),
        files=read_files(files) if (files := row["delivery"].get("files")) else None,
    )


def _pseudonym_key(row: Mapping[str, Any], cipher: Cipher) -> bytes | None:
    ciphertext = row.get("pseudonym_key")
    if ciphertext is None:
        return None
    return cipher.decrypt(bytes(ciphertext), context=row["pseudonym_context"])


def licence_view(row: Mapping[str, Any], route: RouteView) -> LicenceView:
    """Compile an entitlement's row."""
    plan, terms = read_plan(row["plan_terms"]), row["terms"]
    # Licences from before the tree was resolved at issue permit exactly what they name.
    purposes = _names(row.get("permitted_purposes") or terms.get("purposes"))
    licensed_rate = terms.get("calls_per_second") or plan.calls_per_second
    return LicenceView(
        licence_id=row["licence_id"],
        buyer_id=row["buyer_id"],
        supplier_id=row["supplier_id"],
        listing_code=row["listing_code"],
        version_id=row["version_id"],
        scenario_id=row["scenario_id"],
        plan_hash=row["plan_hash"],
        currency=row["currency"],
        split=row["split"],
        state=row["state"],
        revision=row["revision"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        plan=plan,
        bounds=call_bounds(plan, route.rule.units_max),
        fields=_names(terms.get("fields")),
        purposes=purposes,
        calls_per_second=min(int(licensed_rate), plan.calls_per_second),
        route=route,
        fences=(licence_fence(row["licence_id"]), listing_fence(row["listing_code"])),
        consent_model=_consent_model(terms),
        # Data about persons comes with its basis, and never as files (app.core.delivery).
        is_about_persons=terms.get("consent_model") is not None and route.files is None,
        only_purpose=next(iter(purposes)) if purposes and len(purposes) == 1 else None,
        signers=_signers(row),
    )


def _signers(row: Mapping[str, Any]) -> dict[str, bytes] | None:
    if not row.get("is_signed"):
        return None
    return {vkey: bytes.fromhex(key) for vkey, key in (row.get("signers") or {}).items()}


def _consent_model(terms: Mapping[str, Any]) -> str | None:
    model = terms.get("consent_model")
    return None if model in {None, NOT_CONSENT_BASED} else str(model)


def call_bounds(plan: PlanTerms, units_max: int) -> CallBounds:
    """The most that a call can take under a plan."""
    return CallBounds(most_units(plan.unit, units_max), plan.call_price)


def _limits(row: Mapping[str, Any], licence: LicenceView, upstream_default: int | None) -> Limits:
    """The licence's limit, the key's where it is tighter, that of the supplier's system."""
    limits = [Limit("licence", f"licence:{licence.licence_id}", licence.calls_per_second)]
    own = row.get("key_calls_per_second")
    if own is not None and own < licence.calls_per_second:
        limits.append(Limit("key", f"key:{row['key_id']}", own))
    route = licence.route
    most = route.calls_per_second or upstream_default
    if most is not None:
        subject = f"upstream:{licence.supplier_id}:{route.upstream}"
        limits.append(Limit("supplier", subject, most))
    return Limits.of(limits)


def key_view(
    row: Mapping[str, Any], licence: LicenceView, upstream_calls_per_second: int | None = None
) -> KeyView:
    """Compile a key's row; the limit given is for upstreams whose delivery names none."""
    return KeyView(
        key_id=row["key_id"],
        secret_hash=row["secret_hash"],
        networks=tuple(ip_network(text) for text in row["networks"]),
        expires_at=row["key_expires_at"],
        withdrawn_at=row["withdrawn_at"],
        licence=licence,
        limits=_limits(row, licence, upstream_calls_per_second),
        is_capped=row["is_capped"],
    )
