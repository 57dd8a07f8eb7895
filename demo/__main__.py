"""`make demo`: the whole story on a fresh installation, ending with `var/demo/report.json`."""

import shutil
import sys
from pathlib import Path

from demo.http import Surprise
from demo.installation import ROOT, Installation
from demo.report import Report
from demo.story import tell
from demo.world import World

FOLDER = ROOT / "var" / "demo"


def main(folder: Path = FOLDER) -> int:
    """Tell the story; 0 only if every step went as told."""
    shutil.rmtree(folder, ignore_errors=True)
    report = Report()
    installation = Installation(folder / "exchange")
    print("Counterfoil: the whole story, over HTTP, on this machine\n")
    try:
        with report.step("PostgreSQL, chain, worker, gateway and a supplier's upstream start"):
            installation.start()
        tell(World(installation), report, folder)
    except Surprise as surprise:
        print(f"\nSurprise: {surprise}", file=sys.stderr)
    finally:
        installation.stop()
        report.write(folder / "report.json")
    _summarise(report, folder)
    return 0 if report.passed else 1


def _summarise(report: Report, folder: Path) -> None:
    print()
    for name, value in report.figures.items():
        print(f"  {name}: {value}")
    verdict = "passed" if report.passed else "FAILED"
    print(f"\n{verdict}: {folder / 'report.json'}")


if __name__ == "__main__":
    sys.exit(main())
