"""What this room refuses, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class UnfitReceiverUrl(CounterfoilError):
    """The address cannot be a receiver's."""

    kind = ErrorKind.INVALID
    slug = "unfit-receiver-url"
    title = "Notices cannot be sent to this address"

    def __init__(self, *, rule: str) -> None:
        super().__init__(
            "A receiver is a public https address in ASCII, without credentials and without a"
            f" fragment; broken rule: {rule}.",
            rule=rule,
        )


class UnknownNoticeTypes(CounterfoilError):
    """Some of the chosen notice types do not exist."""

    kind = ErrorKind.INVALID
    slug = "unknown-notice-types"
    title = "There are no such notice types"

    def __init__(self, unknown: list[str]) -> None:
        super().__init__("GET /v1/notice-types lists them.", unknown=unknown)


class WebhookEndpointNotFound(CounterfoilError):
    """There is no such endpoint for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "webhook-endpoint-not-found"
    title = "There is no such webhook endpoint"

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            "No webhook endpoint of your organisation has this id.", endpoint_id=endpoint_id
        )


class WebhookEndpointLimitReached(CounterfoilError):
    """The organisation already has as many endpoints as it may."""

    kind = ErrorKind.CONFLICT
    slug = "webhook-endpoint-limit-reached"
    title = "No more webhook endpoints can be added"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An organisation has at most {limit} webhook endpoints.", limit=limit)


class WebhookEndpointDisabledNow(CounterfoilError):
    """Nothing is sent to an endpoint that is switched off."""

    kind = ErrorKind.CONFLICT
    slug = "webhook-endpoint-disabled"
    title = "The webhook endpoint is switched off"

    def __init__(self, endpoint_id: str) -> None:
        super().__init__(
            "Switch it on first: PATCH /v1/webhook-endpoints/<id> with is_enabled true.",
            endpoint_id=endpoint_id,
        )


class WebhookDeliveryNotFound(CounterfoilError):
    """There is no such delivery for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "webhook-delivery-not-found"
    title = "There is no such delivery"

    def __init__(self, delivery_id: str) -> None:
        super().__init__("No delivery of your organisation has this id.", delivery_id=delivery_id)
