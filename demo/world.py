"""Who and what the story is about: filled step by step, read by later steps."""

from dataclasses import dataclass, field
from typing import Any

from demo.http import Client
from demo.installation import Installation
from demo.people import Person


@dataclass
class Trade:
    """One product from draft to licence."""

    product: dict[str, Any] = field(default_factory=dict)
    listing_code: str = ""
    plan_id: str = ""
    scenario: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)
    licence_id: str = ""
    key: str = ""


@dataclass
class World:
    """Everything that the steps share."""

    installation: Installation
    staff: dict[str, Person] = field(default_factory=dict)
    supplier: Person = field(default_factory=lambda: Person("", "", Client("")))
    buyer: Person = field(default_factory=lambda: Person("", "", Client("")))
    organisations: dict[str, str] = field(default_factory=dict)
    airports: Trade = field(default_factory=Trade)
    days: Trade = field(default_factory=Trade)

    @property
    def base_url(self) -> str:
        """Where the exchange answers."""
        return self.installation.base_url

    @property
    def anybody(self) -> Client:
        """Somebody who is not signed in."""
        return Client(self.base_url)

    def staff_client(self, name: str) -> Client:
        """A member of the staff, signed in with the second factor."""
        return self.staff[name].client
