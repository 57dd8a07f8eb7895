"""What the log keeps in one folder beside the database, written by several threads of a worker."""

from concurrent.futures import ThreadPoolExecutor

from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.file_scrub_cursor import FileScrubCursor
from ledger.log.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from tests.unit.log.log_factory import ORIGIN, log_keys

ROUNDS = 200
KEYS = log_keys()


def note_of(size):
    return sign_checkpoint(Checkpoint(ORIGIN, size, b"r" * 32), [KEYS.checkpoint])


def test_the_sequencers_and_the_scrubbers_files_never_meet(tmp_path):
    keeper, cursor = FileCheckpointKeeper(tmp_path), FileScrubCursor(tmp_path)

    def keep_checkpoints():
        for size in range(1, ROUNDS + 1):
            keeper.keep(ORIGIN, note_of(size))
            kept = open_checkpoint(keeper.newest(ORIGIN).encode(), KEYS.verifiers, origin=ORIGIN)
            assert kept.tree_size == size

    def move_cursor():
        for number in range(ROUNDS * 5):
            cursor.keep(ORIGIN, number)
            assert cursor.read(ORIGIN) == number

    with ThreadPoolExecutor() as threads:
        for writing in [threads.submit(keep_checkpoints), threads.submit(move_cursor)]:
            writing.result()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".checkpoint", ".scrub"]


def test_a_smaller_checkpoint_replaces_nothing(tmp_path):
    keeper = FileCheckpointKeeper(tmp_path)
    for size in (7, 3):
        keeper.keep(ORIGIN, note_of(size))
    assert keeper.newest(ORIGIN) == note_of(7)
