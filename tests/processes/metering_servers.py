"""Real servers of a data plane over the fakes, each a process group of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGET = "tests.fakes.metering_process"
FLAGS = {
    "threads": f"--interface wsgi --blocking-threads 8 --factory {TARGET}:in_threads".split(),
    "loop": f"--interface rsgi --loop uvloop --runtime-mode st --factory {TARGET}:in_loop".split(),
}


class Server:
    """One granian with one worker in a process group of its own."""

    def __init__(self, database_url, *, served_by="loop", **extra):
        self._served_by = served_by
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._environment = os.environ | {"METERED_DATABASE_URL": database_url, **extra}
        self.start()

    def start(self):
        command = [sys.executable, "-m", "granian", "--port", str(self.port), "--no-log"]
        command += FLAGS[self._served_by]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.answers():
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise TimeoutError

    def answers(self):
        """Whether a worker answers: the socket alone is open before there is one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/data/S0001-NONE")
            return connection.getresponse().status == 401
        finally:
            connection.close()

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(40)
        finally:
            if self.process.poll() is None:
                self.kill()
