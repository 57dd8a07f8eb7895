"""Rows of deployed contracts and of licences on chain."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class CarriesTransaction:
    """A row that carries the transaction that brings it on chain."""

    state: Mapped[str]
    nonce: Mapped[int | None]
    raw_transaction: Mapped[bytes | None]
    transaction_hash: Mapped[str | None]


class ChainDeployment(Base):
    """One deployment of a contract on one chain, told apart by the genesis block's hash.

    ``subject`` is what it serves: the origin of a log, or the exchange's licences.
    """

    __tablename__ = "chain_deployments"

    id: Mapped[str] = mapped_column(primary_key=True)
    chain_id: Mapped[int]
    genesis_hash: Mapped[str]
    contract: Mapped[str]
    subject: Mapped[str]
    address: Mapped[str]
    source_sha256: Mapped[str]
    deployer: Mapped[str]
    nonce: Mapped[int]
    raw_transaction: Mapped[bytes]
    transaction_hash: Mapped[str]
    state: Mapped[str]
    planned_at: Mapped[datetime]
    mined_at: Mapped[datetime | None]


class ChainLicence(CarriesTransaction, Base):
    """A licence's trace on chain; the salt never leaves the database except to the parties."""

    __tablename__ = "chain_licences"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    chain_licence_id: Mapped[str]
    terms_hash: Mapped[str]
    salt: Mapped[bytes]
    commitment: Mapped[str]
    starts_at_seconds: Mapped[int]
    ends_at_seconds: Mapped[int]
    granted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ChainStatement(CarriesTransaction, Base):
    """A settlement statement's trace on chain; ``root`` is over its salted rows."""

    __tablename__ = "chain_statements"

    statement_id: Mapped[str] = mapped_column(primary_key=True)
    chain_statement_id: Mapped[str]
    root_hash: Mapped[str]
    recorded_at: Mapped[datetime | None]


class ChainKey(CarriesTransaction, Base):
    """A log key's trace on chain; its range in tree sizes, ``until_size`` empty without an end."""

    __tablename__ = "chain_keys"

    origin: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    from_size: Mapped[int]
    until_size: Mapped[int | None]
    announced_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
