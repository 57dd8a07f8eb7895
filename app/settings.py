"""Settings: read from the environment once, frozen, with everything that is wrong told at once."""

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast

from app.core.money import CURRENCIES, HOME_CURRENCY
from app.environment import EnvironmentReader

Environment = Literal["development", "production"]

_SECRET_LENGTH_MIN: Final = 32

_BANK_ACCOUNT_LENGTHS: Final = range(10, 301)

BANK_ACCOUNTS: Final = {each: f"COUNTERFOIL_BANK_ACCOUNT_{each}" for each in CURRENCIES}
"""Currency -> the variable that says where payers transfer it to."""

NO_BANK_ACCOUNT: Final = (
    "There is no bank account: this installation is for development. Transfer nothing."
)


class SettingsRefused(Exception):
    """Something is missing or unfit; the message lists every problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("settings refused:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between two installations; docs/settings.md explains each."""

    environment: Environment
    var: Path
    database_url: str | None
    redis_url: str | None
    secret: str
    bind_host: str
    bind_port: int
    public_url: str
    web_processes: int
    web_threads: int
    calls_in_flight: int
    log_host: str
    checkpoint_seconds: float
    anchor_seconds: float
    chain_url: str | None
    chain_port: int
    chain_finality: str
    chain_id: int | None
    chain_gas_gwei_max: int
    upstream_networks: tuple[str, ...]
    upstream_calls_per_second: int
    trusted_proxies: tuple[str, ...]
    webhook_networks: tuple[str, ...]
    witness_file: Path | None
    bank_accounts: Mapping[str, str]
    stripe_api_key: str | None = field(repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_api_base: str
    payment_return_url: str
    payment_sweep_seconds: float
    commission_bp: int
    tax_bp: int
    lease_seconds: float
    metrics_token: str | None
    metrics_folder: Path | None
    otlp_endpoint: str | None
    trace_share: float
    trace_service: str
    log_level: str

    @property
    def is_production(self) -> bool:
        """Whether development stand-ins are refused."""
        return self.environment == "production"

    @property
    def key_file(self) -> Path:
        """Where the signing keys are kept, encrypted."""
        return self.var / "keys" / "signing-keys.json"


DEFAULTS: Final[dict[str, str]] = {
    "COUNTERFOIL_ENV": "development",
    "COUNTERFOIL_VAR": "var",
    "COUNTERFOIL_BIND": "127.0.0.1:8000",
    "COUNTERFOIL_PUBLIC_URL": "",
    "COUNTERFOIL_WEB_PROCESSES": "1",
    "COUNTERFOIL_WEB_THREADS": "64",
    "COUNTERFOIL_CALLS_IN_FLIGHT": "512",
    "COUNTERFOIL_LOG_HOST": "counterfoil.localhost",
    "COUNTERFOIL_CHECKPOINT_SECONDS": "1",
    "COUNTERFOIL_ANCHOR_SECONDS": "600",
    "COUNTERFOIL_CHAIN_PORT": "8545",
    "COUNTERFOIL_CHAIN_FINALITY": "instant",
    "COUNTERFOIL_CHAIN_ID": "0",
    "COUNTERFOIL_CHAIN_GAS_GWEI_MAX": "500",
    "COUNTERFOIL_UPSTREAM_NETWORKS": "",
    "COUNTERFOIL_UPSTREAM_CALLS_PER_SECOND": "0",
    "COUNTERFOIL_TRUSTED_PROXIES": "",
    "COUNTERFOIL_WEBHOOK_NETWORKS": "",
    "COUNTERFOIL_STRIPE_API_BASE": "https://api.stripe.com",
    "COUNTERFOIL_STRIPE_TEST_KEYS": "no",
    "COUNTERFOIL_PAYMENT_RETURN_URL": "",
    "COUNTERFOIL_PAYMENT_SWEEP_SECONDS": "300",
    "COUNTERFOIL_COMMISSION_BP": "1000",
    "COUNTERFOIL_TAX_BP": "600",
    "COUNTERFOIL_LEASE_SECONDS": "15",
    "OTEL_TRACES_SAMPLER_ARG": "0.01",
    "OTEL_SERVICE_NAME": "counterfoil",
    "COUNTERFOIL_LOG_LEVEL": "INFO",
}
"""Variables with a default; the rest are optional in development."""

OPTIONAL: Final = (
    "DATABASE_URL",
    "REDIS_URL",
    "COUNTERFOIL_SECRET",
    "COUNTERFOIL_CHAIN_URL",
    "COUNTERFOIL_METRICS_TOKEN",
    "PROMETHEUS_MULTIPROC_DIR",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "COUNTERFOIL_WITNESS_FILE",
    *BANK_ACCOUNTS.values(),
    "COUNTERFOIL_STRIPE_API_KEY",
    "COUNTERFOIL_STRIPE_WEBHOOK_SECRET",
)


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The settings; raises `SettingsRefused` with every problem."""
    reader = EnvironmentReader(environ, DEFAULTS)
    environment = cast(
        "Environment", reader.choice("COUNTERFOIL_ENV", ("development", "production"))
    )
    var = Path(reader.text("COUNTERFOIL_VAR")).absolute()
    host, port = reader.address("COUNTERFOIL_BIND")
    _refuse_development_parts(reader, environment)
    _refuse_half_a_provider(reader, environment)
    settings = Settings(
        environment=environment,
        var=var,
        database_url=reader.optional("DATABASE_URL"),
        redis_url=reader.optional("REDIS_URL"),
        secret=reader.text("COUNTERFOIL_SECRET"),
        bind_host=host,
        bind_port=port,
        public_url=reader.text("COUNTERFOIL_PUBLIC_URL") or f"http://{host}:{port}",
        web_processes=reader.integer("COUNTERFOIL_WEB_PROCESSES", 1, 64),
        web_threads=reader.integer("COUNTERFOIL_WEB_THREADS", 1, 256),
        calls_in_flight=reader.integer("COUNTERFOIL_CALLS_IN_FLIGHT", 1, 10_000),
        log_host=reader.text("COUNTERFOIL_LOG_HOST"),
        checkpoint_seconds=reader.number("COUNTERFOIL_CHECKPOINT_SECONDS", float, 0.05, 60),
        anchor_seconds=reader.number("COUNTERFOIL_ANCHOR_SECONDS", float, 1, 86_400),
        chain_url=reader.optional("COUNTERFOIL_CHAIN_URL"),
        chain_port=reader.integer("COUNTERFOIL_CHAIN_PORT", 0, 65_535),
        chain_finality=reader.text("COUNTERFOIL_CHAIN_FINALITY"),
        chain_id=reader.integer("COUNTERFOIL_CHAIN_ID", 0, 2**53 - 1) or None,
        chain_gas_gwei_max=reader.integer("COUNTERFOIL_CHAIN_GAS_GWEI_MAX", 0, 1_000_000),
        upstream_networks=reader.networks("COUNTERFOIL_UPSTREAM_NETWORKS"),
        upstream_calls_per_second=reader.integer(
            "COUNTERFOIL_UPSTREAM_CALLS_PER_SECOND", 0, 100_000
        ),
        trusted_proxies=reader.networks("COUNTERFOIL_TRUSTED_PROXIES"),
        webhook_networks=reader.networks("COUNTERFOIL_WEBHOOK_NETWORKS"),
        witness_file=reader.file("COUNTERFOIL_WITNESS_FILE"),
        bank_accounts=_bank_accounts(reader, environment),
        stripe_api_key=reader.optional("COUNTERFOIL_STRIPE_API_KEY"),
        stripe_webhook_secrets=reader.words("COUNTERFOIL_STRIPE_WEBHOOK_SECRET"),
        stripe_api_base=reader.text("COUNTERFOIL_STRIPE_API_BASE"),
        payment_return_url=reader.text("COUNTERFOIL_PAYMENT_RETURN_URL")
        or reader.text("COUNTERFOIL_PUBLIC_URL")
        or f"http://{host}:{port}",
        payment_sweep_seconds=reader.number("COUNTERFOIL_PAYMENT_SWEEP_SECONDS", float, 1, 86_400),
        commission_bp=reader.integer("COUNTERFOIL_COMMISSION_BP", 0, 5_000),
        tax_bp=reader.integer("COUNTERFOIL_TAX_BP", 0, 5_000),
        lease_seconds=reader.number("COUNTERFOIL_LEASE_SECONDS", float, 1, 300),
        metrics_token=reader.optional("COUNTERFOIL_METRICS_TOKEN"),
        metrics_folder=reader.folder("PROMETHEUS_MULTIPROC_DIR"),
        otlp_endpoint=reader.url("OTEL_EXPORTER_OTLP_ENDPOINT"),
        trace_share=reader.number("OTEL_TRACES_SAMPLER_ARG", float, 0, 1),
        trace_service=reader.text("OTEL_SERVICE_NAME"),
        log_level=reader.choice("COUNTERFOIL_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR")),
    )
    if reader.problems:
        raise SettingsRefused(reader.problems)
    return settings


def _bank_accounts(reader: EnvironmentReader, environment: str) -> dict[str, str]:
    """What payers are told, by currency: one line that at least could name an account."""
    given = {
        each: reader.text(name).strip()
        for each, name in BANK_ACCOUNTS.items()
        if reader.optional(name)
    }
    for each, account in given.items():
        has_number = any(character.isdecimal() for character in account)
        is_line = account.isprintable() and len(account) in _BANK_ACCOUNT_LENGTHS
        if not (has_number and is_line):
            reader.problems.append(
                f"{BANK_ACCOUNTS[each]} must be one line of 10 to 300 characters with the"
                " account's number"
            )
    if environment == "production":
        return given
    return dict.fromkeys(CURRENCIES, NO_BANK_ACCOUNT) | given


def _refuse_development_parts(reader: EnvironmentReader, environment: str) -> None:
    several = reader.text("COUNTERFOIL_WEB_PROCESSES") not in ("", "1")
    if several and not reader.optional("REDIS_URL"):
        reader.problems.append(
            "REDIS_URL is needed with several web processes: rate limits kept in one process's"
            " memory would not hold across them"
        )
    secret = reader.text("COUNTERFOIL_SECRET")
    if secret and len(secret) < _SECRET_LENGTH_MIN:
        reader.problems.append(f"COUNTERFOIL_SECRET needs at least {_SECRET_LENGTH_MIN} characters")
    if environment != "production":
        return
    needed = (
        "DATABASE_URL",
        "REDIS_URL",
        "COUNTERFOIL_SECRET",
        "COUNTERFOIL_CHAIN_URL",
        BANK_ACCOUNTS[HOME_CURRENCY],
    )
    reader.problems += [
        f"{name} is needed in production" for name in needed if not reader.optional(name)
    ]
    if not reader.text("COUNTERFOIL_PUBLIC_URL").startswith("https://"):
        reader.problems.append("COUNTERFOIL_PUBLIC_URL must be https:// in production")


def _refuse_half_a_provider(reader: EnvironmentReader, environment: str) -> None:
    """Messages name variables only: what stands in them is secret."""
    key = reader.text("COUNTERFOIL_STRIPE_API_KEY")
    allows_test_keys = reader.choice("COUNTERFOIL_STRIPE_TEST_KEYS", ("no", "yes")) == "yes"
    if not key:
        return
    if not key.startswith(("sk_", "rk_")):
        reader.problems.append("COUNTERFOIL_STRIPE_API_KEY must be a secret or restricted key")
    if not reader.words("COUNTERFOIL_STRIPE_WEBHOOK_SECRET"):
        reader.problems.append(
            "COUNTERFOIL_STRIPE_WEBHOOK_SECRET is needed with a Stripe key: without it no notice"
            " can be believed"
        )
    if environment != "production":
        return
    if key.startswith(("sk_test_", "rk_test_")) and not allows_test_keys:
        reader.problems.append(
            "COUNTERFOIL_STRIPE_API_KEY is a test key: it moves no money. Production refuses it"
            " unless COUNTERFOIL_STRIPE_TEST_KEYS=yes"
        )
    if not reader.text("COUNTERFOIL_STRIPE_API_BASE").startswith("https://"):
        reader.problems.append("COUNTERFOIL_STRIPE_API_BASE must be https:// in production")


def development_secret(settings: Settings) -> str:
    """The given secret, or one that is made once and kept in ``var/`` (development only)."""
    if settings.secret:
        return settings.secret
    path = settings.var / "secret"
    settings.var.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_once(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii")


def _make_once(path: Path, text: str) -> None:
    """The file with its text, whole or not at all; of two that make it the first one's stays."""
    handle, aside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        Path(aside).unlink()
