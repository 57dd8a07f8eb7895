"""The life of a sample: committed, drawn, perhaps called with, measured; or given up."""

from enum import StrEnum


class SampleState(StrEnum):
    """Where a sample stands; the last two are final."""

    COMMITTED = "COMMITTED"
    DRAWN = "DRAWN"
    REVEALED = "REVEALED"
    MEASURED = "MEASURED"
    LAPSED = "LAPSED"


class PublicState(StrEnum):
    """What the catalogue says of a listing's quality."""

    GRADED = "GRADED"
    NOT_ASSESSED = "NOT_ASSESSED"
    NOT_REPORTED = "NOT_REPORTED"


class SampleKind(StrEnum):
    """What the committed rows are: the data of a file, or keys to call an interface with."""

    FILE = "FILE"
    CALLS = "CALLS"


OPEN_STATES = frozenset({SampleState.COMMITTED, SampleState.DRAWN, SampleState.REVEALED})
REVEAL_DAYS = 7
"""How long drawn rows may be revealed; later the sample lapses, and the lapse stays on record."""
VALID_DAYS = 180
"""How long a report speaks for a version."""
