"""What the routes answer, through a Jupyter server and real workers."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Post, token


def notebook(*sources: str, **more: Any) -> dict[str, Any]:
    cells = [{"id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    return {"path": "a.ipynb", "cells": cells, **more}


async def test_scan(post: Post) -> None:
    value = token()
    status, answer = await post(
        "scan", notebook("import os", f'key = "😀"; t = "{value}"', request=7)
    )
    assert status == 200
    assert answer["request"] == 7
    (found,) = answer["findings"]
    assert found["rule"] == "provider-token"
    place = found["place"]
    assert (place["cell"], place["cellId"], place["part"]) == (1, "c1", "source")
    # the emoji is two units in a browser
    assert (place["start"], place["end"]) == (17, 17 + len(value))
    assert value not in str(answer)


async def test_health(post: Post) -> None:
    status, answer = await post("health")
    assert status == 200
    assert answer["rules"] > 20
    assert answer["policy"]["onSave"] == "warn"
