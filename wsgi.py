"""What the server runs: the data plane in front for /data/, the control plane for the rest."""

import atexit
import os

from app.core.memory import settle_memory
from app.factory import build_application, build_parts
from app.settings import from_environment

parts = build_parts(from_environment(os.environ))  # noqa: TID251 -- the one reading of settings
application = build_application(parts)
app = application.control_plane
atexit.register(application.close)
settle_memory()
