"""The memory of a process with secrets, as another process of the same user sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.kernel import memory

# root may read all, so both become somebody else
_SOMEBODY = "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
_HAS = (
    "import ctypes, os, sys\nfrom jupyter_mlsec.credentials.kernel import memory\n"
    # a change of the user hides the memory by itself: as it was before
    f"{_SOMEBODY}ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)\n"
    "memory.protect(os.environ)\nprint(flush=True); sys.stdin.readline()"
)
_READS = (
    f"import os, sys\n{_SOMEBODY}for name in ('mem', 'environ'):\n"
    "    try: open(f'/proc/{sys.argv[1]}/{name}', 'rb').close(); print('read')\n"
    "    except PermissionError: print('refused')"
)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are Linux's")
@pytest.mark.parametrize("asked", ["", "1"])
def test_another_process_of_the_same_user(asked: str, tmp_path: Path) -> None:
    held = subprocess.Popen(
        [sys.executable, "-c", _HAS],
        env={**os.environ, memory.VARIABLE: asked, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert held.stdout is not None
        assert held.stdout.readline() == b"\n"
        command = [sys.executable, "-I", "-S", "-c", _READS, str(held.pid)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        limits = Path(f"/proc/{held.pid}/limits").read_text()
    finally:
        held.communicate(b"\n")
    assert "Max core file size        0 " in limits
    if asked:
        assert shown.split() == ["refused", "refused"]
    else:  # the machine itself may refuse the memory (Yama), so that is not asked of it
        assert shown.split()[1] == "read"


def test_where_it_can_t_be_had_no_secret_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    memory.protect({memory.VARIABLE: "0"})
    with pytest.raises(MlsecError, match="only Linux can do that"):
        memory.protect({memory.VARIABLE: "1"})
