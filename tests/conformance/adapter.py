"""Lets the conformance runner drive gatherum through its public functions; settings come from the environment."""

import gatherum as gm
from gatherum.errors import GatherumError, InternalError, UnsupportedError

SUPPORTS_OPTIONS = True


class _Collections(dict):
    """The collections of a case; one that is not there is empty, as on MongoDB's server."""

    def __init__(self, collections, pipeline):
        super().__init__(collections)
        for name in _named(pipeline):
            self.setdefault(name, [])


def _named(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("from", "coll", "$unionWith") and isinstance(item, str):
                yield str(item)
            yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


def aggregate(collections, name, pipeline, options=None):
    options = dict(options or {})
    let = options.pop("let", None)
    if options:
        raise UnsupportedError(f"the option {next(iter(options))}")
    known = _Collections(collections, pipeline)
    if name is None:
        return gm.connect(known).aggregate(pipeline, let=let).to_list()
    known.setdefault(name, [])
    return gm.connect(known)[name].aggregate(pipeline, let=let).to_list()


def is_own_error(error):
    return isinstance(error, GatherumError) and not isinstance(error, InternalError)
