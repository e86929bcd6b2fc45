"""Who is shown, totals that never fall, and what moved between two looks."""

from __future__ import annotations

import n_board
import n_diag
from hypothesis import given
from hypothesis import strategies as st


def test_the_busiest_are_shown_and_the_rest_is_one() -> None:
    board: n_board.Board[str] = n_board.Board(2)
    shown = board.look({"a": 1, "b": 9, "c": 5}, {"a": [0, 100, 0], "c": [0, 10, 5]}, 0.0)
    assert shown == ["a", "c"]
    assert board.totals == {"a": [0, 100, 0], "c": [0, 10, 5]}
    assert board.rest == [0, 0, 0]
    shown = board.look({"b": 9, "c": 5}, {"b": [0, 3, 4], "c": [1, 0, 0]}, 1.0)
    assert shown == ["c", "a"]  # a retransmit weighs as 10 000 bytes; a's burst is remembered
    assert board.rest == [0, 3, 4]
    assert board.totals["c"] == [1, 10, 5]


def test_with_room_all_are_shown() -> None:
    board: n_board.Board[str] = n_board.Board(5)
    assert set(board.look({"a": 1, "b": 2}, {}, 0.0)) == {"a", "b"}
    assert board.totals == {"a": [0, 0, 0], "b": [0, 0, 0]}


def test_a_burst_ends_being_shown_and_its_total_goes_on_where_it_was() -> None:
    board: n_board.Board[str] = n_board.Board(1)
    board.look({"a": 1, "b": 1}, {"a": [0, 1000, 0]}, 0.0)
    for second in range(1, 40):
        shown = board.look({"a": 1, "b": 1}, {"b": [0, 10, 0]}, float(second))
    assert shown == ["b"]
    shown = board.look({"a": 1, "b": 1}, {"a": [0, 5000, 0]}, 41.0)
    assert (shown, board.totals["a"]) == (["a"], [0, 6000, 0])


def test_the_absent_are_forgotten_after_five_minutes() -> None:
    board: n_board.Board[int] = n_board.Board(2)
    for second in range(1000):
        board.look({second: 1}, {second: [0, 1, 0]}, float(second))
    assert len(board.totals) <= 302 + 4


MOVED = st.dictionaries(st.integers(0, 6), st.tuples(*[st.integers(0, 50)] * 3).map(list))


@given(st.lists(MOVED, max_size=30))
def test_every_movement_is_counted_once_and_no_total_falls(looks: list) -> None:
    board: n_board.Board[int] = n_board.Board(3)
    before: dict[int, list[int]] = {}
    rest = [0, 0, 0]
    for second, moved in enumerate(looks):
        shown = board.look(dict.fromkeys(moved, 1), moved, float(second))
        assert len(shown) <= 3
        for key, total in before.items():
            assert all(a >= b for a, b in zip(board.totals[key], total, strict=True))
        assert all(a >= b for a, b in zip(board.rest, rest, strict=True))
        before = {key: list(total) for key, total in board.totals.items()}
        rest = list(board.rest)
    for index in range(3):
        told = sum(total[index] for total in board.totals.values()) + board.rest[index]
        assert told == sum(moved[key][index] for moved in looks for key in moved)


class Looks:
    """Looks at sockets, and what they moved."""

    def __init__(self) -> None:
        self.memory, self.deltas = n_diag.Memory(), n_board.Deltas()

    def look(self, complete: bool = True, **sockets: tuple[int, int]) -> list:
        """name -> (cookie, bytes acknowledged)."""
        found = n_diag.Sockets()
        found.truncated = not complete
        for cookie, acked in sockets.values():
            row = [0] * n_diag.WIDTH
            row[n_diag.COOKIE], row[n_diag.BYTES_ACKED] = cookie, acked
            key, place = b"%d" % cookie, (b"", 0, 0, 0)
            self.memory.note(key, tuple(row), 0, place, found)
        self.memory.settle(found)
        return self.deltas.look(found)


def acked(found: list) -> list[tuple[int, int]]:
    at = n_diag.BYTES_ACKED - n_diag.COUNTERS.start
    return [(index, more[at]) for index, more in found]


def test_what_was_before_us_is_not_counted_and_what_is_new_is_counted_whole() -> None:
    looks = Looks()
    assert looks.look(a=(1, 1000)) == []
    assert acked(looks.look(a=(1, 1000), b=(2, 50))) == [(1, 50)]
    assert acked(looks.look(b=(2, 60), a=(1, 1003))) == [(0, 10), (1, 3)]
    assert looks.look(b=(2, 60)) == []
    assert acked(looks.look(a=(3, 7))) == [(0, 7)]  # a port used again: a new cookie


def test_a_counter_that_falls_moved_nothing() -> None:
    looks = Looks()
    looks.look(a=(1, 1000))
    assert acked(looks.look(a=(1, 10))) == [(0, 0)]


def test_after_a_look_that_missed_some_the_unknown_are_not_new() -> None:
    looks = Looks()
    looks.look(complete=False, a=(1, 5))
    assert looks.look(a=(1, 5), b=(2, 50)) == []
    assert acked(looks.look(b=(2, 50), c=(3, 9))) == [(1, 9)]
    assert looks.look(complete=False, d=(4, 9)) == []


@given(st.lists(st.dictionaries(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=20))
def test_the_sum_of_all_moves_is_what_a_running_count_gives(seen: list) -> None:
    """Against a plain count per cookie that never falls."""
    looks, told = Looks(), 0
    expected, last = 0, dict(seen[0])
    looks.look(**{str(key): (key, value) for key, value in seen[0].items()})
    for look in seen[1:]:
        for key, value in look.items():
            expected += max(value - last[key], 0) if key in last else value
        last = dict(look)
        moved = looks.look(**{str(key): (key, value) for key, value in look.items()})
        told += sum(more for _, more in acked(moved))
    assert told == expected
