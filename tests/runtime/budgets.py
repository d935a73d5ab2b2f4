"""Runtimes of tests, whose process is as large as the test says."""

import threading

from gatherum.runtime.cancel import Cancellation
from gatherum.runtime.memory import Runtime

LIMIT = 1_000_000


class Process:
    """A process whose resident memory is what the test says."""

    def __init__(self):
        self.resident = 5_000_000

    def __call__(self):
        return self.resident


def start(limit=LIMIT):
    process = Process()
    return Runtime(limit, process), process


def open_elsewhere(started, limit, cancellation=None):
    """A budget of a query that another thread runs."""
    opened = []
    thread = threading.Thread(target=lambda: opened.append(started.open(limit, cancellation or Cancellation())))
    thread.start()
    thread.join(5)
    return opened[0]
