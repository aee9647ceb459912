"""How deep an answer may be nested, whatever its texts and whatever is no JSON at all look like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.core.errors import BadAnswer
from migrator.http.decode import MAX_JSON_DEPTH, decode_json

if TYPE_CHECKING:
    from migrator.core.model import Json

TEXTS = st.text('[]{}"\\ a', max_size=6)


@st.composite
def nested(draw: st.DrawFn) -> tuple[Json, int]:
    """A value, with the number of its levels; texts that look like brackets stand on every one of them."""
    value: Json = draw(TEXTS)
    levels = draw(st.integers(0, MAX_JSON_DEPTH + 3))
    for _ in range(levels):
        beside = draw(TEXTS)
        value = draw(st.sampled_from(([value, beside], {beside: value, f"{beside}.": beside})))
    return value, levels


@given(nested())
def test_only_the_levels_of_a_value_count(made: tuple[Json, int]) -> None:
    value, levels = made
    body = json.dumps(value).encode()
    if levels <= MAX_JSON_DEPTH:
        assert decode_json("it", body) == value
    else:
        with pytest.raises(BadAnswer):
            decode_json("it", body)


def levels_of(value: Json) -> int:
    if not isinstance(value, list | dict):
        return 0
    return 1 + max(map(levels_of, value.values() if isinstance(value, dict) else value), default=0)


@given(st.text('[[[]]]{}"\\,:1', max_size=40))
@example('{"a":' * 17 + "1" + "}" * 17)
@example('"' + "[" * 20 + '"')
@example('"\\\\"')
@example('["\\\\\\"[",""]')
@example("[" * 17 + '"' + "]" * 17)
def test_whatever_comes_is_decoded_as_json_says_or_refused(body: str) -> None:
    try:
        wanted = json.loads(body)
    except ValueError:
        wanted = None
    try:
        assert decode_json("it", body.encode()) == wanted
        assert wanted is not None
    except BadAnswer:
        # Duplicate keys are refused, too.
        assert wanted is None or levels_of(wanted) > MAX_JSON_DEPTH or json.dumps(wanted).count(":") < body.count(":")
