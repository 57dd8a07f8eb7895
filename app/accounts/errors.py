"""What this room refuses, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class InvalidUscc(CounterfoilError):
    """The text is no unified social credit code."""

    kind = ErrorKind.INVALID
    slug = "invalid-uscc"
    title = "This is not a unified social credit code"

    def __init__(self, *, rule: str) -> None:
        super().__init__(
            f"The code breaks the rule '{rule}' of GB 32100-2015: eighteen characters, the last of"
            " them computed from the others.",
            rule=rule,
        )


class UsccAlreadyVerified(CounterfoilError):
    """Another organisation was verified under the same code."""

    kind = ErrorKind.CONFLICT
    slug = "uscc-already-verified"
    title = "Another organisation is verified under this code"

    def __init__(self) -> None:
        super().__init__("A unified social credit code belongs to one verified organisation.")


class OrganisationNotFound(CounterfoilError):
    """There is no such organisation for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "organisation-not-found"
    title = "There is no such organisation"

    def __init__(self, organisation_id: str) -> None:
        super().__init__("No organisation has this id.", organisation_id=organisation_id)


class OwnOrganisation(CounterfoilError):
    """The reviewer belongs to the party, or the party is the exchange."""

    kind = ErrorKind.FORBIDDEN
    slug = "own-organisation"
    title = "Nobody verifies their own organisation"

    def __init__(self) -> None:
        super().__init__("A reviewer of the exchange who belongs to neither party has to decide.")


class EvidenceMissing(CounterfoilError):
    """Nothing unexpired supports the verification."""

    kind = ErrorKind.CONFLICT
    slug = "evidence-missing"
    title = "No unexpired evidence supports this"

    def __init__(self) -> None:
        super().__init__("The organisation has to add evidence before it can be verified.")


class EvidenceLimitReached(CounterfoilError):
    """The organisation already has as many evidence records as it may."""

    kind = ErrorKind.CONFLICT
    slug = "evidence-limit-reached"
    title = "No more evidence records are kept for this organisation"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An organisation has at most {limit} evidence records.", limit=limit)


class InvalidValidity(CounterfoilError):
    """A period ends in the past or too far ahead."""

    kind = ErrorKind.INVALID
    slug = "invalid-validity"
    title = "The end of the period is not acceptable"

    def __init__(self, *, days_max: int) -> None:
        super().__init__(
            f"It has to lie in the future, at most {days_max} days ahead.", days_max=days_max
        )


class EmailTaken(CounterfoilError):
    """Somebody has this e-mail address already."""

    kind = ErrorKind.CONFLICT
    slug = "email-taken"
    title = "This e-mail address is taken"

    def __init__(self) -> None:
        super().__init__("An e-mail address belongs to one person of one organisation.")


class WeakPassword(CounterfoilError):
    """The password would be guessed."""

    kind = ErrorKind.INVALID
    slug = "weak-password"
    title = "Choose another password"

    def __init__(self, *, rule: str) -> None:
        super().__init__(f"Rule broken: {rule}.", rule=rule)


class PersonNotFound(CounterfoilError):
    """There is no such person for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "person-not-found"
    title = "There is no such person"

    def __init__(self, person_id: str) -> None:
        super().__init__("No person of your organisation has this id.", person_id=person_id)


class PersonDeactivatedAlready(CounterfoilError):
    """The person can no longer be changed."""

    kind = ErrorKind.CONFLICT
    slug = "person-deactivated"
    title = "This person was deactivated"

    def __init__(self, person_id: str) -> None:
        super().__init__("A deactivated person cannot be changed.", person_id=person_id)


class PeopleLimitReached(CounterfoilError):
    """The organisation already has as many active people as it may."""

    kind = ErrorKind.CONFLICT
    slug = "people-limit-reached"
    title = "No more people can be added to this organisation"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An organisation has at most {limit} active people.", limit=limit)


class RoleNotForOrganisation(CounterfoilError):
    """The role does not exist in this sort of organisation."""

    kind = ErrorKind.INVALID
    slug = "role-not-for-organisation"
    title = "This role does not exist in this organisation"

    def __init__(self, roles: list[str]) -> None:
        super().__init__(
            "Staff roles exist only in the exchange's organisation, supplier and buyer only where"
            " the organisation registered as such.",
            roles=roles,
        )


class RolesConflict(CounterfoilError):
    """One person would hold roles that have to be apart."""

    kind = ErrorKind.CONFLICT
    slug = "roles-conflict"
    title = "These roles cannot be one person's"

    def __init__(self, role: str, others: list[str]) -> None:
        super().__init__(
            "Operators and auditors take no decisions and are not each other.",
            role=role,
            others=others,
        )


class OwnRoles(CounterfoilError):
    """Somebody tried to change their own roles."""

    kind = ErrorKind.FORBIDDEN
    slug = "own-roles"
    title = "Nobody changes their own roles"

    def __init__(self) -> None:
        super().__init__("Another owner or operator has to do this.")


class RoleNotHeld(CounterfoilError):
    """The person does not have the role."""

    kind = ErrorKind.NOT_FOUND
    slug = "role-not-held"
    title = "The person does not hold this role"

    def __init__(self, role: str) -> None:
        super().__init__("They do not hold it.", role=role)


class LastOfRole(CounterfoilError):
    """Nobody would be left to manage the organisation."""

    kind = ErrorKind.CONFLICT
    slug = "last-of-role"
    title = "This is the last person with this role"

    def __init__(self, role: str) -> None:
        super().__init__("Give the role to somebody else first.", role=role)


class LicenceNotHeld(CounterfoilError):
    """The organisation has no such licence."""

    kind = ErrorKind.NOT_FOUND
    slug = "licence-not-held"
    title = "Your organisation holds no such licence"

    def __init__(self, licence_id: str) -> None:
        super().__init__("An API key needs a licence of its organisation.", licence_id=licence_id)


class LicenceOver(CounterfoilError):
    """The licence ended or was revoked."""

    kind = ErrorKind.CONFLICT
    slug = "licence-over"
    title = "The licence is over"

    def __init__(self, licence_id: str) -> None:
        super().__init__("No keys are issued for a licence that ended.", licence_id=licence_id)


class KeyOutlivesLicence(CounterfoilError):
    """The key's expiry is past, or after the licence's end."""

    kind = ErrorKind.INVALID
    slug = "key-outlives-licence"
    title = "The key has to expire in the future and with its licence at the latest"

    def __init__(self, *, latest: str) -> None:
        super().__init__("Choose an expiry in the future, not after the latest.", latest=latest)


class ApiKeyNotFound(CounterfoilError):
    """There is no such key for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "api-key-not-found"
    title = "There is no such API key"

    def __init__(self, key_id: str) -> None:
        super().__init__("No API key of your organisation has this id.", key_id=key_id)


class ApiKeyNotLive(CounterfoilError):
    """The key is revoked, expired or was rotated before."""

    kind = ErrorKind.CONFLICT
    slug = "api-key-not-live"
    title = "This API key is no longer the live one"

    def __init__(self, key_id: str, *, state: str) -> None:
        super().__init__(f"The key is {state}.", key_id=key_id, state=state)


class ApiKeyLimitReached(CounterfoilError):
    """The licence already has as many live keys as it may."""

    kind = ErrorKind.CONFLICT
    slug = "api-key-limit-reached"
    title = "This licence has no room for another key"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A licence has at most {limit} live keys.", limit=limit)


class InvalidNetwork(CounterfoilError):
    """A text is no network in CIDR notation."""

    kind = ErrorKind.INVALID
    slug = "invalid-network"
    title = "This is not a network in CIDR notation"

    def __init__(self) -> None:
        super().__init__("Write networks as 203.0.113.0/24 or 2001:db8::/32, host bits zero.")
