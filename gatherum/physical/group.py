"""Group: keys to slots, values to states; spilled by bucket when memory is short, merged, and finalized in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column, invalid_metadata
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.distinct_rows import DistinctRowsReader
from gatherum.kernels.group_table import GroupTable
from gatherum.kernels.state_batch import BUCKETS, StateSchema
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.plan.expressions import Expression, MakeDocument
from gatherum.plan.nodes import Group
from gatherum.storage.spill import StateSpill, states_of_bucket
from gatherum.types.values import BsonType

MEASURE_EVERY: Final = 8
"""The bytes of a table without new groups are asked for after so many morsels."""

WORTH_A_THREAD: Final = 1 << 16
"""So many groups at least are handed on together, where there are few enough for every thread to get some."""


class GroupOperator(Operator):
    """Groups rows by key and aggregates them.

    A key that is a document of computed fields is taken apart: every field is a column of its own.
    """

    spread = "partial"

    def __init__(self, node: Group, context: QueryContext) -> None:
        super().__init__(node, context)
        names = _key_names(node.key)
        keys = [item for _, item in node.key.items] if isinstance(node.key, MakeDocument) and names else [node.key]
        self.keys = [self.evaluation.compile(key) for key in keys]
        self.arguments = [self.evaluation.compile(call.argument) for _, call in node.aggregates]
        self.distinct = DistinctRowsReader([*self.keys, *self.arguments])
        self.schema = StateSchema(names, tuple((name, call.build()) for name, call in node.aggregates))
        self.table = self._new_table()
        self.consumer = context.budget.consumer("Group")
        self.spills: list[StateSpill] = []
        self._morsels = 0
        self._groups = -1

    def _new_table(self) -> GroupTable:
        return GroupTable(self.schema, self.context.compiled())

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        if not self.table.compiled and self.context.compiled():
            self._move_up()
        if not self._take_repeated(batch):
            keys = [self._key_column(key.column(batch)) for key in self.keys]
            arguments = [argument.column(batch) for argument in self.arguments]
            self.table.update(keys, arguments, batch.ordinal)
        self._morsels += 1
        if self.table.size != self._groups or self._morsels % MEASURE_EVERY == 0:
            self._groups = self.table.size
            self._account(self.table)
        if self.consumer.should_spill():
            self._spill()
        return ()

    def _take_repeated(self, batch: Batch) -> bool:
        """Takes the distinct rows in with how often they occur, where that is all that the aggregates ask for."""
        count = len(self.keys)
        found = self.distinct.of(batch, lambda columns: self.table.takes_repeats(columns[count:]))
        if found is None:
            return False
        keys = [self._key_column(column) for column in found.columns[:count]]
        self.table.update_repeated(keys, found.columns[count:], found.first + batch.ordinal, found.times)
        return True

    def _account(self, table: GroupTable) -> None:
        held, later = table.nbytes, table.nbytes_later
        self.consumer.hold(held, later)
        self.metrics.hold(held + later)

    def _key_column(self, column: Column) -> Column:
        """The column with missing keys made null, where the key is one value."""
        if self.schema.key_names is not None:
            return column
        if column.missing:
            return Column(column.array)
        return _missing_to_null(column) if column.is_variant else column

    def _move_up(self) -> None:
        """Hands the states on to compiled kernels, which have become available."""
        table = GroupTable(self.schema, True)
        table.merge(self.table)
        self.table = table

    def _spill(self) -> None:
        if not self.table.size:
            return
        if not self.spills:
            self.spills.append(StateSpill(self.context.space))
        self._write(self.table)
        self.table = self._new_table()
        self._groups = -1
        self.consumer.hold(0)

    def _write(self, table: GroupTable) -> None:
        for batch in table.export():
            self.metrics.spill(self.spills[0].write(batch))

    def absorb(self, other: GroupOperator) -> None:
        """As `Operator.absorb`."""
        if other.table.size > self.table.size and other.table.compiled == self.table.compiled:
            self.table, other.table = other.table, self.table
        self.spills += other.spills
        other.spills = []
        if self.spills:
            for table in (self.table, other.table):
                self._write(table)
            self.table = self._new_table()
        else:
            self.table.merge(other.table)
        del other.table                                         # its memory, and all use of it
        other.consumer.close()
        self._account(self.table)

    def finish(self) -> Iterator[Batch]:
        """As `Operator.finish`: the groups in the order of their hashes, bucket by bucket where they were spilled."""
        self.consumer.spillable = False
        if not self.spills:
            yield from self._finalized(self.table, 0)
            return
        self._write(self.table)
        for bucket in range(BUCKETS):
            self.context.cancellation.check()
            table = self._new_table()
            for batch in states_of_bucket(self.spills, bucket):
                table.absorb(batch)
            yield from self._finalized(table, bucket)

    def _finalized(self, table: GroupTable, bucket: int) -> Iterator[Batch]:
        if not table.size:
            return
        order, _ = table.order()
        self._account(table)
        share = -(-len(order) // self.context.settings.threads)
        rows = min(self.context.made_rows, max(share, WORTH_A_THREAD))
        for number, start in enumerate(range(0, len(order), rows)):
            groups = order[start:start + rows]
            keys, answers = table.finalize(groups)
            columns = {"_id": self._id_column(keys)}
            for (name, _), column in zip(self.schema.aggregates, answers, strict=True):
                columns[name] = column
            yield Batch(columns, len(groups), (bucket << 40) + (number << 32))

    def _id_column(self, keys: list[Column]) -> Column:
        names = self.schema.key_names
        if names is None:
            return keys[0]
        fields = [pa.field(name, key.array.type, metadata=invalid_metadata(key.missing))
                  for name, key in zip(names, keys, strict=True)]
        return Column(pa.StructArray.from_arrays([key.array for key in keys], fields=fields))

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`: the table, and whatever was spilled."""
        states = [batch for spill in self.spills for bucket in range(BUCKETS) for batch in spill.read(bucket)]
        return Snapshot(states=(*states, *self.table.export()))

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        for batch in snapshot.states:
            self.table.absorb(batch)

    def close(self) -> None:
        """As `Operator.close`."""
        for spill in self.spills:
            spill.close()
        self.consumer.close()

    def describe(self) -> None:
        """As `Operator.describe`, with how the states are kept."""
        super().describe()
        self.metrics.details["groups"] = self.table.size if not self.spills else None
        self.metrics.details["states"] = {name: states.how for (name, _), states in
                                          zip(self.schema.aggregates, self.table.states, strict=True)}
        self.metrics.details["keys"] = "hash tables in compiled kernels" if self.table.compiled else "dictionaries"


def _key_names(key: Expression) -> tuple[str, ...] | None:
    if not isinstance(key, MakeDocument) or not key.items:
        return None
    names = tuple(name for name, _ in key.items)
    return names if len(set(names)) == len(names) else None


def _missing_to_null(column: Column) -> Column:
    from gatherum.kernels.columns.column import variant_array

    types, words, data = parts(column)
    holes = types == BsonType.MISSING
    if not holes.any():
        return column
    return Column(variant_array(np.where(holes, np.uint8(BsonType.NULL), types), words, data))
