"""What the tests of columnar forms share: columns of every type, and the comparison of columns with the meaning."""

import datetime as dt
import math

import pyarrow as pa
from bson import Decimal128, Int64, ObjectId
from reading import exact

from gatherum.errors import GatherumError
from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.evaluate import Evaluation
from gatherum.rows.expressions import compile_expression
from gatherum.rows.scope import Scope
from gatherum.types.values import MISSING

POOLS = {
    "int": [0, 1, -1, 7, -7, 3, 2**31 - 1, -2**31, 100, 12345, -250],
    "position": [0, 1, 2, 5, Int64(1)],
    "long": [Int64(0), Int64(1), Int64(-3), Int64(2**53 + 1), Int64(2**62), Int64(10**12), Int64(-10**15)],
    "extreme long": [Int64(2**63 - 1), Int64(-2**63), Int64(1), Int64(-1)],
    "double": [0.0, 0.5, 2.5, -2.5, 1.005, 12.345, -0.3, 1e15, 2.675, 1.23, 0.29, 3.0, -7.0, 1e-9, 123456.785],
    "odd double": [math.nan, math.inf, -math.inf, 1e300, 5e-324, 2.0**53 + 2, -0.0, 2.0**63, 0.1],
    "bool": [True, False],
    "string": ["", "a", "B", "äß", "xyz", "12", "-5", "a-b-c", "€uro", " pad ", "Straße", "ﬁ", "abc", "x\n"],
    "written number": ["12", "-5", "0", "007", "3.5", "1e5", "0x1F", "+4", "1e400", "1e-400", ".5", "inf"],
    "digits": ["12", "-5", "0", "99"],
    "written date": ["2024-05-31", "1999-12-31", "2000-02-29"],
    "written time": ["2024-05-31T12:30:00.123Z", "1999-12-31T23:59:59.999Z"],
    "date": [dt.datetime(2024, 5, 31, 12, 30, 1, 5000), dt.datetime(1969, 12, 31, 23, 59, 59, 999000),
             dt.datetime(2024, 3, 31, 1, 30), dt.datetime(2024, 10, 27, 1, 30), dt.datetime(2000, 2, 29),
             dt.datetime(1850, 1, 1, 5), dt.datetime(9999, 12, 31, 23), dt.datetime(1, 1, 1)],
    "recent date": [dt.datetime(2024, 5, day, hour) for day in range(1, 28) for hour in (0, 13, 23)],
    "objectId": [ObjectId("65a1b2c3d4e5f60718293a4b"), ObjectId(b"\xff" * 12)],
    "decimal": [Decimal128("1.5"), Decimal128("0"), Decimal128("NaN"), Decimal128("7")],
    "ints": [[1, 2, 3], [], [5], [-1, 0, 7, 8]],
    "doubles": [[1.5, 2.5], [], [0.1] * 10, [1e100, 1.0, -1e100], [2.0, None], [0.5] * 70],
    "strings": [["a", "b"], [], ["zz"]],
    "mixed array": [[1, "a", None, 2.5], [], [True]],
    "document": [{"a": 1, "b": "x"}, {"a": 5, "b": "y"}],
    "documents": [[{"p": 1.5, "q": 2}, {"p": 2.5, "q": 1}], [], [{"p": 9.0, "q": 3}]],
}
NUMBERS = ("int", "int", "long", "double", "double", "odd double", "extreme long")
STRINGS = ("string", "string", "written number", "digits", "written date", "written time")
DATES = ("date", "recent date", "recent date", "objectId")
ARRAYS = ("ints", "doubles", "strings", "mixed array", "documents")
ANY = tuple(POOLS)


def random_column(random, rows, family):
    """A column, and its values: of one type, with nulls, with missing values, of two types, coded or sliced."""
    pool = POOLS[random.choice(family)]
    values = [random.choice(pool) for _ in range(rows)]
    other = random.choice([None, [None], [MISSING], POOLS[random.choice(family)], [None, MISSING]])
    if other is not None:
        values = [random.choice(other) if random.random() < 0.3 else value for value in values]
    column = column_of(values)
    if pa.types.is_string(column.array.type) and random.random() < 0.5:
        return Column(column.array.dictionary_encode(), column.missing), values
    if rows and random.random() < 0.3:
        return column_of([values[0], *values]).slice(1, rows), values
    return column, values


def random_batch(random, rows, families):
    """A batch with a column a, b, ... for each family, and its documents."""
    columns, documents = {}, [{} for _ in range(rows)]
    for name, family in zip("abcdef", families, strict=False):
        columns[name], values = random_column(random, rows, family)
        for document, value in zip(documents, values, strict=True):
            if value is not MISSING:
                document[name] = value
    return Batch(columns, rows), documents


def meant(expression, documents, variables=None):
    """The values that the meaning gives."""
    scope = Scope(variables or {})
    closure = compile_expression(expression, scope)
    frame = scope.frame()
    return [closure(document, frame) for document in documents]


def outcome(compute):
    """What a computation gives, or the error that it raises, in a form that can be compared exactly."""
    try:
        values = compute()
    except GatherumError as error:
        return str(error)
    return exact([{} if value is MISSING else {"": value} for value in values])


def check(expression, batch, documents, *, strict=False):
    """Holds the columns of an expression to its meaning; returns whether kernels made them, of several rows and
    without the meaning."""
    evaluation = Evaluation(strict=strict)
    got = outcome(lambda: values_of(evaluation.compile(expression).column(batch)))
    assert got == outcome(lambda: meant(expression, documents)), (expression, documents)
    return not evaluation.filled and type(got) is list and len(got) > 1
