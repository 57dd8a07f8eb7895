"""Endpoints, notices and a dispatcher for tests of webhooks."""

import random

from app.core.cipher import Cipher
from app.core.principals import Principal, Role
from app.core.public_networks import read_networks
from app.core.reach import Reach
from app.notices import services
from app.notices.dispatcher import Dispatcher, DispatchLimits
from app.notices.http_receiver import HttpReceivers
from app.notices.ports import WebhookKit
from app.notices.receiver_urls import ReceiverPolicy

HERE = ReceiverPolicy(allows_http=True, networks=read_networks(["127.0.0.0/8"]))
CIPHER = Cipher(b"k" * 32)
OURS = "org_" + "1" * 26
THEIRS = "org_" + "2" * 26
TYPE = "licence.ended"


def principal(organisation_id=OURS):
    return Principal("per_" + "1" * 26, organisation_id, frozenset({Role.OWNER}))


def kit():
    return WebhookKit(CIPHER, random.Random(7).randbytes, HERE)  # noqa: S311 -- the same in every run


def make_endpoint(units, url, *, organisation_id=OURS, notice_types=()):
    """An endpoint and its secret's text."""
    with units.begin(Reach.organisation(organisation_id)) as uow:
        issued = services.create_endpoint(
            uow,
            kit(),
            principal(organisation_id),
            url=url,
            description="",
            notice_types=notice_types,
        )
        uow.commit()
    return issued.endpoint.id, issued.secret


def tell(units, *, organisation_id=OURS, notice_type=TYPE, count=1):
    """Notices, each in a transaction of its own."""
    for number in range(count):
        with units.begin(Reach.EXCHANGE) as uow:
            told = services.Told(organisation_id, {"licence_id": f"lic_{number}"})
            services.give_notices(uow, notice_type, [told], occurred_at=uow.now)
            uow.commit()


def dispatcher(units, *, policy=HERE, timeout_seconds=2.0, **limits):
    receivers = HttpReceivers(policy, timeout_seconds=timeout_seconds)
    return Dispatcher(
        units,
        CIPHER,
        receivers,
        random.Random(7).randbytes,  # noqa: S311 -- the same in every run
        limits=DispatchLimits(**limits),
    )


def send_all(units, **options):
    """Send everything that is due now, and wait until it is noted."""
    sender = dispatcher(units, **options)
    is_done = False
    while not is_done:
        # Only a step that began with nothing under way can say that nothing is left.
        was_idle = not sender.is_busy
        is_done = not sender.step() and was_idle
    sender.close()
