"""Records are what frozen, slotted dataclasses are."""

import copy
import dataclasses
import pickle
from dataclasses import dataclass, field, fields, replace

import pytest

from gatherum.records import record


@record
class Point:
    """Has every kind of field."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", hash=False)


@dataclass(frozen=True, slots=True)
class Usual:
    """The same, made by the standard library."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", hash=False)


@record
class Empty:
    """Has no fields."""


@record
class Checked(Empty):
    """Checks what it is given, and says itself what equality is."""

    part: int

    def __post_init__(self):
        if self.part < 0:
            raise ValueError("too small")

    def __eq__(self, other):
        return isinstance(other, Checked)

    def __hash__(self):
        return 7


def same(act):
    """What both kinds of class say to an action, the class's name apart."""
    answers = []
    for cls in (Point, Usual):
        try:
            answers.append(str(act(cls)).replace(cls.__name__, "?"))
        except (TypeError, AttributeError) as error:
            answers.append(type(error))
    return answers[0] == answers[1]


def assign(cls):
    cls(1).x = 2


def delete(cls):
    del cls(1).x


@pytest.mark.parametrize("act", [
    lambda cls: cls(1), lambda cls: cls(1, 3, ["a"], note="b"), lambda cls: cls(), lambda cls: cls(1, z=2),
    lambda cls: cls(1, x=1), lambda cls: cls(1) == cls(1), lambda cls: cls(1) == cls(2), lambda cls: cls(1) == 1,
    lambda cls: cls(1, names=["a"]) == cls(1), lambda cls: cls(1, note="a") == cls(1),
    lambda cls: hash(cls(1, names=["a"], note="b")) == hash(cls(1)), lambda cls: hash(cls(1)) == hash(cls(2)),
    lambda cls: replace(cls(1), y=5), lambda cls: cls(1).names is cls(1).names, lambda cls: cls.__match_args__,
    lambda cls: [each.name for each in fields(cls)], lambda cls: dataclasses.asdict(cls(1)),
    lambda cls: copy.deepcopy(cls(1, names=["a"])), lambda cls: pickle.loads(pickle.dumps(cls(1, note="c"))),
    lambda cls: hasattr(cls(1), "__dict__"), assign, delete])
def test_a_record_does_what_a_frozen_dataclass_does(act):
    assert same(act)


def test_fields_of_a_record_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"Point is frozen.*'x'"):
        Point(1).x = 2


def test_records_of_nothing_and_records_with_methods_of_their_own():
    assert Empty() == Empty() and hash(Empty()) == hash(Empty()) and repr(Empty()) == "Empty()"
    assert Checked(1) == Checked(2) and hash(Checked(1)) == 7 and Checked(part=1) != Empty()
    with pytest.raises(ValueError, match="too small"):
        Checked(-1)


def test_a_record_that_holds_itself_can_be_printed():
    point = Point(1)
    point.names.append(point)
    assert repr(point) == "Point(x=1, y=2, names=[...], note='')"
