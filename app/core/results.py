"""The answer of a check: allowed, or denied with the rule that decided."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Allowed:
    """Nothing stands against it."""


@dataclass(frozen=True)
class Denied:
    """Refused: the rule, its legal reference and the input that decided it."""

    rule_id: str
    reason: str
    law_ref: str = ""
    inputs: dict[str, str] = field(default_factory=dict)


Decision = Allowed | Denied
