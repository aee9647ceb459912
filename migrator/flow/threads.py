"""Several requests in flight, one thread for the users in the checkpoint: workers make calls and store their pace."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from migrator.config.values import MOST_CONCURRENT

if TYPE_CHECKING:
    from collections.abc import Callable

_A = TypeVar("_A")
_B = TypeVar("_B")


def run_in_threads(
    at_once: Callable[[], int],
    next_task: Callable[[], _A | None],
    work: Callable[[_A], _B],
    done: Callable[[_B], None],
) -> None:
    """Run `work` on up to `at_once()` tasks at a time, each in a thread; `next_task` and `done` run in the caller's.

    Tasks are taken one by one as workers become free, so a task taken is a task started. After an error, no
    new one is taken, but every result still in flight reaches `done` before the error is raised.

    Args:
        at_once: 1 to `MOST_CONCURRENT`; it may change its answer, and a lower one ends no task under way.
    """
    error: BaseException | None = None
    under_way: set[Future[_B]] = set()
    with ThreadPoolExecutor(MOST_CONCURRENT, thread_name_prefix="sender") as pool:
        while True:
            while error is None and len(under_way) < at_once():
                try:
                    task = next_task()
                except BaseException as failed:  # noqa: BLE001 -- raised below, after the workers are done
                    error = failed
                    break
                if task is None:
                    break
                under_way.add(pool.submit(work, task))
            if not under_way:
                break
            finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                try:
                    done(future.result())
                except BaseException as failed:  # noqa: BLE001 -- as above
                    error = error or failed
    if error is not None:
        raise error
