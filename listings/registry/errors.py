"""Refusals of the public registry."""

from app.core.errors import CounterfoilError, ErrorKind


class RegistryEntryNotFound(CounterfoilError):
    """The registry has no registration of the id, or none of this holder."""

    kind = ErrorKind.NOT_FOUND
    slug = "registry-entry-not-found"
    title = "Not in the registry"

    def __init__(self, registration_id: str) -> None:
        super().__init__(
            "The registry has no such registration, or it is not yours to change.",
            registration_id=registration_id,
        )


class RegistrationInUse(CounterfoilError):
    """The registered product is on sale or suspended."""

    kind = ErrorKind.CONFLICT
    slug = "registration-in-use"
    title = "The registered product is in the catalogue"

    def __init__(self, registration_id: str, listing_code: str) -> None:
        super().__init__(
            "Nothing is sold that is not registered: delist the product first.",
            registration_id=registration_id,
            listing_code=listing_code,
        )
