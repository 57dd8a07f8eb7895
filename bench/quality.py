"""Measures real tables with the product's own indicators, and writes them into docs/quality.md.

    python -m bench.quality [--listings FOLDER]

Figures only: no row and no value of one enters the page. Without the folder of the exchanges' real
listings its tables stay as they are.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import airportsdata

from app.commands.quality import measure_rows, read_rows
from demo.products import airports, working_days
from demo.upstream import find_airport, find_day

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
SETS = Path(__file__).with_name("quality_sets")
LISTINGS = Path(__file__).parents[2] / "shared" / "data" / "listings"
LISTING_FILES = ("shanghai", "beijing", "guangzhou")
AS_OF = datetime(2026, 11, 29, tzinfo=UTC)
"""Fixed, so that the same rows give the same figures on any day."""
FIRST_DAY, LAST_DAY = date(2004, 1, 1), date(2026, 12, 31)

Report = Mapping[str, Any]


def demonstration() -> Iterator[tuple[str, Report]]:
    """The reports on the two tables that the demonstration sells."""
    codes = airportsdata.load("ICAO")
    found = [row for code in codes if (row := find_airport(code)) is not None]
    yield "airports", _measured(found, airports("", ""), "airports_rules")
    days = (FIRST_DAY + timedelta(n) for n in range((LAST_DAY - FIRST_DAY).days + 1))
    told = [row for day in days if (row := find_day(day.isoformat())) is not None]
    period = {"from": FIRST_DAY.isoformat(), "to": LAST_DAY.isoformat()}
    yield "days", _measured(told, {**working_days("", ""), "period": period}, "days_rules")


def real_listings(folder: Path) -> Iterator[tuple[str, Report]]:
    """The reports on the listing files of three exchanges."""
    content = read_set("listings")
    for name in LISTING_FILES:
        yield name, _measured(read_rows(folder / f"{name}.csv"), content, "listings_rules")


def read_set(name: str) -> dict[str, Any]:
    """One file beside this module: what a table says of itself, or its rules."""
    found: dict[str, Any] = json.loads((SETS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _measured(rows: Sequence[Mapping[str, Any]], content: Report, rules: str) -> Report:
    return measure_rows(rows, content, read_set(rules), AS_OF)


def table(report: Report) -> str:
    """One report in Markdown: what was drawn, how it is graded, and each assessed indicator."""
    assessed = [each for each in report["indicators"] if each["state"] == "ASSESSED"]
    lacking = [each for each in report["indicators"] if each["state"] != "ASSESSED"]
    head = (
        f"{report['sampled_count']} of {report['row_total']:,} rows · grade"
        f" **{report['grade'] or 'not assessed'}** · score {report['score']} · coverage"
        f" {report['coverage']} · vetoes: {', '.join(report['vetoes']) or 'none'}"
    )
    lines = [
        "| code | indicator | A | B | A/B | 95 % bound | better |",
        "|---|---|---|---|---|---|---|",
        *(_line(each) for each in assessed),
    ]
    codes = ", ".join(f"{each['code']} ({each['reason']})" for each in lacking)
    return "\n".join([head, "", *lines, "", f"Not assessable: {codes}."])


def _line(each: Report) -> str:
    better = "↑" if each["direction"] == "UP" else "↓"
    return (
        f"| {each['code']} | {each['name']} {each['name_zh']} | {each['satisfied_count']}"
        f" | {each['evaluated_count']} | {each['value']} | {each['bound']} | {better} |"
    )


def placed(page: str, name: str, block: str) -> str:
    """The page with the block between its two marks; raises `KeyError` where it has no place."""
    marks = re.compile(rf"(<!-- measured {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not marks.search(page):
        raise KeyError(name)
    return marks.sub(lambda found: f"{found[1]}{block}\n{found[2]}", page)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=Path, default=LISTINGS)
    folder = parser.parse_args().listings
    page = PAGE.read_text(encoding="utf-8")
    reports = [*demonstration(), *(real_listings(folder) if folder.is_dir() else ())]
    for name, report in reports:
        page = placed(page, name, table(report))
        print(name, report["grade"], report["score"], report["coverage"])
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
