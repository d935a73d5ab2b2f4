"""Dictionaries of columns, in documents and arrays too, made as small as the codes need."""

import random

import pyarrow as pa
import pytest

from gatherum.kernels.columns.normalize import compact, with_words

CODES = pa.dictionary(pa.int32(), pa.string())
KINDS = [CODES, pa.large_list(CODES), pa.large_list(pa.large_list(CODES)),
         pa.struct([("a", CODES), ("b", pa.large_list(pa.struct([("c", CODES)])))])]


def some_value(kind, chance):
    if chance.random() < 0.2:
        return None
    if pa.types.is_dictionary(kind):
        return f"word {chance.randrange(50)}"
    if pa.types.is_large_list(kind):
        return [some_value(kind.value_type, chance) for _ in range(chance.randrange(4))]
    return {field.name: some_value(field.type, chance) for field in kind}


@pytest.mark.parametrize("recoded", [compact, with_words])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_slices_with_codes_keep_their_values_and_their_type(kind, recoded):
    chance = random.Random(1)
    for size in range(30):
        array = pa.array([some_value(kind, chance) for _ in range(size)], kind)
        start = chance.randint(0, size)
        array = array.slice(start, chance.randint(0, size - start))
        made = recoded(array)
        made.validate(full=True)
        assert (made.type, made.to_pylist()) == (array.type, array.to_pylist())


def test_few_codes_have_few_words():
    coded = pa.DictionaryArray.from_arrays(pa.array(range(1000), pa.int32()), pa.array(map(str, range(1000))))
    assert compact(coded) is coded
    assert compact(coded.slice(500, 3)).dictionary.to_pylist() == ["500", "501", "502"]
    lists = pa.LargeListArray.from_arrays(pa.array(range(0, 1001, 10)), coded)
    assert len(compact(lists.slice(7, 2)).values.dictionary) == 20
