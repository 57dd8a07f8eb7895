"""Why the review refuses; each class states one fact."""

from app.core.errors import CounterfoilError, ErrorKind


class PolicyInvalid(CounterfoilError):
    """A value of the review's policy is out of its range, or two contradict each other."""

    kind = ErrorKind.INVALID
    slug = "policy-invalid"
    title = "The review's policy cannot be set so"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("See errors for each value.", errors=errors)


class PolicyNotInFuture(CounterfoilError):
    """A policy begins before it was set."""

    kind = ErrorKind.INVALID
    slug = "policy-not-in-future"
    title = "A policy cannot begin in the past"

    def __init__(self) -> None:
        super().__init__("What was decided under the former policy stands; begin it later.")


class SupplementsUsedUp(CounterfoilError):
    """The version went back to its supplier as often as it may."""

    kind = ErrorKind.CONFLICT
    slug = "supplements-used-up"
    title = "The version cannot go back another time"

    def __init__(self, case_id: str) -> None:
        super().__init__("Approve or reject it.", case_id=case_id)


class AlreadySeated(CounterfoilError):
    """The member already has a seat on the panel."""

    kind = ErrorKind.CONFLICT
    slug = "already-seated"
    title = "You already have a seat on this panel"

    def __init__(self, panel_id: str) -> None:
        super().__init__("Vote when you have read the case.", panel_id=panel_id)


class PanelFull(CounterfoilError):
    """Every seat of the panel is taken."""

    kind = ErrorKind.CONFLICT
    slug = "panel-full"
    title = "Every seat of this panel is taken"

    def __init__(self, panel_id: str) -> None:
        super().__init__("Nobody else is needed.", panel_id=panel_id)


class NoSeatOnPanel(CounterfoilError):
    """Only who took a seat may vote."""

    kind = ErrorKind.FORBIDDEN
    slug = "no-seat-on-panel"
    title = "You have no seat on this panel"

    def __init__(self, panel_id: str) -> None:
        super().__init__("Declare your conflicts and take a seat first.", panel_id=panel_id)


class VoteAlreadyCast(CounterfoilError):
    """A member votes once."""

    kind = ErrorKind.CONFLICT
    slug = "vote-already-cast"
    title = "You have already voted"

    def __init__(self, panel_id: str) -> None:
        super().__init__("A vote is never changed.", panel_id=panel_id)


class PanelNotFound(CounterfoilError):
    """No panel of this id sits or sat."""

    kind = ErrorKind.NOT_FOUND
    slug = "panel-not-found"
    title = "There is no such panel"

    def __init__(self, panel_id: str) -> None:
        super().__init__(f"No panel {panel_id}.", panel_id=panel_id)


class RegistrationNotFound(CounterfoilError):
    """No registration of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "registration-not-found"
    title = "There is no such registration"

    def __init__(self, registration_id: str) -> None:
        super().__init__(f"No registration {registration_id}.", registration_id=registration_id)


class PeriodUnreadable(CounterfoilError):
    """A period that ends before it begins, or is longer than a year."""

    kind = ErrorKind.INVALID
    slug = "period-unreadable"
    title = "The period cannot be counted"

    def __init__(self) -> None:
        detail = "It ends after it begins, and not more than 366 days later."
        super().__init__(detail, errors=[{"pointer": "#/from", "detail": detail}])


class RegistrationInHand(CounterfoilError):
    """Somebody else is just changing the registration."""

    kind = ErrorKind.CONFLICT
    slug = "registration-in-hand"
    title = "The registration is just being changed"

    def __init__(self, registration_id: str) -> None:
        super().__init__(
            f"Registration {registration_id} is in other hands at this moment; ask again.",
            registration_id=registration_id,
        )


class RegistrationNotFinal(CounterfoilError):
    """A listing is applied for before the registration is final."""

    kind = ErrorKind.CONFLICT
    slug = "registration-not-final"
    title = "The registration is not final"

    def __init__(self, registration_id: str, state: str) -> None:
        super().__init__(
            f"Registration {registration_id} is {state}.",
            registration_id=registration_id,
            state=state,
        )


class ObjectionNotFound(CounterfoilError):
    """No objection of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "objection-not-found"
    title = "There is no such objection"

    def __init__(self, objection_id: str) -> None:
        super().__init__(f"No objection {objection_id}.", objection_id=objection_id)


class ObjectionAlreadyRaised(CounterfoilError):
    """The organisation has objected to this registration before."""

    kind = ErrorKind.CONFLICT
    slug = "objection-already-raised"
    title = "Your organisation has already objected"

    def __init__(self, registration_id: str) -> None:
        super().__init__("Wait for the answer.", registration_id=registration_id)


class ApplicationNotFound(CounterfoilError):
    """No listing application of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "listing-application-not-found"
    title = "There is no such listing application"

    def __init__(self, application_id: str) -> None:
        super().__init__(f"No listing application {application_id}.", application_id=application_id)


class ApplicationAlreadyOpen(CounterfoilError):
    """The listing of this registration was applied for, and is not refused."""

    kind = ErrorKind.CONFLICT
    slug = "listing-already-applied-for"
    title = "The listing was already applied for"

    def __init__(self, application_id: str) -> None:
        super().__init__(f"See application {application_id}.", application_id=application_id)


class ListingOfficerMustDiffer(CounterfoilError):
    """Whoever approved the registration does not list it too."""

    kind = ErrorKind.FORBIDDEN
    slug = "listing-officer-must-differ"
    title = "A third person has to list it"

    def __init__(self, application_id: str) -> None:
        super().__init__(
            "You approved the registration; another officer lists it.",
            application_id=application_id,
        )


class AlreadyRatified(CounterfoilError):
    """A second person, or the machine, already stands behind the suspension."""

    kind = ErrorKind.CONFLICT
    slug = "already-ratified"
    title = "The suspension needs no ratification"

    def __init__(self, listing_code: str) -> None:
        super().__init__("Nothing is left to ratify.", listing_code=listing_code)


class LicencesRunOn(CounterfoilError):
    """A listing under notice has licences that have not run off."""

    kind = ErrorKind.CONFLICT
    slug = "licences-run-on"
    title = "What was sold has not run off"

    def __init__(self, listing_code: str) -> None:
        super().__init__("It is delisted when its last licence ends.", listing_code=listing_code)


class RevocationAlreadyProposed(CounterfoilError):
    """A panel already decides on revoking the listing."""

    kind = ErrorKind.CONFLICT
    slug = "revocation-already-proposed"
    title = "A panel already decides on revoking the listing"

    def __init__(self, listing_code: str, panel_id: str) -> None:
        super().__init__(f"See panel {panel_id}.", listing_code=listing_code, panel_id=panel_id)


class AppealNotFound(CounterfoilError):
    """No appeal of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "appeal-not-found"
    title = "There is no such appeal"

    def __init__(self, appeal_id: str) -> None:
        super().__init__(f"No appeal {appeal_id}.", appeal_id=appeal_id)


class NothingToAppeal(CounterfoilError):
    """There is no rejection, suspension or revocation here that could be appealed."""

    kind = ErrorKind.CONFLICT
    slug = "nothing-to-appeal"
    title = "There is nothing to appeal against"

    def __init__(self) -> None:
        super().__init__("A rejection, a suspension in force or a revocation may be appealed.")


class AppealTooLate(CounterfoilError):
    """The time for an appeal is over."""

    kind = ErrorKind.CONFLICT
    slug = "appeal-too-late"
    title = "The time for an appeal is over"

    def __init__(self, days: int) -> None:
        super().__init__(f"A decision may be appealed for {days} days.", days=days)


class AlreadyAppealed(CounterfoilError):
    """A decision is appealed once."""

    kind = ErrorKind.CONFLICT
    slug = "already-appealed"
    title = "The decision was appealed before"

    def __init__(self, appeal_id: str) -> None:
        super().__init__(f"See appeal {appeal_id}.", appeal_id=appeal_id)
