"""Payment providers: those that the settings name, and what is offered through them."""

from collections.abc import Callable, Sequence

from app.parts import Parts
from ledger.journal.top_ups.bank_transfer_gateway import BankTransferGateway
from ledger.journal.top_ups.hosted_payment_gateway import HostedPaymentGateway
from ledger.payments.checkout_tokens import KeyedCheckoutTokens
from ledger.payments.ports import Offer, PaymentGateway, PaymentPorts


def _stripe(parts: Parts) -> PaymentGateway | None:
    settings = parts.settings
    if settings.stripe_api_key is None:
        return None
    # The SDK is large, and an exchange without Stripe has no use for it.
    from ledger.payments.stripe_payment_gateway import (  # noqa: PLC0415 -- only where it is configured
        StripeAccess,
        StripePaymentGateway,
    )

    returns = settings.payment_return_url.rstrip("/")
    access = StripeAccess(
        api_key=settings.stripe_api_key,
        webhook_secrets=settings.stripe_webhook_secrets,
        api_base=settings.stripe_api_base,
        success_url=f"{returns}/?payment=made",
        cancel_url=f"{returns}/?payment=left",
        onboarding_return_url=f"{returns}/?account=told",
        onboarding_refresh_url=f"{returns}/?account=again",
    )
    return StripePaymentGateway(access)


PROVIDERS: Sequence[Callable[[Parts], PaymentGateway | None]] = (_stripe,)
"""Payment providers, each None where the settings do not name it; a further one is a word here."""


def payment_gateways(parts: Parts) -> dict[str, PaymentGateway]:
    """The payment providers that the settings name, by their names."""
    made = [make(parts) for make in PROVIDERS]
    return {gateway.name: gateway for gateway in made if gateway is not None}


def hosted_gateways(
    parts: Parts, providers: dict[str, PaymentGateway]
) -> dict[str, HostedPaymentGateway]:
    """The providers as the journal sees them: a page where money is taken."""
    address_of = _checkout_tokens(parts).address
    return {
        name: HostedPaymentGateway(name, address_of=address_of, check=provider.check_amount)
        for name, provider in providers.items()
    }


def payment_ports(
    parts: Parts, by_people: BankTransferGateway, providers: dict[str, PaymentGateway]
) -> PaymentPorts:
    """The providers, and every way to pay that is offered."""
    hosted = [
        Offer(name, provider.currencies, is_hosted=True, pays_out=True)
        for name, provider in providers.items()
    ]
    first = Offer(by_people.name, by_people.currencies, is_hosted=False, pays_out=True)
    return PaymentPorts(providers, [first, *hosted], _checkout_tokens(parts))


def _checkout_tokens(parts: Parts) -> KeyedCheckoutTokens:
    return KeyedCheckoutTokens(parts.cipher, parts.settings.public_url)
