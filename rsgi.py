"""What the server runs: both planes behind an event loop; `wsgi` is for servers of threads."""

import os

from app.core.memory import settle_memory
from app.core.scheduling import schedule_in_batches
from app.factory import build_loop_front, build_parts
from app.settings import from_environment

schedule_in_batches()
application = build_loop_front(
    build_parts(from_environment(os.environ))  # noqa: TID251 -- the one reading of settings
)
settle_memory()
