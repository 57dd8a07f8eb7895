"""Where a step that counts calls is in its round over the lanes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row


class LaneRound:
    """The last lane that was looked at: the next look begins behind it, so busy ones starve none.

    Kept in the worker's memory; after a restart a round begins with the first lane.
    """

    def __init__(self) -> None:
        self.after = ""

    def go_on(self, lanes: Sequence[Row[Any]]) -> None:
        """Pass the lanes of a look, before any is counted: one that fails holds up none."""
        if lanes:
            self.after = lanes[-1].lane_id
