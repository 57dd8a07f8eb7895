"""The queue by speciality, gravity and deadline; who has how much; what happened to a version."""

import pytest

from app.core.paging import InvalidCursor
from compliance import queries, services
from compliance.models.reviews import ReviewCase
from compliance.queries.workload import workload
from compliance.review.case_errors import ReviewCaseNotFound
from compliance.review.specialities import Speciality, codes, specialities_of, vocabulary
from listings.vocabulary import vocabulary as listed_terms
from tests.factories.compliance import (
    FIRST,
    OFFICER,
    PANEL,
    SECOND,
    SUPPLIER_ID,
    THIRD,
    admit,
    approve,
    decide,
    dossier,
    exchange_unit,
    items_for,
    list_application,
    open_review,
    panel_of,
    sensitive_members,
    sit,
    staff,
    take,
    verify_parties,
    vote,
)

HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture
def uow(units, clock):
    with exchange_unit(units) as unit:
        verify_parties(unit)
        yield unit


def later(uow, seconds):
    """The same transaction at a later instant."""
    uow.now = uow.now.fromtimestamp(uow.now.timestamp() + seconds, tz=uow.now.tzinfo)


def queue(uow, **filters):
    return [each.version_id for each in queries.list_cases(uow, **filters).items]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"TRANSPORT"}),
        ({"pi_level": "SENSITIVE"}, {"TRANSPORT", "PERSONAL_INFORMATION"}),
        ({"grade": "IMPORTANT", "sectors": ["FINANCE"]}, {"FINANCE", "IMPORTANT_DATA"}),
        ({"cross_border": {"mode": "EXPORT"}}, {"TRANSPORT", "CROSS_BORDER"}),
        ({"source_types": ["PUBLIC_DATA_AUTH"]}, {"TRANSPORT", "PUBLIC_DATA"}),
        ({"source_types": ["PUBLIC_COLLECTION"]}, {"TRANSPORT", "COLLECTED_DATA"}),
        ({"allowed_purposes": ["TUNE"]}, {"TRANSPORT", "AI_TRAINING"}),
    ],
)
def test_a_dossier_says_what_its_reviewer_must_know(changes, expected):
    assert specialities_of(dossier(**changes)) == sorted(expected)


def test_the_queue_is_asked_for_a_speciality(uow):
    open_review(uow, version_id="ver_1")
    open_review(uow, version_id="ver_2", sectors=["FINANCE"])
    open_review(uow, version_id="ver_3", **sensitive_members(sectors=["HEALTH"]))
    assert queue(uow, specialities=["FINANCE"]) == ["ver_2"]
    assert queue(uow, specialities=["TRANSPORT", "PERSONAL_INFORMATION"]) == ["ver_1", "ver_3"]
    assert queue(uow, specialities=["NOBODY_KNOWS"]) == []


def registered(uow, reviewer, *specialities):
    services.register_specialities(uow, reviewer, specialities=specialities)
    uow.session.flush()


def of(uow, reviewer, **filters):
    return queue(uow, reviewer=reviewer, **filters)


def test_the_vocabulary_has_every_scene_of_a_dossier_and_every_field_of_law():
    scenes = [each["code"] for each in vocabulary()["specialities"] if each["kind"] == "SCENE"]
    assert scenes == list(listed_terms("sectors"))
    assert codes() == {*scenes, *Speciality}
    assert all(each["en"] and each["zh"] for each in vocabulary()["specialities"])


def test_a_reviewer_is_shown_what_they_know_and_may_take(uow):
    for version_id, sectors in (("ver_1", ["TRANSPORT"]), ("ver_2", ["FINANCE"]), ("ver_3", [])):
        admit(uow, open_review(uow, version_id=version_id, sectors=sectors))
    assert of(uow, FIRST) == ["ver_1", "ver_2", "ver_3"]
    registered(uow, FIRST, "FINANCE", "AI_TRAINING")
    # What needs no special knowledge is everybody's.
    assert of(uow, FIRST) == ["ver_2", "ver_3"]
    assert of(uow, SECOND) == ["ver_1", "ver_2", "ver_3"]
    registered(uow, FIRST)
    assert of(uow, FIRST) == ["ver_1", "ver_2", "ver_3"]


def test_what_a_reviewer_may_not_take_is_not_for_them(uow):
    waiting = open_review(uow, version_id="ver_intake")
    held, barred, mine = (
        open_review(uow, version_id=version_id) for version_id in ("ver_held", "ver_bar", "ver_me")
    )
    for case in (held, barred, mine):
        admit(uow, case)
    take(uow, SECOND, held)
    take(uow, FIRST, barred, employed="yes")
    take(uow, FIRST, mine)
    assert of(uow, FIRST) == ["ver_me"]
    assert of(uow, SECOND) == ["ver_held", "ver_bar"]
    decide(uow, FIRST, mine, items=items_for(uow, mine))
    # Whoever reviewed it first is not its second reviewer.
    assert of(uow, FIRST) == []
    assert of(uow, SECOND) == ["ver_held", "ver_bar", "ver_me"]
    admit(uow, waiting, officer=THIRD)
    waiting.excluded_ids = [SECOND.id]
    uow.session.flush()
    assert of(uow, FIRST) == ["ver_intake"]
    assert "ver_intake" not in of(uow, SECOND) + of(uow, THIRD)
    insider = staff("insider", organisation_id=SUPPLIER_ID)
    assert of(uow, insider) == []


def test_who_reviews_no_more_covers_nothing(uow):
    registered(uow, FIRST, "FINANCE")
    registered(uow, SECOND, "FINANCE", "HEALTH")
    services.forget_specialities(uow, person_id=FIRST.id, role="risk_officer")
    assert len(queries.list_reviewer_specialities(uow, speciality="FINANCE").items) == 2
    services.forget_specialities(uow, person_id=FIRST.id)
    left = queries.list_reviewer_specialities(uow).items
    assert [each.person_id for each in left] == [SECOND.id]
    assert queries.list_reviewer_specialities(uow, speciality="TRANSPORT").items == []


def test_the_workload_says_what_waits_for_how_many_who_know_about_it(uow):
    open_review(uow, version_id="ver_1", sectors=["FINANCE"])
    open_review(uow, version_id="ver_2", **sensitive_members(sectors=["HEALTH", "FINANCE"]))
    registered(uow, FIRST, "FINANCE")
    later(uow, 30 * DAY)
    assert [tuple(each.values()) for each in figures(uow).specialities] == [
        ("FINANCE", 2, 2, 1),
        ("HEALTH", 1, 1, 0),
        ("PERSONAL_INFORMATION", 1, 1, 0),
    ]


def test_the_gravest_come_first_then_the_riskiest_then_the_next_due(uow):
    for version_id, members in (
        ("ver_plain", {}),
        ("ver_later", {}),
        ("ver_risky", sensitive_members()),
        ("ver_grave", {}),
    ):
        open_review(uow, version_id=version_id, **members)
        later(uow, DAY)
    uow.session.query(ReviewCase).filter_by(version_id="ver_grave").update({"severity": "REVIEW"})
    uow.session.expire_all()
    order = ["ver_grave", "ver_risky", "ver_plain", "ver_later"]
    assert queue(uow, order="severity") == order
    assert queue(uow, order="due") == ["ver_plain", "ver_later", "ver_risky", "ver_grave"]
    pages, cursor = [], None
    while True:
        page = queries.list_cases(uow, order="severity", limit=1, cursor=cursor)
        pages += [each.version_id for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == order


def test_what_is_overdue_and_what_is_free_is_found(uow):
    open_review(uow, version_id="ver_old")
    later(uow, 30 * DAY)
    held = open_review(uow, version_id="ver_held")
    admit(uow, held)
    take(uow, FIRST, held)
    assert queue(uow, is_overdue=True) == ["ver_old"]
    assert queue(uow, is_overdue=False) == ["ver_held"]
    assert queue(uow, is_free=True) == ["ver_old"]
    assert queue(uow, is_free=False) == ["ver_held"]


def reviewed(uow, version_id, *, intake, first, second):
    """A case whose stages took so many seconds each."""
    case = open_review(uow, version_id=version_id, population=f"Airports of {version_id}")
    later(uow, intake)
    admit(uow, case)
    for reviewer, seconds in ((FIRST, first), (SECOND, second)):
        take(uow, reviewer, case)
        later(uow, seconds)
        decide(uow, reviewer, case, items=items_for(uow, case))
    return case


def figures(uow):
    uow.session.flush()
    return workload(
        uow,
        from_at=uow.now.replace(year=2026, month=11, day=1),
        until_at=uow.now.replace(year=2028),
    )


def test_turnaround_is_counted_from_the_instants_that_are_kept(uow):
    for number, first in enumerate((HOUR, 2 * HOUR, 9 * HOUR)):
        reviewed(uow, f"ver_{number}", intake=60, first=first, second=HOUR)
    by_stage = {each["stage"]: each for each in figures(uow).turnarounds}
    assert by_stage["INTAKE"]["median_seconds"] == 60
    review = by_stage["REVIEW"]
    assert (review["done_count"], review["median_seconds"]) == (3, 2 * HOUR)
    # Interpolated between the second and the third of three.
    assert (review["p90_seconds"], review["longest_seconds"]) == (27_360, 9 * HOUR)
    assert by_stage["SUBMISSION_TO_REGISTRATION"]["longest_seconds"] == 60 + 10 * HOUR


def test_each_persons_load_is_what_they_decided_and_what_they_hold(uow):
    reviewed(uow, "ver_1", intake=60, first=HOUR, second=2 * HOUR)
    held = open_review(uow, version_id="ver_2", population="Airports of ver_2")
    admit(uow, held)
    take(uow, FIRST, held)
    later(uow, 30 * DAY)
    people = {(each["person_id"], each["stage"]): each for each in figures(uow).people}
    first = people[FIRST.id, "REVIEW"]
    assert (first["done_count"], first["decisions"]) == (1, {"approve": 1})
    assert (first["median_seconds"], first["held_count"], first["overdue_count"]) == (HOUR, 1, 1)
    second = people[SECOND.id, "SECOND"]
    assert (second["median_seconds"], second["held_count"]) == (2 * HOUR, 0)


def test_what_waits_is_shown_by_stage_with_what_nobody_holds(uow):
    open_review(uow, version_id="ver_1")
    case = open_review(uow, version_id="ver_2")
    admit(uow, case)
    later(uow, 30 * DAY)
    waiting = {each["stage"]: each for each in figures(uow).waiting}
    assert waiting["INTAKE"]["waiting_count"] == waiting["REVIEW"]["free_count"] == 1
    assert waiting["REVIEW"]["overdue_count"] == 1


def test_a_dissent_and_its_panel_are_counted_once_and_each_vote_to_its_member(uow):
    case = open_review(uow)
    admit(uow, case)
    take(uow, FIRST, case)
    decide(uow, FIRST, case, "reject")
    panel = panel_of(uow, case.id)
    sit(uow, panel)
    later(uow, DAY)
    for member in PANEL:
        vote(uow, member, panel, items=items_for(uow, case))
    list_application(uow, case)
    found = figures(uow)
    by_stage = {each["stage"]: each for each in found.turnarounds}
    assert by_stage["CASE_PANEL"]["done_count"] == 1
    people = {(each["person_id"], each["stage"]): each["decisions"] for each in found.people}
    assert people[PANEL[0].id, "CASE_PANEL"] == {"for": 1}
    assert people[FIRST.id, "REVIEW"] == {"reject": 1}
    assert people[OFFICER.id, "LISTING"] == {"listed": 1}


def test_the_history_tells_the_whole_review_in_its_order(uow):
    case = open_review(uow)
    approve(uow, case)
    list_application(uow, case)
    later(uow, HOUR)
    uow.session.flush()
    events = queries.get_history(uow, case.id, limit=100).items
    assert [each.at for each in events] == sorted(each.at for each in events)
    told = {(each.kind, each.person_id) for each in events}
    assert {
        ("opened", None),
        ("no conflict declared", FIRST.id),
        ("decided", SECOND.id),
        ("concluded", None),
        ("registration final", None),
        ("listing decided", OFFICER.id),
    } <= told
    shown = queries.get_case_view(uow, case.id).history
    assert shown == events


def test_the_history_is_paged_without_loss(uow):
    case = open_review(uow)
    approve(uow, case)
    uow.session.flush()
    whole, pages, cursor = queries.get_history(uow, case.id, limit=100).items, [], None
    while True:
        page = queries.get_history(uow, case.id, limit=3, cursor=cursor)
        pages += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == whole
    with pytest.raises(InvalidCursor):
        queries.get_history(uow, case.id, cursor="%")
    with pytest.raises(ReviewCaseNotFound):
        queries.get_history(uow, "cas_unknown")
