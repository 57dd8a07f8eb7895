"""A reviewer's whole day over HTTP, from the queue to an appeal that others decide."""

import pytest

from app.core.principals import Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance import services
from tests.factories.compliance import BOARD, CLEAR, PANELLISTS, PEOPLE, everybody_over_http, staff

DAY = 86_400
APPEAL = {"ground": "NEW_FACTS", "statement": "A court has found for us meanwhile."}


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


def tick(exchange):
    """What the worker does each minute."""
    registry = exchange.app.extensions["counterfoil"]
    with registry.get(UnitOfWorkFactory).begin(Reach.EXCHANGE) as uow:
        done = services.keep_deadlines(uow, 100)
        uow.commit()
    return done


def set_policy(exchange, **values):
    body = {"values": values, "reference": "board decision 7"}
    return exchange.post("risk", "/v1/review-policies", body)


def decide(exchange, who, case, decision, items=()):
    body = {"decision": decision, "reason": "Looked at.", "items": list(items)}
    return exchange.post(who, f"{case}/decisions", body)


def resubmit(exchange, **changes):
    (product,) = exchange.get("supplier", "/v1/products")["items"]
    path = f"/v1/products/{product['id']}/versions/1"
    exchange.call("supplier", "PATCH", path, changes, expect=200)
    exchange.post("supplier", f"{path}/submission")


def the_panel(exchange):
    (panel,) = exchange.get("panel1", "/v1/panels")["items"]
    return panel


def for_me(exchange, who, path):
    return [each["id"] for each in exchange.get(who, f"{path}?is_for_me=true")["items"]]


def test_a_supplement_comes_back_as_another_case_three_times_at_most(exchange):
    exchange.submit()
    for number in range(3):
        case = exchange.case()
        assert exchange.get("first", case)["case"]["supplement_round"] == number
        assert exchange.admit(case, "return")["stage"] == "SUPPLEMENT"
        assert exchange.get("first", "/v1/review-cases")["items"] == []
        resubmit(exchange, description=f"Airports, part {number}.")
        assert exchange.get("first", case)["case"]["stage"] == "SUPPLEMENTED"
    body = {"decision": "return", "reason": "Once more."}
    exchange.refused(
        "intake", f"{exchange.case()}/admission", body, slug="supplements-used-up", expect=409
    )


def test_a_supplement_that_does_not_come_expires_with_its_version(exchange, clock):
    exchange.submit()
    case = exchange.case()
    exchange.admit(case, "return")
    clock.advance(seconds=30 * DAY)
    assert tick(exchange) == 1
    assert exchange.get("first", case)["case"]["stage"] == "EXPIRED"
    (product,) = exchange.get("supplier", "/v1/products")["items"]
    version = exchange.get("supplier", f"/v1/products/{product['id']}/versions/1")
    assert version["state"] == "REJECTED"


def test_the_intake_reviews_nothing_that_it_admitted_and_knows_its_own_conflicts(exchange):
    exchange.submit()
    case = exchange.case()
    body = {"decision": "approve", "reason": "Complete."}
    exchange.refused("first", f"{case}/admission", body, slug="permission-missing", expect=403)
    exchange.admit(case)
    exchange.refused("intake", f"{case}/admission", body, slug="illegal-transition", expect=409)


def test_a_dissent_calls_a_panel_that_answers_what_was_left_open(exchange, monkeypatch):
    monkeypatch.setitem(PEOPLE, "panel4", staff("panel4", Role.PANEL_MEMBER))
    code = exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    exchange.take("first", case)
    exchange.approve("first", case)
    exchange.take("second", case)
    assert decide(exchange, "second", case, "reject")["stage"] == "PANEL"
    panel = the_panel(exchange)
    path = f"/v1/panels/{panel['id']}"
    vote = {"vote": "for", "reason": "Weighed."}
    exchange.refused("panel1", f"{path}/votes", vote, slug="no-seat-on-panel", expect=403)
    asked = ("panel1", "panel4", "first", "board1")
    assert [for_me(exchange, who, "/v1/panels") for who in asked] == [[panel["id"]]] * 2 + [[]] * 2
    for who in PANELLISTS:
        exchange.post(who, f"{path}/seats", {"answers": CLEAR})
    assert [for_me(exchange, who, "/v1/panels") for who in asked] == [[panel["id"]], [], [], []]
    exchange.refused("panel1", f"{path}/votes", vote, slug="items-unanswered", expect=422)
    items = exchange.items("panel1", case)
    exchange.post("panel1", f"{path}/votes", {**vote, "items": items})
    exchange.refused("panel1", f"{path}/votes", vote, slug="vote-already-cast", expect=409)
    assert for_me(exchange, "panel1", "/v1/panels") == []
    exchange.post("panel2", f"{path}/votes", {"vote": "against", "reason": "Not convinced."})
    concluded = exchange.post("panel3", f"{path}/votes", {**vote, "items": items})
    assert (concluded["state"], concluded["in_favour_count"]) == ("CARRIED", 2)
    assert exchange.get("first", case)["case"]["stage"] == "APPROVED"
    assert exchange.catalogue() == []
    exchange.decide_listing()
    assert exchange.catalogue() == [code]


def test_a_listing_officer_with_a_conflict_leaves_it_to_another(exchange):
    exchange.submit()
    exchange.register(exchange.case())
    queue = "/v1/listing-applications"
    assert [len(for_me(exchange, who, queue)) for who in ("officer", "panel1")] == [1, 0]
    left = exchange.decide_listing(interest="unknown")
    assert (for_me(exchange, "officer", queue), len(exchange.get("officer", queue)["items"])) == (
        [],
        1,
    )
    assert (left["state"], left["officer_id"]) == ("LISTING_REVIEW", None)
    body = {"answers": CLEAR, "decision": "approve", "reason": "No conflict after all."}
    exchange.refused(
        "officer",
        f"/v1/listing-applications/{left['id']}/decision",
        body,
        slug="reviewer-conflicted",
        expect=403,
    )
    assert exchange.catalogue() == []


def test_a_refused_listing_goes_back_to_its_supplier(exchange):
    exchange.submit()
    exchange.register(exchange.case())
    assert exchange.decide_listing("refuse")["state"] == "REFUSED"
    resubmit(exchange, description="Airports, better.")
    assert exchange.get("first", exchange.case())["case"]["round"] == 2


def test_publicity_waits_its_working_days_and_an_objection_stops_it(exchange, clock):
    set_policy(exchange, publicity_working_days=10)
    exchange.submit()
    exchange.register(exchange.case())
    (entry,) = exchange.get("nobody", "/v1/registrations?state=REGISTERED")["items"]
    assert exchange.get("officer", "/v1/listing-applications")["items"] == []
    path = f"/v1/registrations/{entry['id']}/objections"
    statement = {"statement": "These data are ours."}
    exchange.refused("supplier", path, statement, slug="not-your-decision", expect=403)
    objection = exchange.post("buyer", path, statement)
    exchange.refused("buyer", path, statement, slug="objection-already-raised", expect=409)
    (seen,) = exchange.get("supplier", "/v1/objections")["items"]
    assert seen["statement"] == "These data are ours."
    assert exchange.get("stranger", "/v1/objections")["items"] == []
    clock.advance(seconds=20 * DAY)
    assert tick(exchange) == 0
    resolution = f"/v1/objections/{objection['id']}/resolution"
    answer = {"outcome": "dismiss", "reason": "The contract shows otherwise."}
    exchange.refused("first", resolution, answer, slug="not-your-decision", expect=403)
    exchange.post("third", resolution, answer)
    final = exchange.get("nobody", f"/v1/registrations/{entry['id']}")
    assert final["state"] == "REGISTERED_FINAL"
    assert exchange.decide_listing()["state"] == "LISTED"


def test_publicity_without_objection_ends_by_itself(exchange, clock):
    set_policy(exchange, publicity_working_days=10)
    exchange.submit()
    exchange.register(exchange.case())
    assert tick(exchange) == 0
    clock.advance(seconds=15 * DAY)
    assert tick(exchange) == 1
    assert exchange.decide_listing()["state"] == "LISTED"


def test_an_upheld_objection_cancels_the_registration(exchange):
    set_policy(exchange, publicity_working_days=10)
    exchange.submit()
    exchange.register(exchange.case())
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    path = f"/v1/registrations/{entry['id']}/objections"
    objection = exchange.post("buyer", path, {"statement": "Ours."})
    resolution = f"/v1/objections/{objection['id']}/resolution"
    exchange.post("third", resolution, {"outcome": "uphold", "reason": "Theirs indeed."})
    assert exchange.get("nobody", f"/v1/registrations/{entry['id']}")["state"] == "CANCELLED"
    assert exchange.get("officer", "/v1/listing-applications")["items"] == []


def give_up(exchange, *, expect=201):
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    body = {"reason": "We do not offer it any more."}
    path = f"/v1/registry/{entry['id']}/cancellation"
    return exchange.call("supplier", "POST", path, body, expect=expect)


def version_state(exchange):
    (product,) = exchange.get("supplier", "/v1/products")["items"]
    return exchange.get("supplier", f"/v1/products/{product['id']}/versions/1")["state"]


def test_what_is_given_up_while_it_waits_leaves_the_officers_queue(exchange):
    exchange.submit()
    exchange.register(exchange.case())
    (waiting,) = exchange.get("officer", "/v1/listing-applications")["items"]
    give_up(exchange)
    assert exchange.get("officer", "/v1/listing-applications")["items"] == []
    (withdrawn,) = exchange.get("officer", "/v1/listing-applications?state=WITHDRAWN")["items"]
    assert (withdrawn["id"], withdrawn["officer_id"]) == (waiting["id"], None)
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    assert (entry["state"], version_state(exchange)) == ("CANCELLED", "REJECTED")


def test_what_is_given_up_during_its_publicity_never_becomes_final(exchange, clock):
    set_policy(exchange, publicity_working_days=10)
    exchange.submit()
    exchange.register(exchange.case())
    give_up(exchange)
    clock.advance(seconds=20 * DAY)
    assert tick(exchange) == 0
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    assert (entry["state"], version_state(exchange)) == ("CANCELLED", "REJECTED")


def test_what_a_listing_was_revoked_with_is_cancelled_in_both_rooms(exchange):
    code = exchange.list_product()
    exchange.revoke("risk", code)
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    assert entry["state"] == "CANCELLED"


def test_registered_only_is_listed_when_its_supplier_applies(exchange):
    code = exchange.submit(is_for_listing=False)
    exchange.register(exchange.case())
    assert exchange.get("officer", "/v1/listing-applications")["items"] == []
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    path = f"/v1/registrations/{entry['id']}/listing-application"
    exchange.refused("stranger", path, slug="registration-not-found", expect=404)
    exchange.post("supplier", path)
    exchange.refused("supplier", path, slug="listing-already-applied-for", expect=409)
    exchange.decide_listing()
    assert exchange.catalogue() == [code]


def test_what_the_exchange_does_not_deliver_is_registered_and_not_listed(exchange):
    exchange.submit(is_for_listing=False, delivery_mode="FEDERATED")
    exchange.register(exchange.case())
    (entry,) = exchange.get("nobody", "/v1/registrations")["items"]
    path = f"/v1/registrations/{entry['id']}/listing-application"
    exchange.refused("supplier", path, slug="delivery-unavailable", expect=409)


def test_an_emergency_is_ratified_or_escalates_and_two_others_resume(exchange, clock):
    code = exchange.list_product()
    path = f"/v1/listings/{code}"
    exchange.post("risk", f"{path}/suspension", {"reason_code": "COMPLAINT", "scope": "NEW_ORDERS"})
    assert exchange.catalogue() == []
    exchange.refused(
        "risk", f"{path}/suspension/ratification", slug="second-person-needed", expect=403
    )
    clock.advance(seconds=DAY + 3600)
    assert tick(exchange) == 1
    (late,) = exchange.get("first", "/v1/suspensions?is_overdue=true")["items"]
    assert late["escalated_at"]
    exchange.post("first", f"{path}/suspension/ratification")
    assert exchange.get("first", "/v1/suspensions?is_overdue=true")["items"] == []
    exchange.post("second", f"{path}/resumption")
    assert exchange.post("third", f"{path}/resumption")["state"] == "LISTED"
    assert exchange.catalogue() == [code]


def reject(exchange):
    """A version that a panel rejected; answers the case's path."""
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    exchange.take("first", case)
    decide(exchange, "first", case, "reject")
    exchange.sit_and_vote(f"/v1/panels/{the_panel(exchange)['id']}", PANELLISTS, "against")
    return case


def test_an_upheld_appeal_brings_a_rejection_before_other_people(exchange):
    case = reject(exchange)
    exchange.refused("stranger", f"{case}/appeal", APPEAL, slug="review-case-not-found", expect=404)
    appeal = exchange.post("supplier", f"{case}/appeal", APPEAL)
    exchange.refused("supplier", f"{case}/appeal", APPEAL, slug="already-appealed", expect=409)
    decided = exchange.sit_and_vote(f"/v1/appeals/{appeal['id']}", BOARD, "for")
    assert (decided["state"], decided["reason"].splitlines()) == ("UPHELD", ["Weighed."] * 3)
    again = exchange.case()
    assert again != case
    body = {"decision": "approve", "reason": "Complete."}
    exchange.refused("intake", f"{again}/admission", body, slug="reviewer-conflicted", expect=403)


def test_a_dismissed_appeal_is_final(exchange):
    case = reject(exchange)
    appeal = exchange.post("supplier", f"{case}/appeal", APPEAL)
    exchange.sit_and_vote(f"/v1/appeals/{appeal['id']}", BOARD, "against")
    exchange.refused("supplier", f"{case}/appeal", APPEAL, slug="already-appealed", expect=409)
    (product,) = exchange.get("supplier", "/v1/products")["items"]
    version = exchange.get("supplier", f"/v1/products/{product['id']}/versions/1")
    assert version["state"] == "REJECTED"


def test_an_appeal_comes_in_time(exchange, clock):
    case = reject(exchange)
    clock.advance(seconds=16 * DAY)
    exchange.refused("supplier", f"{case}/appeal", APPEAL, slug="appeal-too-late", expect=409)


def test_a_board_lifts_a_suspension(exchange, monkeypatch):
    both = staff("both", Role.RISK_OFFICER, Role.APPEAL_MEMBER)
    monkeypatch.setitem(PEOPLE, "both", both)
    code = exchange.list_product()
    path = f"/v1/listings/{code}"
    exchange.refused("supplier", f"{path}/appeal", APPEAL, slug="nothing-to-appeal", expect=409)
    exchange.post("risk", f"{path}/suspension", {"reason_code": "COMPLAINT"})
    exchange.post("both", f"{path}/resumption")
    appeal = exchange.post("supplier", f"{path}/appeal", APPEAL)
    seat, clear = f"/v1/appeals/{appeal['id']}/seats", {"answers": CLEAR}
    exchange.refused("both", seat, clear, slug="reviewer-conflicted", expect=403)
    asked = ("board1", "both", "panel1")
    assert [len(for_me(exchange, who, "/v1/appeals")) for who in asked] == [1, 0, 0]
    exchange.sit_and_vote(f"/v1/appeals/{appeal['id']}", BOARD, "for")
    assert exchange.catalogue() == [code]


def test_a_deadline_that_passes_escalates_once_and_frees_the_case(exchange, clock):
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    exchange.take("first", case)
    give_back = {"reason": "They are ill."}
    exchange.refused(
        "second", f"{case}/release", give_back, slug="not-the-assigned-reviewer", expect=403
    )
    clock.advance(seconds=14 * DAY)
    assert tick(exchange) == 1
    assert tick(exchange) == 0
    assert exchange.get("second", case)["case"]["escalated_at"]
    assert exchange.post("second", f"{case}/release", give_back)["first_reviewer_id"] is None
    exchange.take("third", case)
