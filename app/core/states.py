"""State machines as one readable table per entity."""

from collections.abc import Mapping

from app.core.errors import CounterfoilError, ErrorKind


class IllegalTransition(CounterfoilError):
    """The event cannot happen to an entity in this state."""

    kind = ErrorKind.CONFLICT
    slug = "illegal-transition"
    title = "The state does not allow this"

    def __init__(self, state: str, event: str, allowed: list[str]) -> None:
        super().__init__(
            f"'{event}' cannot happen in state {state}.", state=state, event=event, allowed=allowed
        )


class Transitions:
    """``{(state, event): next state}``; anything not in the table is refused."""

    def __init__(self, table: Mapping[tuple[str, str], str]) -> None:
        self.table = dict(table)

    def next(self, state: str, event: str) -> str:
        """The state after the event; raises `IllegalTransition`."""
        try:
            return self.table[(state, event)]
        except KeyError:
            raise IllegalTransition(state, event, self.events(state)) from None

    def events(self, state: str) -> list[str]:
        """The events that the state allows, sorted."""
        return sorted(event for (origin, event) in self.table if origin == state)

    def states(self) -> set[str]:
        """Every state that the table names."""
        return {origin for origin, _ in self.table} | set(self.table.values())
