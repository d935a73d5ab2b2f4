"""Functions of the user's own: what register refuses, and how their errors are told from the engine's."""

import doctest
from fractions import Fraction

import pyarrow as pa
import pytest

import gatherum as gm
from gatherum.errors import FunctionError, OperatorError
from gatherum.functions import registry
from gatherum.functions.operator import Operator, operator
from gatherum.functions.signature import positional
from gatherum.types.values import MISSING


class Sizes(gm.Aggregate):
    """The sum of the lengths of strings; written with no more than what an aggregate needs."""

    name = "$sizes"

    class State(gm.AggregateState):
        total: int = 0

    def update(self, state, value):  # pyright: ignore[reportIncompatibleMethodOverride]
        state.total += len(value)

    def merge(self, state, other):
        state.total += other.total

    def finalize(self, state):
        return 1 // state.total


@operator("$reciprocal", positional("number"))
def reciprocal(number):
    """One divided by a number."""
    if number is None:
        raise OperatorError("there is no reciprocal of null")
    return 1 / number


@pytest.fixture(autouse=True)
def only_here():
    """What a test registers is forgotten after it."""
    before = [(own, dict(own)) for own in (registry._own_aggregates, registry._own_operators)]
    yield
    for own, known in before:
        own.clear()
        own.update(known)


def aggregate_with(**changes):
    return type("Changed", (Sizes,), changes)


@pytest.mark.parametrize(("given", "says"), [
    (None, "a subclass of gatherum.Aggregate, or an operator, not None"), (3, "not 3"), (int, "not <class 'int'>"),
    ("$sum", r"not '\$sum'"), (len, "not <built-in function len>"),
    (Sizes(), "takes the class Sizes itself, not an instance"),
    (type("Bare", (gm.Aggregate,), {"name": "$bare"}), "class Bare lacks finalize and merge and update"),
    (aggregate_with(State=None), "class Changed lacks State"), (aggregate_with(State=dict), "lacks State"),
    (aggregate_with(name="sizes"), "class Changed has the name 'sizes': give it a string that begins with"),
    (aggregate_with(name=3), "has the name 3"), (aggregate_with(name=None), "has no name"),
    (aggregate_with(name="$sum"), r"\$sum is a built-in function: choose another name"),
    (aggregate_with(merge=lambda self, state: None), r"class Changed: merge takes \(self, state, other\)"),
    (aggregate_with(ordered=True), r"update takes \(self, state, value, ordinal\)"),
    (operator("$add", positional("x"))(abs), r"\$add is a built-in function"),
    (operator("twice", positional("x"))(abs), "the operator has the name 'twice'"),
    (Operator("$x", None, abs, True, "handles", True, True, ()),  # pyright: ignore[reportArgumentType]
     r"operator '\$x' needs a Signature"),
])
def test_what_is_no_function_is_refused(given, says):
    with pytest.raises(FunctionError, match=says):
        gm.register(given)
    assert "$sizes" not in registry.aggregates()


@pytest.mark.parametrize("kind", [dict, list, "dict", list[int], [int], str])
def test_a_state_that_cannot_be_stored_is_refused_when_it_is_defined(kind):
    with pytest.raises(FunctionError, match=r"State\.held: a state has no fields of type .*list\[gatherum\.Ranked\]"):
        type("State", (gm.AggregateState,), {"__module__": __name__, "__annotations__": {"held": kind}, "held": None})


def test_a_field_of_a_state_needs_a_default():
    with pytest.raises(FunctionError, match=r"State\.held needs a default"):
        type("State", (gm.AggregateState,), {"__module__": __name__, "__annotations__": {"held": int}})


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_an_aggregate_that_keeps_lists_needs_no_more_than_the_package_exports(engine):
    class Tally(gm.Aggregate):
        name = "$tally"
        ordered = True

        class State(gm.AggregateState):
            seen: list[gm.Value] = []
            placed: list[gm.Ranked] = []
            last: gm.Value = None
            total: gm.Wide = 0

        def update(self, state, value, ordinal):  # pyright: ignore[reportIncompatibleMethodOverride]
            state.seen.append(value)
            state.placed.append(gm.Ranked(ordinal, value))
            state.last = value
            state.total += 2**70

        def merge(self, state, other):
            state.seen += other.seen
            state.placed += other.placed
            state.last = other.last if other.seen else state.last
            state.total += other.total

        def finalize(self, state):
            return {"seen": len(state.seen), "first": min(state.placed).value, "big": state.total > 2**71}

    gm.register(Tally)
    rows = [{"a": {"b": number}} for number in range(3)]
    found = gm.aggregate(rows, [{"$group": {"_id": None, "n": {"$tally": "$a"}}}], engine=engine, spill_every=1,
                         morsel_rows=1, kernels="off", rows_engine_limit=0).to_list()
    assert found == [{"_id": None, "n": {"seen": 3, "first": {"b": 0}, "big": True}}]


def test_a_name_of_ones_own_can_be_given_to_another_function():
    gm.register(Sizes)
    again = gm.register(aggregate_with(finalize=lambda self, state: state.total))
    assert registry.aggregates()["$sizes"] is again


@pytest.mark.parametrize("engine", ["rows", "columnar"])
def test_an_aggregate_without_ordinals_runs(engine):
    gm.register(Sizes)
    rows = [{"s": "a"}, {"s": ""}]
    assert gm.aggregate(rows, [{"$group": {"_id": None, "n": {"$sizes": "$s"}}}], engine=engine).to_list() == \
        [{"_id": None, "n": 1}]


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@pytest.mark.parametrize(("value", "says", "cause"), [
    (5, r"\$sizes \(update at .*test_functions_own\.py:\d+\), a function of your own, failed with TypeError: object",
     TypeError),
    ("", r"\$sizes \(finalize at .*\), a function of your own, failed with ZeroDivisionError", ZeroDivisionError)])
def test_an_error_in_an_aggregate_names_it(value, says, cause, engine):
    gm.register(Sizes)
    with pytest.raises(FunctionError, match=says) as raised:
        gm.aggregate([{"s": value}], [{"$group": {"_id": None, "n": {"$sizes": "$s"}}}], engine=engine).to_list()
    assert isinstance(raised.value.__cause__, cause)


@pytest.mark.parametrize("given", [[{"a": 0}], pa.table({"a": [0] * 20_000})], ids=["rows", "columns"])
@pytest.mark.parametrize("argument", ["$a", 0], ids=["field", "constant"])
def test_an_error_in_an_operator_names_it(argument, given):
    gm.register(reciprocal)
    with pytest.raises(FunctionError, match=r"\$reciprocal \(reciprocal at .*failed with ZeroDivisionError") as raised:
        gm.aggregate(given, [{"$project": {"b": {"$reciprocal": argument}}}]).to_list()
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


RESULTS = pytest.mark.parametrize(("result", "expected"), [
    ((1, "a"), [1, "a"]), (MISSING, None), (Fraction(1, 2), "no type for fractions.Fraction"),
    ({1: 2}, "name of a field must be a string"), ([{"a": {3}}], "field 'a': BSON has no type for set"),
    (2**70, "does not fit BSON's 64-bit integers")])


def _gives(name, expected, run):
    if isinstance(expected, str):
        with pytest.raises(FunctionError, match=rf"\{name}, a function of your own, gives .*{expected}"):
            run()
    else:
        assert run() == [{"x": expected}]


@pytest.mark.parametrize("engine", ["rows", "columnar"])
@RESULTS
def test_answers_of_an_aggregate_are_values_of_bson(result, expected, engine):
    gm.register(aggregate_with(finalize=lambda self, state: result))
    _gives("$sizes", expected, lambda: gm.aggregate(
        [{"s": "a"}], [{"$group": {"_id": None, "x": {"$sizes": "$s"}}}, {"$unset": "_id"}], engine=engine).to_list())


@pytest.mark.parametrize("given", [[{"a": 0}], pa.table({"a": [0]})], ids=["rows", "columns"])
@pytest.mark.parametrize("engine", ["rows", "auto"])
@RESULTS
def test_results_of_an_operator_are_values_of_bson(result, expected, engine, given):
    gm.register(operator("$gives", positional("x"))(lambda x: result))
    _gives("$gives", expected, lambda: gm.aggregate(
        given, [{"$project": {"_id": 0, "x": {"$ifNull": [{"$gives": "$a"}, None]}}}], engine=engine,
        rows_engine_limit=0).to_list())


def test_errors_that_a_function_raises_on_purpose_stay_as_they_are():
    gm.register(reciprocal)
    with pytest.raises(OperatorError, match="there is no reciprocal of null"):
        gm.aggregate([{"a": None}], [{"$project": {"b": {"$reciprocal": "$a"}}}]).to_list()


def test_the_example_of_register_runs():
    found = doctest.DocTestFinder().find(registry.register, globs={
        "register": gm.register, "Aggregate": gm.Aggregate, "AggregateState": gm.AggregateState,
        "aggregates": registry.aggregates, "__name__": __name__})
    assert doctest.DocTestRunner().run(found[0]).failed == 0
