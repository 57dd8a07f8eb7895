"""Reads environment variables by what they should be, and tells all that is wrong at once."""

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path


class EnvironmentReader:
    """Reads variables and collects every problem instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str], defaults: Mapping[str, str]) -> None:
        self._values = {**defaults, **{name: value for name, value in environ.items() if value}}
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        """The variable, its default, or nothing."""
        return self._values.get(name, "")

    def optional(self, name: str) -> str | None:
        """The variable; None where it is absent or empty."""
        return self._values.get(name) or None

    def number(self, name: str, parse: Callable[[str], float], low: float, high: float) -> float:
        """A number from ``low`` to ``high``; ``low`` where it is none, with a problem noted."""
        try:
            value = parse(self.text(name))
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            self.problems.append(f"{name} must be a number from {low} to {high}")
            return low
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        return int(self.number(name, int, low, high))

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """One of the options."""
        if self.text(name) not in options:
            self.problems.append(f"{name} must be one of {', '.join(options)}")
        return self.text(name)

    def url(self, name: str) -> str | None:
        """An address of HTTP, if there is one."""
        given = self.optional(name)
        if given is not None and not given.startswith(("http://", "https://")):
            self.problems.append(f"{name} must be an http:// or https:// address")
        return given

    def words(self, name: str) -> tuple[str, ...]:
        """What commas separate."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def networks(self, name: str) -> tuple[str, ...]:
        """Networks in CIDR notation (RFC 4632), separated by commas."""
        found = self.words(name)
        for part in found:
            try:
                ipaddress.ip_network(part)
            except ValueError:
                self.problems.append(f"{name}: '{part}' is not a network such as 10.1.0.0/16")
        return found

    def file(self, name: str) -> Path | None:
        """An existing file, if one is named."""
        return self._existing(name, "file", Path.is_file)

    def folder(self, name: str) -> Path | None:
        """An existing folder, if one is named."""
        return self._existing(name, "folder", Path.is_dir)

    def _existing(self, name: str, kind: str, is_there: Callable[[Path], bool]) -> Path | None:
        path = self.optional(name)
        if path is not None and not is_there(Path(path)):
            self.problems.append(f"{name}: there is no {kind} '{path}'")
        return None if path is None else Path(path)

    def address(self, name: str) -> tuple[str, int]:
        """``host:port``, taken apart."""
        host, _, port = self.text(name).rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 -- the TCP maximum
            self.problems.append(f"{name} must be host:port")
            return "127.0.0.1", 0
        return host, int(port)
