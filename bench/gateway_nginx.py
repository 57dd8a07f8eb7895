"""nginx as the upstream and as the limit of what proxying can cost, and wrk to load it.

Both come from the system's packages. Where one is missing, its figures are not measured.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WRK_CONNECTIONS = 128
_UPSTREAM = """
server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{body}'; }}
}}
"""
_PROXY = """
upstream supplier {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://supplier;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }}
}}
"""
_MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""
_WRK = """
local requests, turn = {{}}, 0
init = function()
    for _, key in ipairs({{ {keys} }}) do
        requests[#requests + 1] =
            wrk.format("GET", "{path}", {{ ["Authorization"] = "Bearer " .. key }})
    end
end
request = function()
    turn = turn % #requests + 1
    return requests[turn]
end
done = function(summary)
    local failed = summary.errors
    io.write(string.format('{{"answers":%d,"seconds":%f,"others":%d}}\\n', summary.requests,
        summary.duration / 1e6,
        failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
"""


def is_installed() -> bool:
    """Whether nginx is there to be measured."""
    return shutil.which("nginx") is not None


@contextmanager
def upstream_nginx(folder: Path, command: Sequence[str], port: int, body: bytes) -> Iterator[None]:
    """A supplier's system that costs next to nothing, so that it bounds nobody's rate."""
    with _nginx(folder, command, _UPSTREAM.format(port=port, body=body.decode())):
        yield


@contextmanager
def proxy_nginx(folder: Path, command: Sequence[str], port: int, upstream: int) -> Iterator[None]:
    """Plain nginx in front of the upstream, one worker."""
    with _nginx(folder, command, _PROXY.format(port=port, upstream=upstream)):
        yield


@contextmanager
def _nginx(folder: Path, command: Sequence[str], server: str) -> Iterator[None]:
    folder.mkdir(mode=0o755)
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(_MAIN.format(folder=folder, user=user, server=server), "utf-8")
    nginx = shutil.which("nginx") or "nginx"
    process = subprocess.Popen(
        [*command, nginx, "-p", str(folder), "-c", str(configuration)], stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def load_with_wrk(
    folder: Path,
    command: Sequence[str],
    url: str,
    *,
    keys: Sequence[str],
    seconds: float,
) -> dict[str, Any] | None:
    """Answers, others and the rate of a closed loop by wrk; None where wrk is missing."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    script = folder / f"load-{time.monotonic_ns()}.lua"
    quoted = ", ".join(f'"{key}"' for key in keys)
    script.write_text(
        _WRK.format(keys=quoted, path=urlsplit(url)._replace(scheme="", netloc="").geturl()),
        "utf-8",
    )
    done = subprocess.run(
        [*command, wrk, "-t1", f"-c{WRK_CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures | {"rps": figures["answers"] / figures["seconds"]}
