"""The life of a scenario: submitted by a buyer, decided by people of neither party."""

from enum import StrEnum

from app.core.states import Transitions


class ScenarioState(StrEnum):
    """Where a scenario stands; licences need ACTIVE."""

    SUBMITTED = "SUBMITTED"
    SECOND = "SECOND"
    PANEL = "PANEL"
    ACTIVE = "ACTIVE"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ScenarioDecision(StrEnum):
    """What the reviewer decides."""

    APPROVE = "approve"
    REFUSE = "refuse"


WITHDRAW, NARROW = "withdraw", "narrow"
APPROVE_FIRST = "approve, first of two"
APPROVE_TO_PANEL = "approve, to the panel"
CARRY, FAIL = "panel carries", "panel fails"
CARRY_BARRED = "panel carries, something stands against it"

TRANSITIONS = Transitions(
    {
        (ScenarioState.SUBMITTED, ScenarioDecision.APPROVE): ScenarioState.ACTIVE,
        (ScenarioState.SUBMITTED, ScenarioDecision.REFUSE): ScenarioState.REFUSED,
        (ScenarioState.SUBMITTED, APPROVE_FIRST): ScenarioState.SECOND,
        (ScenarioState.SECOND, ScenarioDecision.APPROVE): ScenarioState.ACTIVE,
        (ScenarioState.SECOND, ScenarioDecision.REFUSE): ScenarioState.REFUSED,
        (ScenarioState.SUBMITTED, APPROVE_TO_PANEL): ScenarioState.PANEL,
        (ScenarioState.PANEL, CARRY): ScenarioState.ACTIVE,
        (ScenarioState.PANEL, FAIL): ScenarioState.REFUSED,
        (ScenarioState.PANEL, CARRY_BARRED): ScenarioState.REFUSED,
        (ScenarioState.PANEL, WITHDRAW): ScenarioState.WITHDRAWN,
        (ScenarioState.SECOND, WITHDRAW): ScenarioState.WITHDRAWN,
        (ScenarioState.SUBMITTED, WITHDRAW): ScenarioState.WITHDRAWN,
        (ScenarioState.ACTIVE, WITHDRAW): ScenarioState.WITHDRAWN,
        (ScenarioState.ACTIVE, NARROW): ScenarioState.ACTIVE,
    }
)


class LicenceState(StrEnum):
    """Whether a licence permits calls; ENDED ran its term."""

    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"
    ENDED = "ENDED"


REVOKE, END = "revoke", "end"

LICENCE_TRANSITIONS = Transitions(
    {
        (LicenceState.ACTIVE, REVOKE): LicenceState.REVOKED,
        (LicenceState.ACTIVE, END): LicenceState.ENDED,
    }
)
