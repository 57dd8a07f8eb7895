"""A contract taken apart: the form of a draft, where its members stood, and what was wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from listings.errors import Fault


@dataclass
class ReadContract:
    """A contract taken apart; ``places`` say where a member of the form stands in the contract."""

    form: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[Fault] = field(default_factory=list)

    def put(self, name: str, value: Any, pointer: str) -> None:
        """Set a member of the form and remember where it came from."""
        self.form[name], self.places[f"#/{name}"] = value, pointer

    def fault(self, pointer: str, detail: str) -> None:
        """Note what is wrong."""
        self.faults.append(Fault(pointer, detail))

    def ignore(self, pointer: str, detail: str) -> None:
        """Note what was read past."""
        self.ignored.append(Fault(pointer, detail))

    def in_contract(self, pointer: str) -> str:
        """Where a pointer into the form leads in the contract."""
        head, rest = pointer, ""
        while head not in self.places:
            head, slash, last = head.rpartition("/")
            if not slash:
                return pointer
            rest = f"/{last}{rest}"
        return self.places[head] + rest


def entries(
    read: ReadContract, owner: Mapping[str, Any], name: str, pointer: str = "#"
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The objects of a list with their pointers; whatever is no object is a fault."""
    found = owner.get(name)
    if found is not None and not isinstance(found, list):
        read.fault(f"{pointer}/{name}", "A list of objects.")
        return
    for at, entry in enumerate(found or ()):
        if isinstance(entry, Mapping):
            yield f"{pointer}/{name}/{at}", entry
        else:
            read.fault(f"{pointer}/{name}/{at}", "An object.")
