"""What `make audit` says about an index's answers."""

from datetime import date

import pytest

from tests.audit_dependencies import Excuse, NoIndexAnswers, ask, judge

TODAY = date(2026, 11, 20)


def package(name="flask", *vulnerabilities, **more):
    return {"name": name, "version": "1.0", "vulns": list(vulnerabilities), **more}


def document(*packages):
    return {"dependencies": list(packages)}


KNOWN = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}
UNKNOWN = {"name": "structlog", "skip_reason": "not found"}


def test_a_known_vulnerability_fails_and_names_the_version_that_fixes_it():
    code, lines = judge(document(package("flask", KNOWN), UNKNOWN), {}, TODAY)
    assert code == 1
    assert "VULNERABLE flask 1.0: CVE-2026-1, PYSEC-2026-1; fixed in 1.1" in lines
    assert "not known to the index, so not checked: structlog" in lines


def test_nothing_known_passes():
    assert judge(document(package()), {}, TODAY) == (
        0,
        ["1 packages checked: 0 findings, 0 excused"],
    )


@pytest.mark.parametrize(("expires_on", "code"), [(date(2026, 11, 20), 0), (date(2026, 11, 19), 1)])
def test_an_excuse_holds_until_it_expires(expires_on, code):
    excuses = {"CVE-2026-1": Excuse("The function is not called here.", expires_on)}
    assert judge(document(package("flask", KNOWN)), excuses, TODAY)[0] == code


def test_an_index_that_knows_no_package_is_no_index():
    with pytest.raises(NoIndexAnswers, match="knows none of the 1 packages"):
        judge(document(UNKNOWN), {}, TODAY)


def test_an_audit_that_cannot_be_made_is_not_a_clean_one(tmp_path):
    with pytest.raises(NoIndexAnswers):
        ask(tmp_path / "missing.txt")
