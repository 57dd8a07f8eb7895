"""The numbered steps of a check: printed as they pass, kept for a machine-readable report."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TextIO

from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.keys import Keyring


def printable(text: str) -> str:
    """The text with everything that a terminal would not show as a letter escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


@dataclass(frozen=True)
class Step:
    """One step that passed, or the one that did not."""

    number: int
    name: str
    ok: bool
    detail: str


class Report:
    """Numbers the steps of one command; the first step that fails ends it."""

    def __init__(self, command: str, out: TextIO) -> None:
        self.command = command
        self.steps: list[Step] = []
        self.keys: list[dict[str, str]] = []
        self.counts: dict[str, int] = {}
        self.facts: dict[str, object] = {}
        self._out: TextIO | None = out
        self._number = 0

    @property
    def passed(self) -> bool:
        """Whether something was checked and all of it passed."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def stop(self, name: str, detail: str) -> None:
        """Tell of a failure that ended the command between its steps, as of a step of its own."""
        if all(step.ok for step in self.steps):
            self._add(Step(self._number + 1, name, ok=False, detail=detail))

    def say(self, line: str) -> None:
        """Print a line that is not a step; what is no letter in it is spelled out.

        Evidence brings its own text: it must not end a line, nor move the cursor.
        """
        if self._out is None:
            return
        try:
            print(printable(line), file=self._out, flush=True)
        except BrokenPipeError:
            # Nobody reads any more; the verdict is still the exit code's to give.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
            self._out = None

    def show_keys(self, keyring: Keyring) -> None:
        """Print and keep the fingerprints of the keys that decide."""
        self.say(f"keys taken from {keyring.source}")
        for role, key in keyring.roles():
            self.say(f"  {role}: {key.name} {key.fingerprint}")
            self.keys.append({"role": role, "name": key.name, "fingerprint": key.fingerprint})

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """One step; what the body appends is shown behind its "ok"."""
        with self.together(name) as details:
            yield details[name]

    @contextmanager
    def together(self, *names: str) -> Iterator[dict[str, list[str]]]:
        """Steps checked in one pass; they are printed when the pass ends, the failed one alone."""
        details: dict[str, list[str]] = {name: [] for name in names}
        try:
            yield details
        except Rejected as error:
            failed = error if error.step in names else error.within(names[0])
            self._fail(names, failed.step, f"rejected: {failed.reason}")
            raise failed from error
        except NotChecked as error:
            name = error.step if error.step in names else names[0]
            self._fail(names, name, f"not checked: {error.reason}")
            raise
        for name in names:
            self._number += 1
            self._add(Step(self._number, name, ok=True, detail=", ".join(details[name])))

    def _fail(self, names: tuple[str, ...], name: str, detail: str) -> None:
        self._add(Step(self._number + 1 + names.index(name), name, ok=False, detail=detail))

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        behind = step.detail if not step.ok else f"ok ({step.detail})" if step.detail else "ok"
        self.say(f"{step.number} {step.name}: {behind}")

    def to_json(self) -> str:
        """The report as a JSON document."""
        document = {
            "format": "counterfoil-verification/1",
            "command": self.command,
            "passed": self.passed,
            "steps": [asdict(step) for step in self.steps],
            "counts": self.counts,
            "keys": self.keys,
            "facts": self.facts,
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
