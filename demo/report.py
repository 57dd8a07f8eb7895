"""Steps as they happen: printed for people, collected for `var/demo/report.json`."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Report:
    """What the story did, step by step, and the figures it ended with."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step; its failure is recorded and goes on up."""
        started = time.perf_counter()
        record: dict[str, Any] = {"name": name, "ok": False}
        self.steps.append(record)
        try:
            yield
            record["ok"] = True
        except BaseException as error:
            record["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            record["ms"] = round((time.perf_counter() - started) * 1000)
            mark = "ok  " if record["ok"] else "FAIL"
            print(f"  {len(self.steps):2d} {mark} {record['ms']:6d} ms  {name}", flush=True)

    @property
    def passed(self) -> bool:
        """Whether every step went as told."""
        return bool(self.steps) and all(step["ok"] for step in self.steps)

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"passed": self.passed, "steps": self.steps, **self.figures}
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
