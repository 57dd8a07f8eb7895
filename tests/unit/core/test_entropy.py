"""The pool hands every byte of its source out once."""

import itertools
import threading

from app.core.entropy import EntropyPool


def numbered():
    """A source whose blocks differ in every two bytes."""
    numbers = itertools.count()
    return lambda count: b"".join(next(numbers).to_bytes(2) for _ in range(count // 2))


def test_no_byte_is_given_twice_to_any_thread():
    pool, drawn = EntropyPool(numbered(), block_bytes=64), []

    def draw():
        drawn.extend(pool(16) for _ in range(200))

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drawn)) == 1600
    assert {len(part) for part in drawn} == {16}


def test_what_is_left_of_a_block_is_not_patched_up():
    pool = EntropyPool(numbered(), block_bytes=8)
    assert [pool(6), pool(6), pool(2)] == [
        b"\x00\x00\x00\x01\x00\x02",
        b"\x00\x04\x00\x05\x00\x06",
        b"\x00\x07",
    ]


def test_more_than_a_block_comes_from_the_source():
    assert len(EntropyPool(numbered(), block_bytes=8)(100)) == 100
