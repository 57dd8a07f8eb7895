"""Every type of log entry stands on the page of formats and in the verifier, member by member."""

import ast
import re

from counterfoil_verify.log.entry_types import ENTRY_TYPES, OPTIONAL

from app.reactions.recording import RECORDED, WRITTEN_ELSEWHERE, entry_types
from ledger.log.sequencing.turning import SHARD_CLOSED, SHARD_OPENED
from metering.leaves import CallFacts, LaneNames, call_leaf, lane_opened_leaf
from tests.architecture import rules

PAGE = (rules.ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
COMMON = {"v", "type", "at", "blind"}
WRITERS = {"append_entry": 1, "integrate_fact": 2}
"""What writes an entry, and where among its arguments the type stands."""


def page_types():
    """The page's table: type -> (members, members in brackets)."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*?) \| .+ \|$", section(), flags=re.MULTILINE)
    return {
        name: (re.findall(r"(?<!\()`(\w+)`", members), re.findall(r"\(`(\w+)`\)", members))
        for name, members in rows
    }


def section():
    return PAGE.partition("### Types of entry")[2].partition("## 4.")[0]


def members(names):
    return [name.removesuffix("_id") for name in names]


def written_types():
    """The types that product code writes by name, beside those of the recording tables."""
    constants = {"SHARD_OPENED": SHARD_OPENED, "SHARD_CLOSED": SHARD_CLOSED}
    found = set()
    for name, tree in rules.sources():
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            place = WRITERS.get(ast.unparse(call.func))
            if place is None:
                continue
            given = call.args[place]
            if isinstance(given, ast.Constant):
                found.add(given.value)
            elif ast.unparse(given) in constants:
                found.add(constants[ast.unparse(given)])
            else:
                passed_on = ast.unparse(given) in {"recorded.entry_type", "entry_type"}
                assert passed_on, f"{name}:{call.lineno}: which type is this?"
    return found


def test_the_verifier_knows_every_recorded_type_with_its_members():
    for recorded in RECORDED.values():
        known = ENTRY_TYPES[recorded.entry_type]
        assert sorted(known) == sorted(members(recorded.fields + recorded.amounts))
        assert sorted(OPTIONAL.get(recorded.entry_type, ())) == sorted(members(recorded.optional))


def test_no_two_events_are_recorded_under_one_type():
    types = [recorded.entry_type for recorded in RECORDED.values()]
    assert len(types) == len(set(types))


def test_the_verifier_knows_every_type_that_is_written_by_name_and_no_other():
    by_name = {*written_types(), "lane_opened", "call"}
    assert {"shard_opened", "shard_closed", "log_key", "log_key_retired"} <= by_name
    assert by_name == WRITTEN_ELSEWHERE
    assert (
        set(ENTRY_TYPES)
        == entry_types()
        == by_name | {each.entry_type for each in RECORDED.values()}
    )


def test_a_meter_lanes_leaves_have_the_members_that_the_verifier_knows():
    names = LaneNames("lic_1", "ver_1", "scn_1", "p", "CNY", 1)
    facts = CallFacts(1, 1, "hit", "t", "r", "r", "d", "b")
    called = call_leaf(names, facts, n=1, total_units=1, total_amount=1, previous="h")
    opened = lane_opened_leaf(licence_id="lic_1", lane=1, plan_hash="p", at="t", blind="b")
    for kind, leaf in (("call", called), ("lane_opened", opened)):
        assert set(re.findall(rb'"(\w+)":', leaf)) == {
            name.encode() for name in {*ENTRY_TYPES[kind], *COMMON}
        }


def test_the_page_of_formats_names_every_type_with_its_members():
    page = page_types()
    known = {
        kind: (list(names), list(OPTIONAL.get(kind, ()))) for kind, names in ENTRY_TYPES.items()
    }
    assert page == known
