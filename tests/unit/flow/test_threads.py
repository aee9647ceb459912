"""Tasks at a time: as many as are allowed at that moment."""

from __future__ import annotations

import threading

from migrator.flow.threads import run_in_threads


def test_how_many_tasks_go_on_together_may_change_meanwhile() -> None:
    """Two first, then four at once, then one; none is lost."""
    allowed = [2]
    at_work: set[int] = set()
    most: list[int] = []
    lock = threading.Lock()
    four = threading.Barrier(4, timeout=10)
    tasks = iter(range(20))

    def work(task: int) -> int:
        with lock:
            at_work.add(task)
            most.append(len(at_work))
        if 4 <= task < 8:
            four.wait()
        with lock:
            at_work.remove(task)
        return task

    done: list[int] = []

    def store(task: int) -> None:
        done.append(task)
        if len(done) == 4:
            allowed[0] = 4
        elif len(done) == 8:
            allowed[0] = 1

    run_in_threads(lambda: allowed[0], lambda: next(tasks, None), work, store)

    assert sorted(done) == list(range(20))
    assert max(most[:2]) <= 2
    assert max(most) == 4
    assert set(most[-8:]) == {1}
