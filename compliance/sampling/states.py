"""The life of a sample: committed, drawn, measured; or given up."""

from enum import StrEnum


class SampleState(StrEnum):
    """Where a sample stands; the last two are final."""

    COMMITTED = "COMMITTED"
    DRAWN = "DRAWN"
    MEASURED = "MEASURED"
    LAPSED = "LAPSED"


class PublicState(StrEnum):
    """What the catalogue says of a listing's quality."""

    GRADED = "GRADED"
    NOT_ASSESSED = "NOT_ASSESSED"
    NOT_REPORTED = "NOT_REPORTED"


OPEN_STATES = frozenset({SampleState.COMMITTED, SampleState.DRAWN})
REVEAL_DAYS = 7
"""How long drawn rows may be revealed; later the sample lapses, and the lapse stays on record."""
VALID_DAYS = 180
"""How long a report speaks for a version."""
