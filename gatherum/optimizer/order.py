"""The rules in the order in which they are tried: the only list of them. Each rule says what it needs before it."""

from __future__ import annotations

from typing import Final

from gatherum.optimizer.rule import Rule
from gatherum.optimizer.rules.drop_no_ops import drop_no_ops
from gatherum.optimizer.rules.drop_sort_before_group import drop_sort_before_group
from gatherum.optimizer.rules.fold_constants import fold_constants
from gatherum.optimizer.rules.limit_before_first import limit_before_first
from gatherum.optimizer.rules.limit_sort import limit_sort
from gatherum.optimizer.rules.merge_filters import merge_filters
from gatherum.optimizer.rules.merge_limits import merge_limits
from gatherum.optimizer.rules.merge_projections import merge_projections
from gatherum.optimizer.rules.prune_columns import prune_columns
from gatherum.optimizer.rules.push_filter_below_group import push_filter_below_group
from gatherum.optimizer.rules.push_filter_below_lookup import push_filter_below_lookup
from gatherum.optimizer.rules.push_filter_below_project import push_filter_below_project
from gatherum.optimizer.rules.push_filter_below_replace_root import push_filter_below_replace_root
from gatherum.optimizer.rules.push_filter_below_sort import push_filter_below_sort
from gatherum.optimizer.rules.push_filter_below_unwind import push_filter_below_unwind
from gatherum.optimizer.rules.push_filter_into_scan import push_filter_into_scan
from gatherum.optimizer.rules.push_filter_into_union import push_filter_into_union
from gatherum.optimizer.rules.push_limit_below_project import push_limit_below_project
from gatherum.optimizer.rules.push_limit_into_scan import push_limit_into_scan

ORDER: Final[tuple[Rule, ...]] = (
    fold_constants,
    drop_no_ops,
    merge_filters,
    push_filter_below_project,
    push_filter_below_replace_root,
    push_filter_below_unwind,
    push_filter_below_sort,
    push_filter_below_group,
    push_filter_below_lookup,
    push_filter_into_union,
    push_filter_into_scan,
    limit_before_first,
    merge_limits,
    push_limit_below_project,
    limit_sort,
    push_limit_into_scan,
    drop_sort_before_group,
    merge_projections,
    prune_columns,
)
