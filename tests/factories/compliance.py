"""Dossiers, people and whole approved listings for tests of compliance; nothing here is real."""

import itertools
from datetime import UTC, datetime

from sqlalchemy import select, text

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.web.access import Authenticator
from compliance import services
from compliance.models.licences import Licence
from compliance.models.panels import SittingPanel
from compliance.models.registrations import ListingApplication
from compliance.ports import ProbeResult, UpstreamProbe
from compliance.queries.cases import get_case_view
from compliance.review.conflicts import QUESTIONS
from listings import services as listings
from tests.fakes.principals import NamedPrincipals

SUPPLIER_ID = "org_00000000000000000000supply"
BUYER_ID = "org_000000000000000000000buyer"
EXCHANGE_ID = "org_00000000000000000exchange0"
LISTING_CODE = "1000000001-0123456789"
VERSION_ID = "ver_00000000000000000000000001"
SUPPLIER_USCC = "91350100M000100Y43"
NEXT_YEAR = datetime(2027, 11, 20, tzinfo=UTC)
CLEAR = dict.fromkeys(QUESTIONS, "no")


def staff(name, *roles, organisation_id=EXCHANGE_ID):
    return Principal(
        f"psn_{name}", organisation_id, frozenset(roles or (Role.REVIEWER,)), has_second_factor=True
    )


FIRST, SECOND, THIRD = staff("first"), staff("second"), staff("third")
INTAKE, OFFICER = staff("intake", Role.INTAKE_OFFICER), staff("officer", Role.LISTING_OFFICER)
PANEL = tuple(staff(f"panel{number}", Role.PANEL_MEMBER) for number in (1, 2, 3))
SUPPLIER = Principal("psn_supplier", SUPPLIER_ID, frozenset({Role.SUPPLIER}))
BUYER = Principal("psn_buyer", BUYER_ID, frozenset({Role.BUYER}))


def document(kind, **changes):
    return {
        "kind": kind,
        "title": kind.lower(),
        "issuer": "Example Ltd",
        "valid_from": "2026-01-01",
        "sha256": "0" * 64,
        "visibility": "PARTIES",
        **changes,
    }


def field(name, **changes):
    return {"name": name, "type": "string", "description": f"The {name}.", **changes}


def per_call(unit_price="0.40000000", **changes):
    return {
        "kind": "per_call",
        "unit": "call",
        "unit_price": unit_price,
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 50,
        **changes,
    }


def package(units, price, **changes):
    return {
        "kind": "package",
        "unit": "call",
        "package_units": units,
        "package_price": price,
        "valid_days": 365,
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 50,
        **changes,
    }


def tiered(first_price, last_price):
    plan = per_call() | {"kind": "graduated", "period": "month"}
    del plan["unit_price"]
    return plan | {
        "tiers": [
            {"up_to": 1000, "unit_price": first_price},
            {"up_to": None, "unit_price": last_price},
        ]
    }


def subscription(fee, included_units, **changes):
    plan = per_call() | {"kind": "subscription", "period": "month", "period_fee": fee}
    del plan["unit_price"]
    return plan | {"included_units": included_units} | changes


def yearly(price, units):
    return package(units, price) | {"kind": "yearly"}


TEMPLATE = {
    "name": "Planning flights",
    "purpose": "LOGISTICS",
    "fields": ["name", "city"],
    "problem": "Flights are planned with stale names.",
    "solution": "Look each airport up.",
}


def personal_members(**changes):
    """What a dossier about persons needs beside `dossier`: duties met and documents attached."""
    kinds = ("NOTICE_TEXT", "CONSENT_PROOF", "PIPIA", "SECURITY_SYSTEM", "INCIDENT_PLAN")
    return {
        "pi_level": "PERSONAL",
        "grade": "GENERAL_3",
        "fields_out": [field("name", grade="GENERAL_3"), field("city", grade="GENERAL_1")],
        "third_party_links": ["PERSONAL_PRIVACY"],
        "pi_categories": [
            {"category": "BASIC", "lawful_basis": "SEPARATE_CONSENT", "is_sensitive": False}
        ],
        "subjects_estimate": 900,
        "has_minors": False,
        "collection_notice": {"url": "https://supplier.example/notice", "sha256": "c" * 64},
        "consent_model": "PER_CALL_TOKEN",
        "revocation_url": "https://supplier.example/withdraw",
        "pipia": {
            "evidence": "pipia",
            "dated_on": "2026-01-02",
            "scope": "Provision to buyers.",
            "next_due_on": "2027-01-02",
        },
        "responsible_persons": {"data_security_officer": {"name": "A", "contact": "a@x.example"}},
        "evidence": [
            *dossier()["evidence"],
            *(document(kind) for kind in (*kinds, "MULTI_LEVEL_PROTECTION")),
        ],
        **changes,
    }


def sensitive_members(**changes):
    """As `personal_members`, of sensitive information: more documents, a stated necessity."""
    kinds = ("ENCRYPTION_STATEMENT", "RISK_ASSESSMENT", "REGULATOR_FILING", "CROSS_BORDER_APPROVAL")
    whole = personal_members(pi_level="SENSITIVE", grade="GENERAL_4")
    signed = {"kind": "SENSITIVE_NECESSITY", "signed_at": "2026-01-05T08:00:00.000000Z"}
    return whole | {
        "evidence": [*whole["evidence"], *map(document, kinds)],
        "statements": [signed],
        **changes,
    }


def dossier(**changes):
    return {
        "format": "counterfoil-dossier/1",
        "version_id": VERSION_ID,
        "name": "Airports of the world",
        "summary": "Look an airport up by its code.",
        "description": "Name and city of an airport by its code.",
        "coverage": "World",
        "update_frequency": "MONTHLY",
        "product_kind": "DATA_SERVICE_API",
        "sectors": ["TRANSPORT"],
        "topic": "SPACE_TIME",
        "grade": "GENERAL_1",
        "pi_level": "NONE",
        "allowed_purposes": ["OPERATIONS", "RESEARCH"],
        "regions": ["CN"],
        "retention": "CONTRACT_TERM",
        "transfer_rule": "NO_TRANSFER",
        "delivery_mode": "API_CALL",
        "source_types": ["SELF_PRODUCED"],
        "source_statement": "Collected by our own system.",
        "rights": [{"right": "OPERATE", "basis": "original", "from": "2026-01-01"}],
        "evidence": [
            document("SYSTEM_DESCRIPTION"),
            document("GENERATION_PROCESS"),
            document("INVESTMENT_RECORD", valid_to="2027-06-30"),
        ],
        "fields_in": [field("code", example="PVG", required=True)],
        "fields_out": [field("name", example="Pudong"), field("city", example="Shanghai")],
        "sample": [{"name": "Pudong", "city": "Shanghai"}, {"name": "Heathrow", "city": "London"}],
        "upstream": {"url": "https://upstream.example/airports", "method": "GET"},
        "scenario_templates": [TEMPLATE],
        "offers": [],
        "plans": [per_call()],
        **changes,
    }


def verify_parties(uow, *, valid_until=NEXT_YEAR, note=services.note_party_verified):
    for organisation_id, is_supplier in ((SUPPLIER_ID, True), (BUYER_ID, False)):
        note(
            uow,
            organisation_id=organisation_id,
            name="Example Ltd",
            uscc=SUPPLIER_USCC,
            is_supplier=is_supplier,
            is_buyer=not is_supplier,
            valid_until=valid_until,
        )


def open_review(uow, *, version_id=VERSION_ID, listing_code=LISTING_CODE, **changes):
    contents = dossier(**changes)
    return services.open_review(
        uow,
        version_id=version_id,
        product_id="prd_00000000000000000000000001",
        supplier_id=SUPPLIER_ID,
        listing_code=listing_code,
        dossier=contents,
        dossier_hash=digest_hex(contents),
    )


def admit(uow, case, decision="approve", *, officer=INTAKE):
    return services.admit_case(uow, officer, case_id=case.id, decision=decision, reason="Complete.")


def open_admitted(uow, **changes):
    """A case that waits for its first reviewer."""
    case = open_review(uow, **changes)
    admit(uow, case)
    return case


def take(uow, reviewer, case, **answers):
    return services.take_case(uow, reviewer, case_id=case.id, answers={**CLEAR, **answers})


def items_for(uow, case, **outcomes):
    left = get_case_view(uow, case.id).left_to_judge
    return [
        {
            "rule_id": item["rule_id"],
            "outcome": outcomes.get(item["rule_id"], "PASS"),
            "reason": "Seen and understood.",
        }
        for item in left
    ]


def decide(uow, reviewer, case, decision="approve", items=None):
    return services.decide_case(
        uow, reviewer, case_id=case.id, decision=decision, reason="Looked at.", items=items or []
    )


def approve(uow, case, *, first=FIRST, second=SECOND):
    if case.stage == "INTAKE":
        admit(uow, case)
    for reviewer in (first, second):
        take(uow, reviewer, case)
        decide(uow, reviewer, case, items=items_for(uow, case))
    return case


def panel_of(uow, subject_id):
    """The panel over a case, a revocation or an appeal."""
    return uow.session.scalars(
        select(SittingPanel).where(SittingPanel.subject_id == subject_id)
    ).one()


def sit(uow, panel, members=PANEL, kinds=services.PANEL_KINDS):
    for member in members:
        services.seat_member(uow, member, panel_id=panel.id, answers=CLEAR, kinds=kinds)


def vote(uow, member, panel, *, in_favour=True, items=()):
    return services.vote_on_panel(
        uow, member, panel_id=panel.id, in_favour=in_favour, reason="Weighed.", items=items
    )


def application_of(uow, case):
    return uow.session.scalars(
        select(ListingApplication).where(ListingApplication.case_id == case.id)
    ).one()


def list_application(uow, case, decision="approve", *, officer=OFFICER, **answers):
    return services.decide_application(
        uow,
        officer,
        application_id=application_of(uow, case).id,
        answers={**CLEAR, **answers},
        decision=decision,
        reason="Listed as registered.",
    )


def publish(uow, *, listing_code=LISTING_CODE, version_id=VERSION_ID, **changes):
    """A listing through both reviewers and the listing officer, into force."""
    verify_parties(uow)
    case = open_review(uow, version_id=version_id, listing_code=listing_code, **changes)
    approve(uow, case)
    list_application(uow, case)
    uow.session.flush()
    services.note_listing_published(
        uow,
        listing_code=listing_code,
        version_id=version_id,
        supplier_id=SUPPLIER_ID,
        dossier_hash=case.dossier_hash,
    )
    uow.session.flush()
    return case


def scenario_content(**changes):
    return {
        "sector": "TRANSPORT",
        "problem": "Flights are planned with stale airport names.",
        "solution": "Look each airport up when a flight is planned.",
        "purpose": "LOGISTICS",
        "purpose_text": "Planning of freight flights.",
        "fields": [{"name": "name", "reason": "Shown to the planner."}],
        "regions": ["31"],
        "calls_max": 10_000,
        "calls_per_second": 20,
        "starts_at": iso_instant(datetime(2026, 11, 1, tzinfo=UTC)),
        "ends_at": iso_instant(datetime(2027, 5, 1, tzinfo=UTC)),
        "retention": "FIXED:30",
        "recipients": [],
        "prohibited_uses": ["No resale."],
        **changes,
    }


def submit_scenario(uow, **changes):
    scenario = services.submit_scenario(
        uow, BUYER, listing_code=LISTING_CODE, content=scenario_content(**changes)
    )
    uow.session.flush()
    return scenario


def approve_scenario(uow, scenario, narrowed=None, *, reviewer=FIRST):
    return services.decide_scenario(
        uow,
        reviewer,
        scenario_id=scenario.id,
        answers=CLEAR,
        decision="approve",
        reason="Plausible.",
        narrowed=narrowed,
    )


def order(uow, case, scenario, **changes):
    """The fields of an OrderPlaced event."""
    plan_terms = per_call()
    return {
        "order_id": uow.ids.new("ord"),
        "agreement_id": uow.ids.new("agr"),
        "agreement_hash": "a" * 64,
        "buyer_id": BUYER_ID,
        "supplier_id": SUPPLIER_ID,
        "listing_code": LISTING_CODE,
        "product_id": case.product_id,
        "version_id": case.version_id,
        "dossier_hash": case.dossier_hash,
        "plan_id": "pln_00000000000000000000000001",
        "plan_hash": digest_hex(plan_terms),
        "plan_terms": plan_terms,
        "scenario_id": scenario.id,
        "due_amount": 0,
        "currency": "CNY",
        "split": {"supplier": 8400, "commission": 1000, "tax": 600},
        "starts_at": uow.now,
        "ends_at": NEXT_YEAR,
        "product_terms": {
            "purposes": ["OPERATIONS", "RESEARCH"],
            "fields": ["city", "name"],
            "regions": ["CN"],
            "retention": "CONTRACT_TERM",
            "transfer": "NO_TRANSFER",
            "calls_per_second": 50,
        },
        **changes,
    }


def licensed(uow):
    """A licence with everything that it rests on; answers licence, scenario and case."""
    case = publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.session.flush()
    licence = services.issue_licence(uow, **order(uow, case, scenario))
    return licence, scenario, case


def unguarded(uow, model):
    """What keeps the rows is switched off, as somebody does who owns the tables."""
    uow.session.flush()
    uow.session.execute(text(f"ALTER TABLE {model.__tablename__} DISABLE TRIGGER USER"))


def of_another_buyer(uow, licence, **values):
    """The licence as another buyer's, who ordered before."""
    unguarded(uow, Licence)
    licence.buyer_id = "org_other"
    for name, value in values.items():
        setattr(licence, name, value)
    uow.session.flush()


def exchange_unit(units):
    return units.begin(Reach.EXCHANGE)


PEOPLE = {
    "supplier": SUPPLIER,
    "buyer": BUYER,
    "stranger": Principal("psn_stranger", "org_stranger", frozenset({Role.SUPPLIER, Role.BUYER})),
    "first": FIRST,
    "second": SECOND,
    "third": THIRD,
    "intake": INTAKE,
    "officer": OFFICER,
    **{f"panel{number}": member for number, member in enumerate(PANEL, start=1)},
    **{f"board{number}": staff(f"board{number}", Role.APPEAL_MEMBER) for number in (1, 2, 3)},
    "risk": staff("risk", Role.RISK_OFFICER),
    "auditor": staff("auditor", Role.AUDITOR),
    "insider": staff("insider", organisation_id=SUPPLIER_ID),
}
PANELLISTS = ("panel1", "panel2", "panel3")
BOARD = ("board1", "board2", "board3")
NOT_CONTENT = {"format", "version_id", "plans", "offers"}


class StandingProbe:
    """A probe whose upstream always answers as told."""

    def __init__(self, fitting_count=3):
        self.fitting_count = fitting_count

    def probe(self, **_submission):
        return ProbeResult(3, 3, self.fitting_count)


class OverHttp:
    """Calls the application in somebody's name."""

    _keys = itertools.count()

    def __init__(self, app):
        self.app, self.client = app, app.test_client()

    def call(self, who, method, path, body=None, *, expect):
        answer = self.client.open(
            path,
            method=method,
            json=body,
            headers={"Authorization": who, "Idempotency-Key": f"key-{next(self._keys)}"},
        )
        assert answer.status_code == expect, answer.text
        return answer.get_json()

    def get(self, who, path, *, expect=200):
        return self.call(who, "GET", path, expect=expect)

    def post(self, who, path, body=None, *, expect=201):
        return self.call(who, "POST", path, body, expect=expect)

    def refused(self, who, path, body=None, *, slug, expect):
        problem = self.post(who, path, body, expect=expect)
        assert problem["type"].partition("#")[2] == slug, problem
        return problem

    def submit(self, *, is_for_listing=None, **changes):
        wish = None if is_for_listing is None else {"is_for_listing": is_for_listing}
        content = {k: v for k, v in dossier(**changes).items() if k not in NOT_CONTENT} | {
            "description": "Airports.",
            "update_frequency": "MONTHLY",
            "coverage": "World",
            "offers": [{"name": "Calls", "plans": [per_call("0.40")]}],
        }
        product = self.post("supplier", "/v1/products", {"name": content["name"]})
        path = f"/v1/products/{product['id']}/versions"
        self.post("supplier", path, content)
        return self.post("supplier", f"{path}/1/submission", wish)["listing_code"]

    def case(self):
        (found,) = self.get("first", "/v1/review-cases")["items"]
        return f"/v1/review-cases/{found['id']}"

    def admit(self, case, decision="approve"):
        body = {"decision": decision, "reason": "Complete."}
        return self.post("intake", f"{case}/admission", body)

    def take(self, who, case, **answers):
        return self.post(who, f"{case}/assignment", {"answers": {**CLEAR, **answers}})

    def items(self, who, case):
        return [
            {"rule_id": item["rule_id"], "outcome": "PASS", "reason": "Seen."}
            for item in self.get(who, case)["left_to_judge"]
        ]

    def approve(self, who, case):
        body = {"decision": "approve", "reason": "Sound.", "items": self.items(who, case)}
        return self.post(who, f"{case}/decisions", body)

    def catalogue(self):
        return [item["listing_code"] for item in self.get("stranger", "/v1/listings")["items"]]

    def register(self, case):
        """Through the intake and both reviewers."""
        self.admit(case)
        for who in ("first", "second"):
            self.take(who, case)
            decided = self.approve(who, case)
        return decided

    def decide_listing(self, decision="approve", who="officer", **answers):
        (waiting,) = self.get(who, "/v1/listing-applications")["items"]
        body = {
            "answers": {**CLEAR, **answers},
            "decision": decision,
            "reason": "Listed as registered.",
        }
        return self.post(who, f"/v1/listing-applications/{waiting['id']}/decision", body)

    def sit_and_vote(self, path, members, vote, **more):
        """Each member declares, takes a seat, and votes; the answer to the last vote."""
        for who in members:
            self.post(who, f"{path}/seats", {"answers": CLEAR})
        for who in members:
            answer = self.post(who, f"{path}/votes", {"vote": vote, "reason": "Weighed.", **more})
        return answer

    def revoke(self, who, code, reason_code="FALSE_STATEMENT"):
        body = {"reason_code": reason_code, "reason": "The statement was false."}
        revocation = self.post(who, f"/v1/listings/{code}/revocation", body)
        path = f"/v1/panels/{revocation['panel_id']}"
        assert self.sit_and_vote(path, PANELLISTS, "for")["state"] == "CARRIED"
        return revocation

    def list_product(self, **changes):
        code = self.submit(**changes)
        self.register(self.case())
        self.decide_listing()
        return code


def everybody_over_http(app):
    """The whole application with its parties verified and everybody known by name."""
    registry = app.extensions["counterfoil"]
    registry.add(Authenticator, NamedPrincipals(PEOPLE))
    registry.add(UpstreamProbe, StandingProbe())
    with registry.get(UnitOfWorkFactory).begin(Reach.EXCHANGE) as uow:
        for note in (services.note_party_verified, listings.note_party_verified):
            verify_parties(uow, note=note)
        uow.commit()
    return OverHttp(app)
