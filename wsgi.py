"""What the server runs: the data plane in front for /data/, the control plane for the rest.

How many requests wait is the server's own affair here, and `/healthz` has no thread of its own.
"""

import atexit
import os
from multiprocessing.util import Finalize

from app.core.memory import settle_memory
from app.core.scheduling import schedule_in_batches
from app.factory import build_application, build_parts
from app.settings import from_environment

schedule_in_batches()
parts = build_parts(from_environment(os.environ))  # noqa: TID251 -- the one reading of settings
application = build_application(parts)
app = application.control_plane
# Granian's workers are children of multiprocessing: they end past atexit, which gunicorn's reach.
atexit.register(application.close)
Finalize(None, application.close, exitpriority=0)
settle_memory()
