"""Two people at one moment, on a real database: one effect, and the other is told why not."""

import threading

import pytest

from app.core.principals import Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance.models.panels import PanelSeat, SittingPanel
from compliance.models.registrations import Registration
from compliance.models.suspensions import Suspension
from ledger.log.models import LogEntry
from tests.factories.compliance import (
    CLEAR,
    PANELLISTS,
    PEOPLE,
    OverHttp,
    everybody_over_http,
    scenario_content,
    staff,
)

NO_CONFLICT = {"answers": CLEAR}
SENT_AGAIN_MAX = 5
"""Two who wait for each other: the database undoes one, who is told to send it again."""


@pytest.fixture
def exchange(app, monkeypatch):
    for name, role in (
        ("panel4", Role.PANEL_MEMBER),
        ("officer2", Role.LISTING_OFFICER),
        ("intake2", Role.INTAKE_OFFICER),
        ("risk2", Role.RISK_OFFICER),
    ):
        monkeypatch.setitem(PEOPLE, name, staff(name, role))
    return everybody_over_http(app)


def race(exchange, *requests):
    """Every request at once, each by its own client; (status, problem's slug) of each, sorted."""
    start = threading.Barrier(len(requests))
    answers = []

    def ask(who, path, body):
        client = OverHttp(exchange.app).client
        headers = {"Authorization": who, "Idempotency-Key": f"race-{threading.get_ident()}"}
        start.wait()
        for _ in range(SENT_AGAIN_MAX):
            answer = client.post(path, json=body, headers=headers)
            slug = answer.get_json().get("type", "").partition("#")[2]
            if slug != "work-crossed":
                break
        answers.append((answer.status_code, slug))

    threads = [threading.Thread(target=ask, args=request) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def count(exchange, model, **members):
    units = exchange.app.extensions["counterfoil"].get(UnitOfWorkFactory)
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.query(model).filter_by(**members).count()


def test_two_reviewers_who_take_one_case_are_one_holder(exchange):
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    answers = race(
        exchange,
        *((who, f"{case}/assignment", NO_CONFLICT) for who in ("first", "second", "third")),
    )
    assert answers == [(201, ""), (409, "case-taken"), (409, "case-taken")]
    assert count(exchange, LogEntry, entry_type="review_assigned") == 1


def test_two_intake_officers_admit_a_case_once(exchange):
    exchange.submit()
    case = exchange.case()
    admission = {"decision": "approve", "reason": "Complete."}
    answers = race(exchange, *((w, f"{case}/admission", admission) for w in ("intake", "intake2")))
    assert answers == [(201, ""), (409, "illegal-transition")]


def test_a_holder_who_decides_twice_at_once_has_decided_one_way(exchange):
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    exchange.take("first", case)
    approval = {"decision": "approve", "reason": "Sound.", "items": exchange.items("first", case)}
    rejection = {"decision": "reject", "reason": "Not sound.", "items": []}
    path = f"{case}/decisions"
    answers = race(exchange, ("first", path, approval), ("first", path, rejection))
    stage = exchange.get("first", case)["case"]["stage"]
    # After an approval the case waits for somebody else, after a rejection for a panel.
    refusal = {"SECOND": (403, "not-the-assigned-reviewer"), "PANEL": (409, "illegal-transition")}
    assert answers == [(201, ""), refusal[stage]]
    assert count(exchange, SittingPanel) == (stage == "PANEL")


def called_panel(exchange):
    """A panel over a case that its first reviewer rejected; the panel's and the case's path."""
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    exchange.take("first", case)
    rejection = {"decision": "reject", "reason": "No.", "items": []}
    exchange.post("first", f"{case}/decisions", rejection)
    (panel,) = exchange.get("panel1", "/v1/panels")["items"]
    return f"/v1/panels/{panel['id']}", case


def test_four_members_take_three_seats(exchange):
    panel, _ = called_panel(exchange)
    members = (*PANELLISTS, "panel4")
    answers = race(exchange, *((who, f"{panel}/seats", NO_CONFLICT) for who in members))
    assert answers == [(201, "")] * 3 + [(409, "panel-full")]
    assert count(exchange, PanelSeat) == 3


def test_a_member_who_votes_twice_at_once_has_one_vote(exchange):
    panel, case = called_panel(exchange)
    for who in PANELLISTS:
        exchange.post(who, f"{panel}/seats", NO_CONFLICT)
    ballot = {"reason": "Weighed.", "items": exchange.items("panel1", case)}
    answers = race(
        exchange,
        *(("panel1", f"{panel}/votes", ballot | {"vote": vote}) for vote in ("for", "against")),
    )
    assert answers == [(201, ""), (409, "vote-already-cast")]
    assert count(exchange, LogEntry, entry_type="panel_voted") == 1


def test_the_last_two_votes_at_once_conclude_a_panel_once(exchange):
    panel, case = called_panel(exchange)
    for who in PANELLISTS:
        exchange.post(who, f"{panel}/seats", NO_CONFLICT)
    ballot = {"vote": "for", "reason": "Weighed.", "items": exchange.items("panel1", case)}
    exchange.post("panel1", f"{panel}/votes", ballot)
    answers = race(exchange, *((who, f"{panel}/votes", ballot) for who in PANELLISTS[1:]))
    assert answers == [(201, ""), (201, "")]
    assert exchange.get("first", case)["case"]["stage"] == "APPROVED"
    assert count(exchange, LogEntry, entry_type="panel_concluded") == 1
    assert count(exchange, Registration) == 1


def waiting_application(exchange):
    code = exchange.submit()
    exchange.register(exchange.case())
    (waiting,) = exchange.get("officer", "/v1/listing-applications")["items"]
    return code, f"/v1/listing-applications/{waiting['id']}/decision"


def declared(decision):
    return {"answers": CLEAR, "decision": decision, "reason": "Looked at."}


def test_two_listing_officers_decide_an_application_once(exchange):
    code, path = waiting_application(exchange)
    answers = race(
        exchange,
        ("officer", path, declared("approve")),
        ("officer2", path, declared("refuse")),
    )
    assert answers == [(201, ""), (409, "illegal-transition")]
    listed = count(exchange, LogEntry, entry_type="listing_approved")
    assert listed + count(exchange, LogEntry, entry_type="listing_refused") == 1
    assert exchange.catalogue() == ([code] if listed else [])


def test_what_is_listed_and_given_up_at_once_is_one_of_both(exchange):
    code, path = waiting_application(exchange)
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    answers = race(
        exchange,
        ("officer", path, declared("approve")),
        ("supplier", f"/v1/registry/{entry['id']}/cancellation", {"reason": "Not any more."}),
    )
    assert [status for status, _ in answers] == [201, 409]
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    is_listed = exchange.catalogue() == [code]
    assert (entry["state"] == "REGISTERED_FINAL") is is_listed
    assert (entry["state"] == "CANCELLED") is not is_listed


def test_a_scenario_approved_and_withdrawn_at_once_has_one_end(exchange):
    code = exchange.list_product()
    scenario = exchange.post("buyer", "/v1/scenarios", {"listing_code": code, **scenario_content()})
    path = f"/v1/scenarios/{scenario['id']}"
    answers = race(
        exchange,
        (
            "first",
            f"{path}/decision",
            declared("approve"),
        ),
        ("buyer", f"{path}/withdrawal", {}),
    )
    state = exchange.get("buyer", path)["state"]
    if [status for status, _ in answers] == [201, 201]:
        # Approved first, and withdrawn while it was active: withdrawn is how it ends.
        assert state == "WITHDRAWN"
    else:
        assert answers == [(201, ""), (409, "illegal-transition")]
        assert state == "WITHDRAWN"
    approved = count(exchange, LogEntry, entry_type="scenario_approved")
    assert approved == (len([each for each in answers if each[0] == 201]) - 1)


def test_two_emergencies_at_once_are_one_suspension(exchange):
    code = exchange.list_product()
    path, body = f"/v1/listings/{code}/suspension", {"reason_code": "COMPLAINT"}
    answers = race(exchange, ("risk", path, body), ("risk2", path, body))
    assert answers == [(201, ""), (409, "illegal-transition")]
    assert count(exchange, Suspension) == 1


def test_one_person_who_resumes_twice_at_once_is_still_one_person(exchange):
    code = exchange.list_product()
    exchange.post("risk", f"/v1/listings/{code}/suspension", {"reason_code": "COMPLAINT"})
    path = f"/v1/listings/{code}/resumption"
    answers = race(exchange, ("first", path, {}), ("first", path, {}))
    assert answers == [(201, ""), (403, "second-person-needed")]
    assert exchange.catalogue() == []
    assert count(exchange, LogEntry, entry_type="resumed") == 0
