"""Metrics stay small whatever is asked, and tell of every process that shares a folder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.web.observability import Metrics

ROOT = Path(__file__).resolve().parents[3]
SCRAPED = """
import sys
from pathlib import Path
from app.web.observability import Metrics
metrics = Metrics(Path(sys.argv[1]))
metrics.observe("GET", "/healthz", 200, 0.001)
metrics.set("counterfoil_waiting", "What waits", float(sys.argv[2]))
sys.stdout.buffer.write(metrics.text())
"""

COUNTED = """
import errno, os, sys
from pathlib import Path
from app.web import metric_files
from app.web.observability import Metrics
metrics = Metrics(Path(sys.argv[1]))
for number in range(300):
    metrics.observe("GET", f"/v1/rule-{number}", 200, 0.001)
grown = [path.stat() for path in Path(sys.argv[1]).iterdir()]
assert max(each.st_size for each in grown) > 1 << 16
assert [each for each in grown if each.st_blocks * 512 < each.st_size] == [], "sparse"

def fail(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

metric_files.os.posix_fallocate = fail
for number in range(3_000):
    metrics.observe("GET", f"/v1/another-{number}", 200, 0.001)
assert b"/v1/rule-299" in metrics.text()
"""


def samples(text):
    return {
        (sample.name, sample.labels.get("method")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "bucket" not in sample.name
    }


def test_methods_that_strangers_invent_are_counted_as_one():
    metrics = Metrics()
    for number in range(50):
        metrics.observe(f"INVENTED{number}", "unmatched", 405, 0.001)
    metrics.observe("GET", "unmatched", 404, 0.001)
    counted = {
        method: value
        for (name, method), value in samples(metrics.text().decode()).items()
        if name == "counterfoil_requests_total"
    }
    assert counted == {"OTHER": 50.0, "GET": 1.0}


def test_scrapes_at_the_same_time_make_a_gauge_once():
    metrics, start = Metrics(), threading.Barrier(8)
    failures = []

    def scrape():
        start.wait(10)
        try:
            for number in range(50):
                metrics.set(f"counterfoil_gauge_{number}", "One of many", 1.0)
        except ValueError as error:
            failures.append(error)

    threads = [threading.Thread(target=scrape) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failures == []


def scraped_in_a_process_of_its_own(folder, waiting):
    return samples(run(SCRAPED, folder, str(waiting)).decode())


def run(script, folder, *arguments):
    """What a process prints that counts in the folder and ends well."""
    return subprocess.run(
        [sys.executable, "-c", script, str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout


def test_a_scrape_tells_of_every_process_also_of_one_that_has_ended(tmp_path):
    first = scraped_in_a_process_of_its_own(tmp_path, 7)
    second = scraped_in_a_process_of_its_own(tmp_path, 3)
    requests = ("counterfoil_requests_total", "GET")
    assert (first[requests], second[requests]) == (1.0, 2.0)
    waiting = ("counterfoil_waiting", None)
    assert (first[waiting], second[waiting]) == (7.0, 3.0), "a gauge is what was read last"


def test_counts_have_their_room_on_the_disk_and_a_full_one_costs_counts_alone(tmp_path):
    """In a sparse file a page for which there is no room ends the process (SIGBUS)."""
    run(COUNTED, tmp_path)
