"""What a sample says about all users: the exact upper bound of the hypergeometric distribution. Pure."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LEVEL = 0.95


def most_wrong(everybody: int, checked: int, wrong: int, level: float = LEVEL) -> int:
    """How many of `everybody` may be wrong if `wrong` of `checked`, drawn at random, are.

    Returns:
        The largest number that the draw does not rule out at this level; if more were wrong, at most one draw in
        twenty (at 0.95) would show so few.

    Raises:
        ValueError: the numbers are inconsistent.
    """
    if not 0 <= wrong <= checked <= everybody:
        raise ValueError("not 0 <= wrong <= checked <= everybody")
    low, high = wrong, everybody - (checked - wrong)
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(wrong, everybody, middle, checked) > 1 - level:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(wrong: int, everybody: int, bad: int, checked: int) -> float:
    """The probability that a draw of `checked` shows at most `wrong` of the `bad` ones."""
    all_draws = _log_choose(everybody, checked)
    first = max(0, checked - (everybody - bad))
    terms = (
        _log_choose(bad, k) + _log_choose(everybody - bad, checked - k) - all_draws
        for k in range(first, min(wrong, bad) + 1)
    )
    return math.fsum(math.exp(term) for term in terms)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def draw_sample(user_ids: Iterable[str], size: int, seed: int) -> set[str]:
    """`size` ids, each as likely as any other; the same seed on the same ids draws the same ones."""
    chance = random.Random(seed)  # noqa: S311 -- a sample to be drawn again, not a secret
    drawn: list[str] = []
    for number, user_id in enumerate(user_ids, start=1):
        if number <= size:
            drawn.append(user_id)
        elif (place := chance.randrange(number)) < size:
            drawn[place] = user_id
    return set(drawn)
