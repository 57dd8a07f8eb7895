"""Evidence of a little exchange on disk, and the verifier run over it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from counterfoil_verify.cli import main

from tests.vectors.exchange import small_exchange


@dataclass
class Outcome:
    code: int
    output: str
    report: dict

    @property
    def step(self):
        """The name of the step that failed."""
        return next(step["name"] for step in self.report["steps"] if not step["ok"])

    @property
    def passed_steps(self):
        return [step["name"] for step in self.report["steps"] if step["ok"]]


class Desk:
    """A folder of evidence files and a run of the command line over them."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self._capsys = capsys

    def put(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def lay_out(self, files, folder="log"):
        for name, data in files.items():
            self.put(f"{folder}/{name}", data)
        return self.folder / folder

    def run(self, *arguments, keys=True):
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        given = ["--keys", self.folder / "keys.json"] if keys else []
        code = main([str(word) for word in (*arguments, *given, "--json", report)])
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, json.loads(report.read_text(encoding="utf-8")))


@pytest.fixture
def exchange():
    return small_exchange()


@pytest.fixture
def desk(tmp_path: Path, capsys, exchange):
    desk = Desk(tmp_path, capsys)
    desk.put("keys.json", exchange.keys)
    return desk
