"""`mlsec init` in a real repository: shown, done, and taken back to the byte."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest
import yaml

from tests.faces.command import Folder, leak, notebook

INSTALL = notebook("%pip install requests\n")
PROJECT = '[project]\nname = "x"'  # without a last line end
OTHERS = "repos:\n- repo: https://example.org/x\n  rev: v1\n  hooks:\n  - id: y\n"


@pytest.fixture
def repository(folder: Folder) -> Folder:
    folder.write("a.ipynb", INSTALL)
    folder.write("pyproject.toml", PROJECT)
    folder.commit()
    return folder


def state(folder: Folder) -> dict[str, bytes]:
    """Every file of the working tree, and what git is set up to do."""
    files = [p for p in folder.path.rglob("*") if p.is_file() and ".git" not in p.parts]
    own = folder.path / ".git"
    git = [own / "config", *(own / "hooks").iterdir(), *(own / "info").iterdir()]
    return {str(p): p.read_bytes() for p in (*files, *git)}


def test_nothing_is_done_before_it_is_agreed(repository: Folder) -> None:
    before = state(repository)
    for arguments, code in (((), 1), (("--dry-run",), 0), (("--dry-run", "--yes"), 0)):
        outcome = repository.mlsec("init", *arguments)
        assert outcome.code == code
        for name in ("pyproject.toml", ".mlsec-baseline.json", ".pre-commit-config.yaml"):
            assert name in outcome.out
        assert "Nothing was changed" in outcome.out
        assert state(repository) == before


def test_what_is_known_is_silent_and_what_is_new_is_not(repository: Folder) -> None:
    assert repository.mlsec("init", "--yes").code == 0
    assert repository.mlsec("scan").code == 0
    repository.write("b.ipynb", leak())
    outcome = repository.scan()
    assert (outcome.code, outcome.rules) == (1, ["provider-token"])


def test_the_filter_works_at_once(repository: Folder) -> None:
    address = "jane.doe" + "@" + "example-mail.org"
    output = {"output_type": "stream", "name": "stdout", "text": f"sent to {address}\n"}
    cell = {
        **{"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "send()"},
        **{"id": "a1", "outputs": [output]},
    }
    assert repository.mlsec("init", "--yes", "--no-pre-commit").code == 0
    repository.write("b.ipynb", notebook(cell))
    repository.git("add", ".")
    staged = repository.git("show", ":b.ipynb")
    assert "[redacted: " in staged
    assert address not in staged


@pytest.mark.parametrize("mode", ["sensitive", "all"])
def test_taken_back_to_the_byte(repository: Folder, mode: str) -> None:
    repository.write(".pre-commit-config.yaml", OTHERS)
    before = state(repository)
    assert repository.mlsec("init", "--yes", "--mode", mode).code == 0
    assert state(repository) != before
    again = repository.mlsec("init", "--yes")
    assert (again.code, "run here already" in again.out) == (0, True)
    outcome = repository.mlsec("init", "--undo")
    assert (outcome.code, outcome.err) == (0, "")
    assert state(repository) == before
    assert repository.mlsec("init", "--undo").code == 2


def test_from_a_folder_below(repository: Folder) -> None:
    repository.write("deep/b.ipynb", INSTALL)
    assert repository.mlsec("init", "--yes", cwd="deep").code == 0
    assert (repository.path / ".mlsec-baseline.json").exists()
    assert repository.mlsec("scan", cwd="deep").code == 0


def test_what_was_changed_since_stays(repository: Folder) -> None:
    repository.mlsec("init", "--yes")
    repository.write(".pre-commit-config.yaml", "repos: []\n")
    outcome = repository.mlsec("init", "--undo")
    assert outcome.code == 1
    assert ".pre-commit-config.yaml was changed since" in outcome.err
    assert repository.read(".pre-commit-config.yaml") == b"repos: []\n"
    assert repository.read("pyproject.toml") == PROJECT.encode()
    assert not (repository.path / ".mlsec-baseline.json").exists()


def test_what_is_there_stays(repository: Folder) -> None:
    repository.write("mlsec.toml", 'profile = "pedantic"\n')
    repository.write(".pre-commit-config.yaml", OTHERS + "  - id: mlsec-scan\n")
    repository.git("config", "filter.nbstripout.clean", "cat")
    repository.write(".gitattributes", "*.ipynb filter=nbstripout\n")
    before = state(repository)
    outcome = repository.mlsec("init", "--yes")
    assert (outcome.code, "nothing to set up" in outcome.out) == (0, True)
    assert state(repository) == before


def test_mode_all_is_in_the_settings(folder: Folder) -> None:
    folder.write("a.ipynb", notebook("x = 1\n"))
    folder.commit()
    assert folder.mlsec("init", "--yes", "--mode", "all").code == 0
    assert b'[strip]\nmode = "all"' in folder.read("mlsec.toml")
    assert folder.mlsec("scan").code == 0  # the settings are right


@pytest.mark.parametrize(
    "before",
    [
        None,
        OTHERS,
        OTHERS.rstrip("\n"),
        OTHERS + "\n\nci:\n  autofix_prs: false\n",
        "repos:\n" + indent(OTHERS.partition("\n")[2], "  "),
        "# ours\nrepos: # all of them\n" + OTHERS.partition("\n")[2] + "# the end\n",
        "default_stages: [pre-commit]\n" + OTHERS,
    ],
)
def test_the_hook_is_added_to_the_others(repository: Folder, before: str | None) -> None:
    if before is not None:
        repository.write(".pre-commit-config.yaml", before)
    assert repository.mlsec("init", "--yes", "--no-filter").code == 0
    now = yaml.safe_load(repository.read(".pre-commit-config.yaml"))
    known = yaml.safe_load(before) if before else {"repos": []}
    *others, ours = now.pop("repos")
    assert others == known.pop("repos")
    assert now == known
    assert ours["hooks"][0]["entry"] == "mlsec scan"


def test_a_list_of_hooks_that_cannot_be_told(repository: Folder) -> None:
    repository.write(".pre-commit-config.yaml", "repos: []\n")
    before = state(repository)
    outcome = repository.mlsec("init", "--yes")
    assert outcome.code == 2
    assert "--no-pre-commit" in outcome.err
    assert state(repository) == before


def test_all_or_nothing(repository: Folder) -> None:
    """The filter can't be written: what was done before it is taken back."""
    Path(repository.path, ".gitattributes").mkdir()
    before = state(repository)
    outcome = repository.mlsec("init", "--yes")
    assert outcome.code == 2
    assert state(repository) == before


def test_credentials_in_a_baseline_are_named(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.commit()
    outcome = folder.mlsec("init", "--dry-run")
    assert "1 of what is found are credentials" in outcome.out


def test_outside_of_a_repository(folder: Folder) -> None:
    outcome = folder.mlsec("init", "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    assert "in no git repository" in outcome.err
