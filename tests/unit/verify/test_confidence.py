"""What a sample says about everybody: known values, exact counting, and the draw."""

from __future__ import annotations

from math import comb

import pytest

from migrator.verify.confidence import draw_sample, most_wrong


def test_rule_of_three() -> None:
    """Nothing wrong in 300 of very many means at most about 3 in 300 are wrong: 1 - 0.05 ** (1 / 300)."""
    assert most_wrong(10_000_000, 300, 0) / 10_000_000 == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-3)
    assert most_wrong(10_000_000, 3000, 0) / 10_000_000 == pytest.approx(3 / 3000, rel=3e-3)


def test_clopper_pearson_with_some_wrong() -> None:
    """5 wrong in 100 of very many: the one-sided 95 % Clopper-Pearson bound is 10.225 %."""
    assert most_wrong(100_000_000, 100, 5) / 100_000_000 == pytest.approx(0.10225, abs=2e-4)


def test_everybody_checked_leaves_no_doubt() -> None:
    """Whoever was checked is known, so a whole check bounds nothing but what it found."""
    assert most_wrong(500, 500, 0) == 0
    assert most_wrong(500, 500, 7) == 7
    assert most_wrong(0, 0, 0) == 0


def test_nobody_checked_says_nothing() -> None:
    """Without a look, all may be wrong."""
    assert most_wrong(500, 0, 0) == 500


@pytest.mark.parametrize("wrong", [0, 1, 3])
@pytest.mark.parametrize(("everybody", "checked"), [(10, 5), (40, 7), (100, 50), (60, 59)])
def test_the_bound_is_the_largest_number_not_ruled_out(everybody: int, checked: int, wrong: int) -> None:
    """Counted out with whole numbers: the bound is compatible with the draw at 95 %, one more is not."""

    def chance(bad: int) -> float:
        draws = sum(comb(bad, k) * comb(everybody - bad, checked - k) for k in range(wrong + 1))
        return draws / comb(everybody, checked)

    possible = [bad for bad in range(wrong, everybody - (checked - wrong) + 1) if chance(bad) > 0.05]

    assert most_wrong(everybody, checked, wrong) == max(possible)


def test_hundred_users_half_of_them_checked() -> None:
    """The known value of the hypergeometric table: 0 wrong in 50 of 100 leaves at most 4."""
    assert most_wrong(100, 50, 0) == 4


@pytest.mark.parametrize("numbers", [(10, 11, 0), (10, 5, 6), (10, 5, -1)])
def test_impossible_numbers_are_refused(numbers: tuple[int, int, int]) -> None:
    """More checked than there are, or more wrong than checked, is a bug of the caller."""
    with pytest.raises(ValueError, match="checked"):
        most_wrong(*numbers)


def test_the_same_seed_draws_the_same_users() -> None:
    """A sample can be checked again; another seed draws others; nobody is drawn twice."""
    ids = [str(number) for number in range(1000)]

    assert draw_sample(ids, 50, 7) == draw_sample(iter(ids), 50, 7)
    assert draw_sample(ids, 50, 7) != draw_sample(ids, 50, 8)
    assert len(draw_sample(ids, 50, 7)) == 50
    assert draw_sample(ids, 5000, 7) == set(ids)


def test_everybody_is_drawn_alike() -> None:
    """Over many seeds each of 20 users is drawn about as often as any other."""
    ids = [str(number) for number in range(20)]
    seen = dict.fromkeys(ids, 0)
    for seed in range(4000):
        for user_id in draw_sample(ids, 5, seed):
            seen[user_id] += 1

    assert all(850 < times < 1150 for times in seen.values())  # 1,000 expected, 5 sigma is 137
