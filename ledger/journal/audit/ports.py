"""What the audit takes from elsewhere: rules that look into other rooms too."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.journal.audit.rules.stretches import Stretch


@dataclass(frozen=True)
class AuditPorts:
    """Rules of the audit beside the journal's own, wired once by the factory."""

    further_rules: Sequence[Stretch] = ()
