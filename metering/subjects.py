"""Whom a call is about: the pseudonym of the data subject, from the parameter that names them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.pseudonyms import is_pseudonym, pseudonym_of

IDENTITY = "IDENTITY"
PSEUDONYM = "PSEUDONYM"


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """The input field that says whom a call is about, and how it says it.

    ``key`` is the product's pseudonym key; without it an identity cannot be compared with a
    consent, and the call is refused.
    """

    field: str
    kind: str
    key: bytes | None

    def pseudonym_in(self, parameters: Mapping[str, Any]) -> str | None:
        """The subject of a call with these parameters; None when it cannot be told."""
        value = parameters.get(self.field)
        if value is None or not str(value).strip():
            return None
        if self.kind == PSEUDONYM:
            return value if isinstance(value, str) and is_pseudonym(value) else None
        return None if self.key is None else pseudonym_of(self.key, str(value))


def subject_rule(fields_in: Iterable[Mapping[str, Any]], key: bytes | None) -> SubjectRule | None:
    """The rule of a listing; None unless exactly one input field names the data subject."""
    named = [field for field in fields_in if field.get("data_subject")]
    if len(named) != 1:
        return None
    kind = str(named[0]["data_subject"])
    return SubjectRule(str(named[0]["name"]), kind, key) if kind in {IDENTITY, PSEUDONYM} else None
