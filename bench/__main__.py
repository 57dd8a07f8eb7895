"""`make bench`: measure, and write var/bench/report.json; figures are reported, never judged."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import chain, gateway, ledger

REPORT = Path("var") / "bench" / "report.json"
Section = Callable[[dict[str, Any]], None]
SECTIONS: dict[str, tuple[Section, ...]] = {
    "gateway": (gateway.run,),
    "ledger": (ledger.run, chain.run),
}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "measured_at": datetime.now(UTC).isoformat(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> int:
    """Run the chosen sections and write what they found, also when one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    chosen = parser.parse_args().sections or list(SECTIONS)
    report: dict[str, Any] = {"machine": machine(), "errors": {}}
    for name in chosen:
        for part in SECTIONS[name]:
            _run(report, f"{name}: {part.__module__}", part)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    return 1 if report["errors"] else 0


def _run(report: dict[str, Any], name: str, part: Section) -> None:
    print(f"measuring {name}", flush=True)
    try:
        part(report)
    except Exception as error:  # noqa: BLE001 -- the other sections are still worth their figures
        report["errors"][name] = f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
