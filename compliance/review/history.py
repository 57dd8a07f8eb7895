"""What can happen to a version in its review, by the words of its history."""

from enum import StrEnum


class HistoryKind(StrEnum):
    """What happened; the facts that belong to it depend on it."""

    OPENED = "opened"
    RULES_EVALUATED = "rules evaluated"
    CONFLICT_DECLARED = "conflict declared"
    NO_CONFLICT_DECLARED = "no conflict declared"
    DECIDED = "decided"
    PANEL_CALLED = "panel called"
    VOTED = "voted"
    PANEL_CONCLUDED = "panel concluded"
    CONCLUDED = "concluded"
    ESCALATED = "escalated"
    REGISTERED = "registered"
    REGISTRATION_FINAL = "registration final"
    OBJECTION_RAISED = "objection raised"
    OBJECTION_RESOLVED = "objection resolved"
    LISTING_APPLIED_FOR = "listing applied for"
    LISTING_DECIDED = "listing decided"
    APPEALED = "appealed"
    APPEAL_DECIDED = "appeal decided"
