"""`make audit`: known vulnerabilities of the locked requirements, where an index of them answers.

Exit 0: none that matters, or no index answers (said plainly); 1: one that nobody has excused.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from typing_extensions import override

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
AUDIT_SECONDS = 300
_SAID_MAX = 300


@dataclass(frozen=True)
class Excuse:
    """Why a known vulnerability does not matter here, and until when somebody believes that."""

    reason: str
    expires_on: date


EXCUSES: dict[str, Excuse] = {}
"""By the vulnerability's id or one of its aliases, such as CVE-2026-12345."""


@dataclass(frozen=True)
class Finding:
    """One known vulnerability of one locked version."""

    package: str
    version: str
    ids: frozenset[str]
    fixed_in: tuple[str, ...]

    @override
    def __str__(self) -> str:
        """For people."""
        fixed = ", ".join(self.fixed_in) or "no version yet"
        return f"{self.package} {self.version}: {', '.join(sorted(self.ids))}; fixed in {fixed}"


class NoIndexAnswers(Exception):
    """The audit could not be made; its message says what was heard instead."""


def ask(requirements: Path) -> dict[str, Any]:
    """pip-audit's document over the locked versions; raises `NoIndexAnswers`."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--requirement", str(requirements), "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "10"]
    try:
        asked = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=AUDIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"no answer within {AUDIT_SECONDS} s"
        raise NoIndexAnswers(message) from error
    try:
        document: dict[str, Any] = json.loads(asked.stdout)
    except json.JSONDecodeError as error:
        said = asked.stderr.strip().splitlines()
        raise NoIndexAnswers((said or ["pip-audit said nothing"])[-1][:_SAID_MAX]) from error
    return document


def read_findings(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Every known vulnerability in pip-audit's document."""
    for each in document["dependencies"]:
        for known in each.get("vulns", ()):
            ids = frozenset({known["id"], *known.get("aliases", ())})
            fixed = tuple(known.get("fix_versions", ()))
            yield Finding(each["name"], each["version"], ids, fixed)


def unknown_packages(document: Mapping[str, Any]) -> list[str]:
    """The packages that the index knows nothing about; raises when it knows none at all."""
    packages = document["dependencies"]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    if len(unknown) == len(packages):
        message = f"the index knows none of the {len(packages)} packages"
        raise NoIndexAnswers(message)
    return unknown


def is_excused(finding: Finding, excuses: Mapping[str, Excuse], today: date) -> bool:
    """Whether somebody gave a reason that has not expired."""
    given = [excuses[each] for each in finding.ids if each in excuses]
    return any(today <= excuse.expires_on for excuse in given)


def judge(
    document: Mapping[str, Any], excuses: Mapping[str, Excuse], today: date
) -> tuple[int, Sequence[str]]:
    """The exit code and what to print; raises `NoIndexAnswers`."""
    unknown = unknown_packages(document)
    findings = list(read_findings(document))
    open_findings = [each for each in findings if not is_excused(each, excuses, today)]
    lines = [f"not known to the index, so not checked: {', '.join(unknown)}"] if unknown else []
    lines += [f"VULNERABLE {finding}" for finding in open_findings]
    excused = len(findings) - len(open_findings)
    checked = len(document["dependencies"]) - len(unknown)
    lines.append(f"{checked} packages checked: {len(open_findings)} findings, {excused} excused")
    return (1 if open_findings else 0), lines


def main() -> int:
    """Audit the locked requirements."""
    today = date.today()  # noqa: DTZ011 -- an excuse expires by the calendar of whoever runs this
    try:
        code, lines = judge(ask(REQUIREMENTS), EXCUSES, today)
    except NoIndexAnswers as silence:
        sys.stdout.write(
            f"NOT AUDITED: no index of vulnerabilities answers here ({silence}).\n"
            "This is not a clean audit; run `make audit` where pypi.org can be reached.\n"
        )
        return 0
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
