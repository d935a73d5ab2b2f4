"""Runs the conformance cases on the reference interpreter."""

import bson
from bson.codec_options import CodecOptions, DatetimeConversion

from gatherum.errors import GatherumError, InternalError, UnsupportedError
from gatherum.frontends.mongo.expressions import Names
from gatherum.frontends.mongo.stage import Context, parse_pipeline
from gatherum.rows.interpreter import Run, interpret

SUPPORTS_OPTIONS = True
OPTIONS = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def aggregate(collections, name, pipeline, options=None):
    options = dict(options or {})
    variables = options.pop("let", {})
    if options:
        raise UnsupportedError(f"option {next(iter(options))}")
    plan = parse_pipeline(pipeline, Context(Names(frozenset(variables)), collection=name))
    run = Run(lambda scan: [collections.get(scan.source, [])], {"NOW": None, **variables})
    return [row for batch in interpret(plan, run) for row in batch]


def is_own_error(error):
    return isinstance(error, GatherumError) and not isinstance(error, InternalError)
