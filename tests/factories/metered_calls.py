"""Metered calls without a data plane: a licence, and events as the committer writes them."""

from sqlalchemy import text

from app.core.agreed_terms import agreed_terms
from app.core.reach import Reach
from compliance import services
from metering import services as metering
from tests.factories.compliance import (
    BUYER_ID,
    LISTING_CODE,
    SUPPLIER_ID,
    approve_scenario,
    order,
    publish,
    submit_scenario,
)

LANE = text(
    "INSERT INTO lanes (lane_id, licence_id, buyer_id, number, epoch, expires_at, sequence,"
    " last_leaf_hash, opened_at) VALUES (:lane, :licence, :buyer, :number, 1, :at, :n,"
    " sha256('x'), :at) ON CONFLICT (lane_id) DO UPDATE SET sequence = excluded.sequence"
)
CALL = text(
    "INSERT INTO usage_events VALUES (:event, :licence, :lane, :number, :n, 'lse', :buyer,"
    " :supplier, :listing, 'key', :outcome, :units, 0, 0, 'CNY', :at, sha256('x'), '')"
)


def make_licence(units, regions=("31",), **changes):
    with units.begin(Reach.EXCHANGE) as uow:
        case = publish(uow, **({"regions": ["CN", "US"]} if "US" in regions else {}) | changes)
        scenario = approve_scenario(uow, submit_scenario(uow, regions=list(regions)))
        uow.session.flush()
        placed = order(uow, case, scenario)
        placed["product_terms"] = {**placed["product_terms"], "regions": ["WORLD"]}
        licence = services.issue_licence(uow, **placed)
        metering.grant_entitlement(
            uow,
            licence_id=licence.id,
            terms=licence.terms,
            terms_hash=licence.terms_hash,
            **agreed_terms(licence),
        )
        uow.commit()
        return licence.id


def use(units, licence_id, calls, first=1, lane=1):
    """Metered calls as the data plane commits them: the events and the lane's sequence."""
    with units.begin(Reach.EXCHANGE) as uow:
        names = {"licence": licence_id, "lane": f"{licence_id}/{lane}", "number": lane}
        names["buyer"] = BUYER_ID
        last = first + len(calls) - 1
        uow.session.execute(LANE, names | {"n": last, "at": uow.now})
        for n, (outcome, count, at) in enumerate(calls, start=first):
            uow.session.execute(
                CALL,
                names
                | {"event": f"use_{n}", "n": n, "outcome": outcome, "units": count}
                | {"supplier": SUPPLIER_ID, "listing": LISTING_CODE, "at": at},
            )
        uow.commit()
