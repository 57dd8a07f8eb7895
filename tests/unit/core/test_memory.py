"""A serving process asks for huge pages for what it uses, and for nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.memory import HUGE_BYTES, _resident_ranges

SWITCH = Path("/sys/kernel/mm/transparent_hugepage/enabled")
SMAPS = """\
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
Size:               6144 kB
Rss:                5000 kB
7f0001000000-7f0001800000 rw-p 00000000 00:00 0                          [stack]
Rss:                8192 kB
7f0002000000-7f0002800000 rw-p 00000000 00:00 0
Rss:                  16 kB
7f0003000000-7f0003800000 r-xp 00000000 fe:00 1042                       /usr/lib/libpython.so
Rss:                8192 kB
7f0004000000-7f0004100000 rw-p 00000000 00:00 0
Rss:                1024 kB
55f000000000-55f000400000 rw-p 00000000 00:00 0                          [heap]
Rss:                4096 kB
"""


def test_memory_is_settled_also_where_a_library_lies_under_a_name_that_is_not_ascii(tmp_path):
    folder = tmp_path / "数据交易所"
    folder.mkdir()
    (folder / "mapped").write_bytes(bytes(4096))
    program = (
        "import mmap, sys; from app.core.memory import settle_memory;"
        "file = open(sys.argv[1], 'r+b'); kept = mmap.mmap(file.fileno(), 0); settle_memory()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, folder / "mapped"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_only_private_memory_in_use_is_chosen_and_only_whole_pages():
    assert list(_resident_ranges(SMAPS)) == [
        (0x7F0000200000, 0x7F0000600000),
        (0x55F000000000, 0x55F000400000),
    ]
    assert all(bound % HUGE_BYTES == 0 for each in _resident_ranges(SMAPS) for bound in each)


@pytest.mark.skipif(
    not SWITCH.exists() or "[never]" in SWITCH.read_text(), reason="no huge pages on this system"
)
def test_a_settled_process_is_in_huge_pages():
    program = (
        "from pathlib import Path; from app.core.memory import settle_memory;"
        "kept = [str(n) for n in range(500_000)]; settle_memory();"
        "print(Path('/proc/self/smaps').read_text())"
    )
    smaps = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"AnonHugePages: +([0-9]+) kB", smaps)
    assert sum(map(int, found)) * 1024 >= 4 * HUGE_BYTES
