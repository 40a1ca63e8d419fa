"""What git's filter starts with: a few modules, and none that takes milliseconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = (
    "re json json.decoder typing enum dataclasses argparse collections functools orjson msgspec "
    "hyperscan hashlib"
).split()
_SMALL = '{"cells": [{"cell_type": "code", "outputs": [{"text": "a"}], "source": "b"}]}'


def imported(code: str) -> set[str]:
    """The modules that a bare Python has after some code."""
    script = (
        f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys\nsys.path[:0] = {sys.path!r}\n{script}"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "from jupyter_mlsec.core.strip import Options, strip",
        "from jupyter_mlsec.core.strip import Options, strip\n"
        f"assert strip({_SMALL!r}.encode(), Options(mode='all')).removed",
        "from jupyter_mlsec.core.strip import Options\n"
        "from jupyter_mlsec.files.stripping import stripper\n"
        f"assert stripper(Options(mode='all'))({_SMALL!r}.encode(), 'a').removed",
    ],
    ids=["imported", "a small notebook", "through files.stripping"],
)
def test_mode_all_is_lean(code: str) -> None:
    modules = imported(code)
    assert not modules.intersection(_HEAVY)
    assert not [name for name in modules if name.startswith("jupyter_mlsec.rules")]
