"""The hashes of many values are those of each."""

from hypothesis import given
from hypothesis import strategies as st

from gatherum.types.canonical import canonical_hash, canonical_hashes

STRINGS = st.text(st.characters(), max_size=40)


@given(st.lists(STRINGS, max_size=30))
def test_strings_of_any_lengths_have_the_same_hashes_together_and_alone(values):
    assert canonical_hashes(values) == [canonical_hash(value) for value in values]


@given(st.lists(STRINGS | st.integers(-5, 5) | st.none() | st.floats(), max_size=10))
def test_so_have_values_of_several_types(values):
    assert canonical_hashes(values) == [canonical_hash(value) for value in values]
