"""A worker that misbehaves as it is told, in the place of the one that scans."""

from __future__ import annotations

import os
import re
import sys
import time

from msgspec import json

from jupyter_mlsec.faces.server import work, worker


def main(limit: float) -> None:
    worker.serve(lambda: answer, limit)


def answer(message: work.Work) -> work.Reply:
    """What is wanted stands in the documents' text, or in the notebook that is to be stripped."""
    if isinstance(message, work.Scan):
        told = b" ".join(message.cells.new.values())
        about = {"new": sorted(message.cells.new), "order": message.cells.order}
    else:
        told = message.data if isinstance(message, (work.Strip, work.Save)) else b""
        about = {}
    if b"run away" in told:
        re.match(r"(a+)+$", "a" * 64 + "b")
    if b"wait" in told:
        time.sleep(0.2)
    if b"die" in told:
        os._exit(3)
    if b"fail" in told:
        raise ValueError("a secret")
    if b"print" in told:
        print("on standard output")
    about |= {"environment": sorted(os.environ), "path": sys.path, "pid": os.getpid()}
    return work.Reply(json.encode(about))
