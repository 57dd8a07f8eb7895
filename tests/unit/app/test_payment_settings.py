"""Where payers are sent is given, half a payment provider is refused, no secret is told."""

import pytest

from app.core.money import CURRENCIES
from app.settings import NO_BANK_ACCOUNT, SettingsRefused, from_environment

ACCOUNT = "Example Data Exchange Co., Ltd., Bank of Examples, 6222 0000 0000 0000"

PRODUCTION = {
    "COUNTERFOIL_ENV": "production",
    "DATABASE_URL": "postgresql://role@host/db",
    "REDIS_URL": "redis://host:6379/0",
    "COUNTERFOIL_SECRET": "x" * 40,
    "COUNTERFOIL_CHAIN_URL": "http://node:8545",
    "COUNTERFOIL_PUBLIC_URL": "https://exchange.example",
    "COUNTERFOIL_BANK_ACCOUNT_CNY": ACCOUNT,
    "COUNTERFOIL_STRIPE_WEBHOOK_SECRET": "whsec_old_one, whsec_new_one",
}
LIVE, TEST = "sk_live_hidden", "sk_test_hidden"


def settings(**values):
    return from_environment({**PRODUCTION, **values})


def test_without_a_key_there_is_no_provider():
    assert settings().stripe_api_key is None


def test_a_live_key_is_taken_and_both_secrets_of_a_roll_are():
    made = settings(COUNTERFOIL_STRIPE_API_KEY=LIVE)
    assert made.stripe_api_key == LIVE
    assert made.stripe_webhook_secrets == ("whsec_old_one", "whsec_new_one")
    assert made.payment_return_url == "https://exchange.example"
    assert "hidden" not in repr(made)
    assert "whsec" not in repr(made)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"COUNTERFOIL_STRIPE_API_KEY": TEST}, "COUNTERFOIL_STRIPE_TEST_KEYS"),
        ({"COUNTERFOIL_STRIPE_API_KEY": "rk_test_hidden"}, "COUNTERFOIL_STRIPE_TEST_KEYS"),
        ({"COUNTERFOIL_STRIPE_API_KEY": "pk_live_hidden"}, "secret or restricted"),
        (
            {
                "COUNTERFOIL_STRIPE_API_KEY": LIVE,
                "COUNTERFOIL_STRIPE_API_BASE": "http://127.0.0.1:1",
            },
            "COUNTERFOIL_STRIPE_API_BASE",
        ),
        (
            {"COUNTERFOIL_STRIPE_API_KEY": LIVE, "COUNTERFOIL_STRIPE_WEBHOOK_SECRET": ""},
            "COUNTERFOIL_STRIPE_WEBHOOK_SECRET",
        ),
    ],
)
def test_what_is_unfit_is_named_without_the_secret(values, named):
    with pytest.raises(SettingsRefused) as refusal:
        settings(**values)
    assert named in str(refusal.value)
    assert "hidden" not in str(refusal.value)


def test_a_rehearsal_in_production_is_said_aloud():
    made = settings(COUNTERFOIL_STRIPE_API_KEY=TEST, COUNTERFOIL_STRIPE_TEST_KEYS="yes")
    assert made.stripe_api_key == TEST


def test_production_needs_an_account_in_the_home_currency_and_invents_none():
    with pytest.raises(SettingsRefused, match="COUNTERFOIL_BANK_ACCOUNT_CNY is needed"):
        settings(COUNTERFOIL_BANK_ACCOUNT_CNY="")
    assert settings().bank_accounts == {"CNY": ACCOUNT}
    both = settings(COUNTERFOIL_BANK_ACCOUNT_EUR=f" {ACCOUNT} ").bank_accounts
    assert both == {"CNY": ACCOUNT, "EUR": ACCOUNT}


def test_development_says_of_each_currency_that_there_is_no_account():
    made = from_environment({"COUNTERFOIL_BANK_ACCOUNT_USD": ACCOUNT}).bank_accounts
    assert made == dict.fromkeys(CURRENCIES, NO_BANK_ACCOUNT) | {"USD": ACCOUNT}
    assert "no bank account" in NO_BANK_ACCOUNT.lower()


@pytest.mark.parametrize(
    "given", [" ", "…", "Bank of Examples", "6222", "a bank\n6222 0000 0000", "6222 " * 80]
)
def test_what_nobody_could_transfer_to_is_no_account(given):
    with pytest.raises(SettingsRefused, match="COUNTERFOIL_BANK_ACCOUNT_HKD must be"):
        settings(COUNTERFOIL_BANK_ACCOUNT_HKD=given)
