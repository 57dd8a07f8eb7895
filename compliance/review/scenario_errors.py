"""Refusals of declared uses."""

from app.core.errors import CounterfoilError, ErrorKind


class ScenarioNotFound(CounterfoilError):
    """No scenario of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "scenario-not-found"
    title = "There is no such scenario"

    def __init__(self, scenario_id: str) -> None:
        super().__init__(f"No scenario {scenario_id}.", scenario_id=scenario_id)


class ScenarioOutsideListing(CounterfoilError):
    """The scenario asks for more than the listing offers, or widens what was asked."""

    kind = ErrorKind.INVALID
    slug = "scenario-outside-listing"
    title = "The scenario goes beyond what may be granted"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("See errors for each term.", errors=errors)


class ScenarioTemplateNotFound(CounterfoilError):
    """No template of a declared use has this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "scenario-template-not-found"
    title = "There is no such template"

    def __init__(self, template_id: str) -> None:
        super().__init__(f"No scenario template {template_id}.", template_id=template_id)


class ScenarioForOwnListing(CounterfoilError):
    """A supplier asks to use its own listing."""

    kind = ErrorKind.CONFLICT
    slug = "scenario-for-own-listing"
    title = "The listing is your own"

    def __init__(self, listing_code: str) -> None:
        super().__init__("A scenario needs two parties.", listing_code=listing_code)
