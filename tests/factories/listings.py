"""Listings as a supplier would write them; nothing here is a real company's."""

from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from app.core.cipher import Cipher
from app.core.principals import Principal, Role
from app.core.reach import Reach
from listings import services
from listings.ports import ExchangePolicy
from listings.schemas.content import DraftVersionSchema

CODED = [
    {"code": "01", "label": "match", "label_zh": "一致"},
    {"code": "02", "label": "no match", "label_zh": "不一致"},
    {"code": "03", "label": "none", "label_zh": "查无"},
]


def _proof(kind: str, visibility: str = "PARTIES") -> dict[str, str]:
    return {
        "kind": kind,
        "title": kind.replace("_", " ").capitalize(),
        "issuer": "The supplier",
        "valid_from": "2025-01-01",
        "valid_to": "2030-01-01",
        "sha256": "ab" * 32,
        "visibility": visibility,
    }


def _scenario_templates() -> list[dict[str, Any]]:
    return [
        {
            "name": "选址研究",
            "purpose": "RESEARCH",
            "fields": ["name", "population"],
            "problem": "Nobody knows how many people live where.",
            "solution": "The population of each city by its code.",
        }
    ]


def _fields_in() -> list[dict[str, Any]]:
    return [
        {
            "name": "code",
            "type": "string",
            "required": True,
            "description": "City code",
            "pattern": "[0-9]{6}",
            "max_length": 6,
            "example": "310***",
        }
    ]


def _fields_out() -> list[dict[str, Any]]:
    return [
        {
            "name": "code",
            "type": "string",
            "nullable": False,
            "description": "Result",
            "coded_values": CODED,
            "example": "01",
        },
        {
            "name": "name",
            "type": "string",
            "nullable": False,
            "description": "Name of the city",
            "max_length": 60,
            "example": "上*",
        },
        {
            "name": "population",
            "type": "integer",
            "nullable": True,
            "description": "Inhabitants",
            "minimum": "0",
        },
    ]


def _authorisation_chain() -> list[dict[str, Any]]:
    return [
        {
            "grantor": "Survey Ltd",
            "grantee": "Holder Ltd",
            "object": "The city survey",
            "rights": ["HOLD", "USE", "OPERATE"],
            "purposes": ["RESEARCH", "OPERATIONS"],
            "regions": ["CN"],
            "from": "2024-01-01",
            "to": "2031-01-01",
            "may_sublicense": True,
            "may_derive": True,
            "revocable": False,
            "evidence": "ab" * 32,
            "is_original": True,
        },
        {
            "grantor": "Holder Ltd",
            "grantee": "Supplier Ltd",
            "object": "The city survey",
            "rights": ["USE", "OPERATE"],
            "purposes": ["RESEARCH", "OPERATIONS"],
            "regions": ["CN"],
            "from": "2024-06-01",
            "to": "2030-06-01",
            "may_sublicense": True,
            "may_derive": True,
            "revocable": False,
            "evidence": "Generation process",
        },
    ]


def version_content() -> dict[str, Any]:
    """Sound and complete content of a version, as it is stored (without offers)."""
    return {
        "name": "城市信息查询",
        "name_en": "City information query",
        "summary": "按城市代码查询城市名称与人口。",
        "description": "Query the name and the population of a city by its code.",
        "series": "城市数据",
        "keywords": ["城市", "人口", "city"],
        "product_kind": "DATA_SERVICE_API",
        "sectors": ["CITY", "TRANSPORT"],
        "topic": "SPACE_TIME",
        "delivery_mode": "API_CALL",
        "update_frequency": "MONTHLY",
        "coverage": "全国",
        "regions": ["CN"],
        "source_types": ["SELF_PRODUCED"],
        "source_statement": "Collected by the supplier's own survey.",
        "rights": [
            {
                "right": "OPERATE",
                "basis": "original",
                "from": "2025-01-01",
                "to": "2030-01-01",
                "evidence": "Generation process",
            }
        ],
        "evidence": [
            _proof("SYSTEM_DESCRIPTION", visibility="PUBLIC"),
            _proof("GENERATION_PROCESS"),
            _proof("INVESTMENT_RECORD"),
        ],
        "pi_level": "NONE",
        "grade": "GENERAL_1",
        "allowed_purposes": ["RESEARCH", "OPERATIONS"],
        "forbidden_purposes": ["MARKETING"],
        "retention": "CONTRACT_TERM",
        "transfer_rule": "NO_TRANSFER",
        "scenario_templates": _scenario_templates(),
        "fields_in": _fields_in(),
        "fields_out": _fields_out(),
        "sample": [
            {"code": "01", "name": "上*", "population": 24_870_000},
            {"code": "03", "name": "*", "population": None},
        ],
        "upstream": {
            "url": "https://upstream.example.org/cities",
            "method": "GET",
            "timeout_ms": 2_000,
            "response_bytes_max": 65_536,
            "credential_header": "X-Key",
        },
        "outcome_rule": {"hit": {"field": "/code", "equals": "01"}},
    }


def record_members() -> dict[str, Any]:
    """The further members of a registration record, sound beside `version_content`."""
    return {
        "operator_organisation_id": "org_" + "9" * 26,
        "mandate_evidence": "Agent mandate",
        "responsible_persons": {
            "data_security_officer": {"name": "安全负责人", "contact": "security@supplier.example"},
            "pi_protection_officer": {"name": "保护负责人", "contact": "privacy@supplier.example"},
        },
        "industries": ["I64", "N"],
        "modalities": ["TABULAR", "GEO"],
        "corpus": {"class": "INDUSTRY_GENERAL", "stages": ["PRETRAIN"]},
        "data_classes": ["ENTERPRISE"],
        "period": {"from": "2020-01-01", "to": "2025-12-31"},
        "population": "Cities of China at prefecture level",
        "record_count": 333,
        "record_increment": 2,
        "dimension_count": 3,
        "freshness_seconds": 2_678_400,
        "delivery_grade": "S3",
        "service_level": {"qps": 50, "latency_p95_ms": 300, "availability_bp": 9_990},
        "third_party_links": ["AGREEMENT"],
        "authorisation_chain": _authorisation_chain(),
        "derivation": {
            "kind": "SUBSTANTIAL",
            "text": "Joined, corrected by hand, and counted anew.",
            "inputs": [],
        },
        "registry_certificates": [
            {
                "registry": "Shanghai data registry",
                "scheme": "DATA_PROPERTY",
                "number": "SH-2026-000001",
                "valid_to": "2029-01-01",
                "verified_how": "REGISTRY_LOOKUP",
            }
        ],
        "cross_border": {"mode": "NONE"},
        "storage_location": "3101",
        "user_qualifications": ["ANY_VERIFIED_ORG"],
        "scenario_templates": _scenario_templates(),
        "statements": [
            {
                "kind": "COMMITMENT",
                "text_version": "commitment/2026-01",
                "signer": "法定代表人",
                "signed_at": "2026-01-05T08:00:00.000000Z",
            }
        ],
        "valuation": {
            "amount": "1200000.00",
            "currency": "CNY",
            "assessor": "Assessor Ltd",
            "evidence": "Asset valuation",
            "valid_to": "2028-01-01",
        },
    }


def record_content() -> dict[str, Any]:
    """`version_content` with every further member that a product without persons can have."""
    content = {**version_content(), **record_members()}
    content["evidence"] += [_proof("AGENT_MANDATE"), _proof("ASSET_VALUATION")]
    return content


def personal_members() -> dict[str, Any]:
    """The members about persons, sound beside `version_content`."""
    return {
        "pi_level": "SENSITIVE",
        "data_classes": ["PERSONAL"],
        "pi_categories": [
            {"category": "HEALTH", "lawful_basis": "SEPARATE_CONSENT", "is_sensitive": True}
        ],
        "subjects_estimate": 5_000,
        "has_minors": False,
        "collection_notice": {"url": "https://supplier.example/notice", "sha256": "cd" * 32},
        "consent_model": "PER_CALL_TOKEN",
        "revocation_url": "https://supplier.example/withdraw",
        "pipia": {
            "evidence": "Pipia",
            "dated_on": "2026-01-02",
            "scope": "Provision to buyers under consent",
            "next_due_on": "2027-01-02",
        },
        "anonymisation": {
            "method": "GENERALISATION",
            "tool": "own",
            "k": 10,
            "l": 3,
            "t": "0.2",
            "reidentification_evidence": "Reidentification test",
            "assessor": "Assessor Ltd",
        },
        "cross_border": {
            "mode": "EXPORT",
            "regions": ["SG"],
            "approval_number": "2026-17",
            "valid_to": "2028-01-01",
            "persons_declared": 900,
            "sensitive_persons_declared": 0,
        },
        "storage_location": "31",
        "evidence": [
            *version_content()["evidence"],
            _proof("PIPIA"),
            _proof("REIDENTIFICATION_TEST"),
        ],
    }


def version_offers() -> list[dict[str, Any]]:
    """Two plans as they are asked for over HTTP: by the call and as a package."""
    return [
        {
            "name": "Standard",
            "plans": [
                {"kind": "per_call", "unit": "call", "unit_price": "0.40", "currency": "CNY"},
                {
                    "kind": "package",
                    "unit": "call",
                    "package_units": 1000,
                    "package_price": "300.00",
                    "valid_days": 365,
                    "currency": "CNY",
                },
            ],
        }
    ]


def draft_version() -> dict[str, Any]:
    """The body of POST /v1/products/{id}/versions: content, offers and the upstream's secret."""
    content = version_content()
    content["upstream"]["credential"] = "s3cret-of-the-upstream"
    return {**content, "offers": version_offers()}


SUPPLIER_ID = "org_" + "1" * 26
BUYER_ID = "org_" + "2" * 26
SCENARIO_ID = "scn_" + "3" * 26
SUPPLIER = Principal("psn_supplier", SUPPLIER_ID, frozenset({Role.SUPPLIER}))
BUYER = Principal("psn_buyer", BUYER_ID, frozenset({Role.BUYER}))
PLAN = {
    "kind": "per_call",
    "unit": "call",
    "unit_price": 12_000_000,
    "free_units": 0,
    "currency": "CNY",
    "calls_per_second": 50,
}
"""A plan that a supplier proposes, as the services take it: 0.12 a call."""


class Market:
    """Walks the room's services as suppliers, reviewers' reactions and buyers would."""

    def __init__(self, units, clock):
        self.units = units
        self.clock = clock
        self.cipher = Cipher(bytes(32))
        self.policy = ExchangePolicy()
        self.verify(SUPPLIER_ID, "Supplier Ltd", is_supplier=True)
        self.verify(BUYER_ID, "Buyer Ltd", is_buyer=True)

    @contextmanager
    def as_exchange(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            yield uow
            uow.commit()

    @contextmanager
    def acting(self, principal=SUPPLIER):
        with self.units.begin(Reach.organisation(principal.organisation_id)) as uow:
            yield uow
            uow.commit()

    def verify(self, organisation_id, name, *, is_supplier=False, is_buyer=False, days=365):
        with self.as_exchange() as uow:
            return services.note_party_verified(
                uow,
                organisation_id=organisation_id,
                name=name,
                uscc="91310000MA1FL0000X",
                is_supplier=is_supplier,
                is_buyer=is_buyer,
                valid_until=self.clock.now() + timedelta(days=days),
            )

    def product(self, name="城市信息查询", principal=SUPPLIER):
        with self.acting(principal) as uow:
            return services.register_product(uow, principal, name=name)

    def draft(self, product, principal=SUPPLIER, **changes):
        form = load_draft({**draft_version(), **changes})
        with self.acting(principal) as uow:
            return services.draft_version(
                uow, principal, self.cipher, product_id=product.id, form=form
            )

    def submit(self, version, principal=SUPPLIER, **wish):
        with self.acting(principal) as uow:
            return services.submit_version(
                uow,
                principal,
                product_id=version.product_id,
                version_number=version.version_number,
                **wish,
            )

    def register(self, version):
        with self.as_exchange() as uow:
            return services.enter_registration(
                uow,
                registration_id=uow.ids.new("reg"),
                version_id=version.id,
                dossier_hash=version.dossier_hash,
            )

    def finish(self, entry):
        with self.as_exchange() as uow:
            return services.finish_publicity(uow, registration_id=entry.registration_id)

    def registered(self, product=None, principal=SUPPLIER, **changes):
        """A final registration of a product that is not on sale."""
        product = product or self.product(changes.get("name", "城市信息查询"), principal)
        version = self.submit(self.draft(product, principal, **changes), principal)
        return self.finish(self.register(version))

    def publish(self, version):
        with self.as_exchange() as uow:
            return services.publish_listing(
                uow, version_id=version.id, dossier_hash=version.dossier_hash
            )

    def listed(self, product=None, principal=SUPPLIER, **changes):
        """A listing on sale."""
        product = product or self.product(changes.get("name", "城市信息查询"), principal)
        return self.publish(self.submit(self.draft(product, principal, **changes), principal))

    def scenario(self, listing_code, scenario_id="scn_1", buyer_id=BUYER_ID, days=90):
        with self.as_exchange() as uow:
            return services.note_scenario_approved(
                uow,
                scenario_id=scenario_id,
                buyer_id=buyer_id,
                listing_code=listing_code,
                terms={"purposes": ["RESEARCH"]},
                valid_from=self.clock.now(),
                valid_until=self.clock.now() + timedelta(days=days),
            )

    def order(self, listing, *, plan=0, scenario_id="scn_1", principal=BUYER, **changes):
        plans = [plan for offer in listing.version.offers for plan in offer.plans]
        command = {
            "listing_code": listing.listing_code,
            "plan_id": plans[plan].id,
            "scenario_id": scenario_id,
            "accept_terms": True,
            **changes,
        }
        with self.acting(principal) as uow:
            return services.place_order(uow, principal, self.policy, **command)

    def events(self, kind):
        return [event for event in self.units.events if isinstance(event, kind)]


def load_draft(form):
    """The form as the route hands it to the services."""
    return DraftVersionSchema().load(form)
