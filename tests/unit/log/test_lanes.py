"""Which waiting entries may be sequenced."""

from ledger.log.tree.lanes import Lane, Waiting, arrange

A, B = Lane("lic_a", 1), Lane("lic_a", 2)


def waiting(*places):
    return [Waiting(arrival, b"", lane, n) for arrival, (lane, n) in enumerate(places, start=1)]


def order(arranged):
    return [(entry.lane, entry.n) for entry in arranged.ordered]


def test_entries_outside_lanes_keep_their_order_of_arrival():
    arranged = arrange(waiting((None, 0), (None, 0), (None, 0)), {})
    assert [entry.arrival for entry in arranged.ordered] == [1, 2, 3]


def test_a_lane_begins_with_its_opening():
    assert order(arrange(waiting((A, 1), (A, 0)), {})) == [(A, 0), (A, 1)]
    assert order(arrange(waiting((A, 1)), {})) == []


def test_an_entry_that_came_too_early_follows_its_predecessor():
    arranged = arrange(waiting((A, 5), (B, 1), (A, 4), (A, 6)), {A: 3, B: 0})
    assert order(arranged) == [(B, 1), (A, 4), (A, 5), (A, 6)]
    assert arranged.ends == {A: (6, 3), B: (1, 0)}
    assert arranged.held == []


def test_a_gap_holds_everything_behind_it_and_nothing_else():
    arranged = arrange(waiting((A, 4), (A, 6), (B, 1), (A, 7)), {A: 3, B: 0})
    assert order(arranged) == [(A, 4), (B, 1)]
    assert [entry.n for entry in arranged.held] == [6, 7]


def test_a_number_that_was_sequenced_before_is_held_not_repeated():
    arranged = arrange(waiting((A, 3), (A, 4)), {A: 3})
    assert order(arranged) == [(A, 4)]
    assert [entry.n for entry in arranged.held] == [3]
