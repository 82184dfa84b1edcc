"""What Postgres cannot hold is replaced, and nothing else is touched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamcut.errors import InvalidRequest
from dreamcut.store.storable import storable, storable_json

PIECES = st.characters(exclude_categories=()) | st.sampled_from(["\x00", "\ud800", "\\", "u0000"])
ANY_TEXT = st.lists(PIECES).map("".join)


def sent(value: Any) -> Any:
    parameter = storable_json(value)
    assert json.loads(parameter.text) == parameter.value  # the same for both ways of sending it
    return parameter.value


@given(ANY_TEXT)
def test_clean_text_can_be_held_and_keeps_its_length(text: str) -> None:
    clean = storable(text)
    assert "\x00" not in clean
    clean.encode("utf-8")
    assert len(clean) == len(text)


@given(st.dictionaries(ANY_TEXT.map(storable), ANY_TEXT))
def test_json_text_is_cleaned_as_text_is(value: dict[str, str]) -> None:
    assert sent(value) == {key: storable(text) for key, text in value.items()}


@pytest.mark.parametrize("value", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}])
def test_what_is_no_json_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        storable_json(value)
