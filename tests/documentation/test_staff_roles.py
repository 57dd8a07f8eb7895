"""The operator's table of staff roles says what the code grants, and every number can be met."""

import re

from app.accounts.role_rules import DECIDING_ROLES
from app.core.principals import ROLE_PERMISSIONS, STAFF_ROLES
from compliance.review import policy
from demo.onboarding import STAFF
from tests.documentation.blocks import ROOT

PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `(\w+)` \| (?P<does>[^|]+) \| (?P<may>[^|]+) \| (?P<least>\d+) \|$", re.MULTILINE
)
COMMON = frozenset.intersection(*(ROLE_PERMISSIONS[role] for role in STAFF_ROLES))


def named(text):
    return frozenset(re.findall(r"`(\w+)`", text))


def test_each_staff_role_stands_there_with_what_it_may():
    shown = {row[1]: named(row["may"]) for row in ROW.finditer(PAGE)}
    assert shown == {role: ROLE_PERMISSIONS[role] - COMMON for role in STAFF_ROLES}


def test_what_every_role_may_is_said_once():
    sentence = re.search(r"Every role may (.*?), and besides:", PAGE, re.DOTALL)
    assert named(sentence[1]) == COMMON


def test_a_panel_and_a_board_have_a_member_for_each_seat():
    least = {row[1]: int(row["least"]) for row in ROW.finditer(PAGE)}
    seats = policy.read(policy.shipped()).panel_size
    assert least["panel_member"] == least["appeal_member"] == seats


def test_the_demonstration_has_everybody_who_decides():
    least = {row[1]: int(row["least"]) for row in ROW.finditer(PAGE)}
    hired = [role for roles in STAFF.values() for role in roles]
    assert all(hired.count(role) >= least[role] for role in DECIDING_ROLES)
