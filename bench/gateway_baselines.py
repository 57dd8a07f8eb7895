"""What a developer would write: a bare Flask proxy, and one with an ORM commit per call."""

import os
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask, Response, request
from sqlalchemy import BigInteger, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "")


class Base(DeclarativeBase):
    """The naive meter's own tables."""


class NaiveAccount(Base):
    """A balance, decremented per call."""

    __tablename__ = "bench_naive_accounts"
    key: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class NaiveEvent(Base):
    """One call."""

    __tablename__ = "bench_naive_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    occurred_at: Mapped[datetime]


def _session() -> requests.Session:
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_connections=64, pool_maxsize=64)
    session.mount("http://", adapter)
    return session


def _forward(session: requests.Session) -> Response:
    answer = session.get(UPSTREAM, params=request.args.to_dict(), timeout=5)
    return Response(answer.content, answer.status_code, content_type="application/json")


def bare_flask() -> Flask:
    """Flask and requests, no metering."""
    app = Flask("bare")
    session = _session()

    @app.get("/data/<code>")
    def proxy(code: str) -> Response:  # noqa: ARG001 -- the route has it
        return _forward(session)

    return app


def naive() -> Flask:
    """Flask, requests, and a durable debit and event by ORM in one commit per call."""
    app = Flask("naive")
    session = _session()
    url = DATABASE_URL.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, pool_size=16)

    @app.get("/data/<code>")
    def proxy(code: str) -> Any:  # noqa: ARG001 -- the route has it
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        response = _forward(session)
        with Session(engine) as orm:
            account = orm.scalars(
                select(NaiveAccount).where(NaiveAccount.key == key).with_for_update()
            ).one()
            account.balance -= 40_000_000
            orm.add(NaiveEvent(key=key, amount=40_000_000, occurred_at=datetime.now(UTC)))
            orm.commit()
        return response

    return app
