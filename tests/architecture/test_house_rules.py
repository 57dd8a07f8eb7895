"""The rules hold, and each would notice a breach."""

import ast
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from app.core.errors import CounterfoilError, ErrorKind
from app.core.events import Event
from app.core.principals import Role
from app.reactions import REACTIONS
from app.reactions.recording import RECORDED, UNRECORDED
from app.settings import DEFAULTS, OPTIONAL
from app.web.idempotency import idempotent
from tests.architecture import rules

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
BANNED_MODULES = {"utils", "helpers", "common", "misc", "manager"}


def document(name: str) -> str:
    return (rules.ROOT / "docs" / name).read_text(encoding="utf-8")


def test_only_the_named_modules_commit_and_each_does():
    found = {site.split(":")[0] for site in rules.commits(rules.sources())}
    assert found == set(rules.COMMIT_SITES)


@pytest.mark.parametrize(
    "ending", ["session.commit()", "connection.transaction()", "connection.execute('COMMIT')"]
)
def test_a_planted_second_commit_site_is_noticed(ending):
    planted = ast.parse(f"def save(session, connection):\n    {ending}\n")
    assert rules.commits([("listings/services.py", planted)]) == [
        f"listings/services.py:2: {ending}"
    ]


def test_every_route_names_a_permission_or_says_why_it_is_public(app):
    assert rules.unmarked_routes(app) == []


def test_a_planted_route_without_a_permission_is_noticed_and_refused(app):
    app.add_url_rule("/planted", "planted", lambda: "reached")
    assert rules.unmarked_routes(app) == ["planted"]
    assert app.test_client().get("/planted").status_code == 403


def test_who_changes_something_without_a_permission_is_named_with_a_reason(app):
    assert rules.public_writes(app) == set(rules.PUBLIC_WRITES)


def test_whoever_misses_a_pattern_is_told_what_fits():
    assert rules.silent_patterns(rules.sources()) == []


def test_a_pattern_without_words_is_found():
    planted = ast.parse("code = fields.String(validate=validate.Regexp('[a-z]+'))\n")
    assert rules.silent_patterns([("ledger/schemas.py", planted)]) == ["ledger/schemas.py:1"]


FOR_AUDITORS = {"/v1/imbalances", "/v1/postings"}
"""What the page on operating says to be somebody else's to read."""


def test_operators_may_read_what_the_page_on_operating_sends_them_to(app):
    assert rules.unreadable(app, document("operate.md"), Role.OPERATOR) == FOR_AUDITORS


def test_an_address_that_is_closed_to_a_role_is_found(app):
    text = "`GET /v1/wallets` and `GET /v1/exposures`"
    assert rules.unreadable(app, text, Role.OPERATOR) == {"/v1/wallets"}


def test_only_a_post_asks_for_an_idempotency_key(app):
    assert rules.keyed_repeats(app) == set()


def test_a_put_that_asks_for_one_is_found(app):
    view = idempotent(lambda: None)
    app.add_url_rule("/planted", "planted", view, methods=["PUT"])
    assert rules.keyed_repeats(app) == {"planted"}


def test_every_event_is_recorded_or_excused():
    rules.import_all()
    assert rules.unaccounted_events(RECORDED, UNRECORDED) == []


def test_a_planted_unrecorded_event_is_noticed(monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class Planted(Event):
        pass

    monkeypatch.setattr(Planted, "__module__", "listings.events")
    assert "Planted" in rules.unaccounted_events(RECORDED, UNRECORDED)
    monkeypatch.setattr(Planted, "__module__", "tests.planted")


def test_every_recorded_field_exists_on_its_event():
    for kind, recorded in RECORDED.items():
        known = set(kind.__dataclass_fields__)
        assert set(recorded.fields) <= known, kind.__name__


def test_reactions_are_only_to_events():
    assert all(issubclass(kind, Event) for kind in REACTIONS)


def test_every_error_slug_is_documented():
    rules.import_all()
    assert rules.undocumented(rules.slugs(), document("problems.md")) == []


def test_a_planted_undocumented_error_is_noticed(monkeypatch):
    class Planted(CounterfoilError):
        kind = ErrorKind.CONFLICT
        slug = "planted-slug"
        title = "Planted"

    monkeypatch.setattr(Planted, "__module__", "listings.errors")
    assert rules.undocumented(rules.slugs(), document("problems.md")) == ["planted-slug"]
    monkeypatch.setattr(Planted, "__module__", "tests.planted")


def test_a_problem_has_the_members_that_are_said_of_it():
    stated = rules.stated_facts(rules.sources())
    said = rules.documented_facts(document("problems.md"))
    assert {slug: said[slug] for slug in stated} == stated


def test_no_problem_has_an_id_that_does_not_say_of_what():
    """`id` is a thing's own, in its own answer; a problem is about another thing."""
    stated = rules.stated_facts(rules.sources())
    assert [slug for slug, facts in stated.items() if "id" in facts] == []


def test_a_fact_that_is_not_documented_is_found():
    planted = ast.parse(
        "class Planted(CounterfoilError):\n"
        "    slug = 'planted'\n"
        "    def __init__(self, lane):\n"
        "        super().__init__('No.', lane=lane, retry_after_seconds=1)\n"
    )
    assert rules.stated_facts([("ledger/errors.py", planted)]) == {"planted": {"lane"}}
    said = "### planted\n**409** Nothing. Members: `n`, `Retry-After`.\n"
    assert rules.documented_facts(said) == {"planted": {"n"}}


def test_no_two_errors_share_a_slug():
    rules.import_all()
    kinds = [kind for kind in rules.subclasses(CounterfoilError) if "slug" in vars(kind)]
    assert len({kind.slug for kind in kinds}) == len(kinds)


def test_every_setting_is_documented():
    assert rules.undocumented([*DEFAULTS, *OPTIONAL], document("settings.md")) == []


def test_no_module_is_unreachable():
    trees = dict(rules.sources())
    roots = [
        ast.parse((rules.ROOT / name).read_text(encoding="utf-8"))
        for name in ("wsgi.py", "migrations/env.py", "migrations/run.py")
    ]
    assert rules.unreachable_modules(trees, roots) == []


def test_a_planted_unreachable_module_is_noticed():
    trees = {"listings/forgotten.py": ast.parse("x = 1")}
    assert rules.unreachable_modules(trees, []) == ["listings.forgotten"]


def test_only_routes_and_shapes_know_http():
    assert rules.edge_imports(rules.sources()) == []


def test_a_planted_service_that_knows_flask_is_noticed():
    planted = ast.parse("from flask import request")
    assert rules.edge_imports([("listings/services/orders.py", planted)]) == [
        "listings/services/orders.py: flask",
        "listings/services/orders.py: flask.request",
    ]


def test_the_readme_speaks_only_of_commands_that_exist():
    readme = (rules.ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (rules.ROOT / "Makefile").read_text(encoding="utf-8")
    spoken = {word.split("`")[0].strip() for word in readme.split("`make ")[1:]}
    assert spoken
    assert all(f"\n{name}:" in makefile for name in spoken if name)


def test_functions_and_files_can_be_seen_whole():
    beside = [rules.ROOT / room for room in ("bench", "demo", "verifier")]
    paths = [path for folder in beside for path in folder.rglob("*.py")]
    trees = [(str(path), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]
    assert len(trees) > len(beside)
    for name, tree in [*rules.sources(), *trees]:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= FUNCTION_LINES_MAX, f"{name}: {node.name} has {lines} lines"
        length = (rules.ROOT / name).read_text(encoding="utf-8").count("\n")
        assert length <= FILE_LINES_MAX, f"{name} has {length} lines"


def test_no_module_has_a_name_that_says_nothing():
    stems = {Path(name).stem for name, _ in rules.sources()}
    assert stems & BANNED_MODULES == set()


def lint_imports(folder: Path) -> int:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


@pytest.fixture
def copy_of_the_tree(tmp_path):
    for room in (*rules.ROOMS, "migrations"):
        shutil.copytree(rules.ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(rules.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_layers_hold_and_a_planted_import_breaks_them(copy_of_the_tree):
    assert lint_imports(copy_of_the_tree) == 0
    with (copy_of_the_tree / "ledger" / "log" / "services.py").open("a") as file:
        file.write("\nfrom metering import rating  # planted\n")
    assert lint_imports(copy_of_the_tree) == 1


def test_a_flask_application_is_what_the_rules_look_at(app):
    assert isinstance(app, Flask)
