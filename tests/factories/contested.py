"""Decisions that take more than two who agree, on a whole exchange with its real staff.

A supplement, a dissent that a panel outvotes, a rejection that an appeal brings back, and an
emergency that a second person ratifies and two others end; a use that two people approve, and one
that a panel does.
"""

from demo import listing, trading
from demo.people import new_password, signed_in_staff
from demo.products import airports
from demo.world import Trade

PANEL = ("panel-member-1", "panel-member-2", "panel-member-3")
BOARD = ("appeal-member-1", "appeal-member-2", "appeal-member-3")
OTHER_INTAKE = "intake-officer-2"


def contest(world, exchange):
    """All of it; answers the trade whose product the panel approved."""
    _hire(world)
    made, rejected = Trade(), Trade()
    _submit(world, made, "有争议的机场查询", "Contested airports")
    _supplement(world, exchange, made)
    _outvote(world, exchange, _case(world, made))
    _submit(world, rejected, "被否决的机场查询", "Rejected airports")
    exchange.settle()
    _reprice(world, exchange, made)
    _declare_uses(world, made.listing_code)
    _appeal(world, _case(world, rejected), rejected)
    _emergency(world, made.listing_code)
    exchange.settle()
    return made


def _hire(world):
    email, password = f"{OTHER_INTAKE}@exchange.example", new_password()
    roles = ["intake_officer"]
    person = {"email": email, "name": OTHER_INTAKE, "password": password, "roles": roles}
    world.staff_client("operator-1").post("/v1/staff", person)
    world.staff[OTHER_INTAKE] = signed_in_staff(world.base_url, email, password)


def _submit(world, trade, name, name_en):
    installation = world.installation
    content = airports(installation.upstream_url, installation.upstream_key)
    purposes = [*content["allowed_purposes"], "OTHER"]
    named = {"name": name, "name_en": name_en, "allowed_purposes": purposes}
    listing._submit(world, trade, content | named)


def _case(world, trade):
    return f"/v1/review-cases/{listing._case_of(world, trade)}"


def _admit(world, case, decision="approve", who="intake-officer"):
    body = {"decision": decision, "reason": "Looked through."}
    world.staff_client(who).post(f"{case}/admission", body)


def _supplement(world, exchange, made):
    exchange.settle()
    _admit(world, _case(world, made), "return")
    path = f"/v1/products/{made.product['id']}/versions/1"
    body = {"summary": "Look an airport up by its code, better described."}
    world.supplier.client.expect("PATCH", path, 200, body=body)
    world.supplier.client.post(f"{path}/submission")
    exchange.settle()


def _clear(world, case):
    path = case or "/v1/conflict-questions"
    view = world.staff_client("reviewer-1").get(path)
    questions = view["conflict_questions"] if case else view["items"]
    return {"answers": {question["code"]: "no" for question in questions}}


def _items(world, case):
    left = world.staff_client("reviewer-1").get(case)["left_to_judge"]
    return [
        {"rule_id": item["rule_id"], "outcome": "PASS", "reason": "Read; it holds."}
        for item in left
        if not item["carried_from"]
    ]


def _decide(world, who, case, decision):
    client = world.staff_client(who)
    client.post(f"{case}/assignment", _clear(world, case))
    items = _items(world, case) if decision == "approve" else []
    body = {"decision": decision, "reason": "Weighed.", "items": items}
    client.post(f"{case}/decisions", body)


def _vote(world, case, path, members, votes, items=None):
    for who in members:
        world.staff_client(who).post(f"{path}/seats", _clear(world, case))
    for who, vote in zip(members, votes, strict=True):
        body = {"vote": vote, "reason": "Weighed."}
        if items and vote == "for":
            body["items"] = items
        world.staff_client(who).post(f"{path}/votes", body)


def _the_panel(world):
    (panel,) = world.staff_client(PANEL[0]).get("/v1/panels")["items"]
    return f"/v1/panels/{panel['id']}"


def _outvote(world, exchange, case):
    """The second reviewer dissents, two of three members do not, a third person lists."""
    _admit(world, case)
    _decide(world, "reviewer-1", case, "approve")
    _decide(world, "reviewer-2", case, "reject")
    votes = ("for", "against", "for")
    _vote(world, case, _the_panel(world), PANEL, votes, _items(world, case))
    listing._list(world, case.rpartition("/")[2])


def _reprice(world, exchange, made):
    """A next version whose price alone is another: past the intake, most answers carried."""
    versions = f"/v1/products/{made.product['id']}/versions"
    content = world.supplier.client.get(f"{versions}/1")["content"]
    installation = world.installation
    fresh = airports(installation.upstream_url, installation.upstream_key)
    plans = [{**plan, "unit_price": "0.21"} for plan in fresh["offers"][0]["plans"][:1]]
    kept = ("name", "name_en", "summary", "allowed_purposes")
    again = {name: content[name] for name in kept}
    offers = [{"name": "Calls, again", "plans": plans}]
    world.supplier.client.post(versions, fresh | again | {"offers": offers})
    world.supplier.client.post(f"{versions}/2/submission")
    exchange.settle()
    case = _case(world, made)
    view = world.staff_client("reviewer-1").get(case)
    assert (view["case"]["change_class"], view["case"]["stage"]) == ("COMMERCIAL", "REVIEW")
    assert any(item["carried_from"] for item in view["left_to_judge"])
    for who in ("reviewer-1", "reviewer-2"):
        _decide(world, who, case, "approve")
    listing._list(world, case.rpartition("/")[2])


def _declare_uses(world, listing_code):
    """A risky use before two reviewers, and one of no known purpose before a panel."""
    risky = {
        "is_automated_decision": True,
        "processors": ["A processor"],
        "onward_output": "A score for each airport.",
        "retention": "UNLIMITED",
    }
    uses = ({"purpose": "LOGISTICS"} | risky, {"purpose": "OTHER"})
    for use, reviewers, depth in zip(uses, (2, 1), ("TWO", "PANEL"), strict=True):
        declared = trading._scenario(Trade(listing_code=listing_code), "OTHER", ["name"]) | use
        scenario = world.buyer.client.post("/v1/scenarios", declared)
        assert scenario["depth"] == depth
        answers = _clear(world, None)
        decision = answers | {"decision": "approve", "reason": "Weighed."}
        for who in ("reviewer-1", "reviewer-2")[:reviewers]:
            path = f"/v1/scenarios/{scenario['id']}"
            world.staff_client(who).post(f"{path}/decision", decision)
    _vote(world, None, _the_panel(world), PANEL, ("for", "for", "against"))
    assert world.buyer.client.get(path)["state"] == "ACTIVE"


def _appeal(world, case, rejected):
    """Rejected by reviewer and panel; a board finds otherwise, and another intake looks again."""
    _admit(world, case)
    _decide(world, "reviewer-1", case, "reject")
    _vote(world, case, _the_panel(world), PANEL, ("against",) * 3)
    body = {"ground": "NEW_FACTS", "statement": "A court has found for us meanwhile."}
    appeal = world.supplier.client.post(f"{case}/appeal", body)
    _vote(world, case, f"/v1/appeals/{appeal['id']}", BOARD, ("for",) * 3)
    world.installation.settle()
    _admit(world, _case(world, rejected), who=OTHER_INTAKE)


def _emergency(world, listing_code):
    path = f"/v1/listings/{listing_code}"
    body = {"reason_code": "COMPLAINT", "scope": "NEW_ORDERS"}
    world.staff_client("risk-officer").post(f"{path}/suspension", body)
    world.staff_client("reviewer-1").post(f"{path}/suspension/ratification")
    for name in ("reviewer-1", "reviewer-2"):
        world.staff_client(name).post(f"{path}/resumption")
