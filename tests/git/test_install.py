"""Setting the filter up, taking it out, and finding out how it stands."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.git import hook
from jupyter_mlsec.git.health import examine, repair
from jupyter_mlsec.git.install import Scope, install, uninstall
from tests.git.repository import Repository, environment, notebook

LINE = "*.ipynb filter=mlsec diff=mlsec\n"
NBSTRIPOUT = "*.ipynb filter=nbstripout\n*.zpln filter=nbstripout\n*.ipynb diff=ipynb\n"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository without the filter."""
    made = Repository(tmp_path / "work", environment(tmp_path))
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    return use(made, monkeypatch)


def use(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Have this process see git as the repository's own commands do."""
    for key, value in repo.env.items():
        monkeypatch.setenv(key, value)
    return repo


def files(top: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()
    }


def works(repo: Repository) -> bool:
    repo.write("a.ipynb", notebook("x = 1\n"))
    repo.git("add", "a.ipynb")
    return repo.staged("a.ipynb").decode() == notebook("x = 1\n", output=None)


def test_out_again_leaves_no_trace(bare: Repository) -> None:
    before = files(bare.path)
    install(str(bare.path), {"mode": "all"})
    assert works(bare)
    bare.git("rm", "-q", "-f", "a.ipynb")
    assert uninstall(str(bare.path))
    after = files(bare.path)
    for gone in (".git/index", ".git/mlsec/lock"):
        after.pop(gone, None)
    kept = {name: data for name, data in after.items() if "/objects/" not in name}
    assert {n: d for n, d in kept.items() if ".git/mlsec/" not in n} == before
    assert not uninstall(str(bare.path))


@pytest.mark.parametrize(
    ("file", "read"),
    [
        (".gitattributes", True),
        ("sub/.gitattributes", True),
        (".git/info/attributes", True),
        ("attributes.txt", False),
    ],
)
def test_an_attributes_file_that_git_does_not_read(file: str, read: bool, bare: Repository) -> None:
    """Nothing would be filtered, and nobody would know."""
    done = install(str(bare.path), {}, attributes_file=str(bare.path / file))
    assert any("git does not read" in note for note in done.notes) != read


def test_twice_is_once(bare: Repository) -> None:
    install(str(bare.path), {"mode": "all"})
    before = files(bare.path)
    install(str(bare.path), {"mode": "all"})
    assert files(bare.path) == before


def test_the_mode_can_be_changed(bare: Repository) -> None:
    install(str(bare.path), {})
    install(str(bare.path), {"mode": "all"})
    assert examine(str(bare.path)).settings == {"mode": "all"}
    assert works(bare)


def test_the_configuration_of_the_project_says_the_mode(bare: Repository) -> None:
    bare.write("pyproject.toml", '[tool.mlsec.strip]\nmode = "all"\n')
    install(str(bare.path), {})
    assert works(bare)


@pytest.mark.parametrize(
    ("attribute", "stripped"), [("mlsec-all", True), ("mlsec-sensitive", False)]
)
def test_a_mode_for_some_paths(bare: Repository, attribute: str, stripped: bool) -> None:
    install(str(bare.path), {"mode": "sensitive"}, attributes_file=str(bare.path / "unused"))
    bare.write(".gitattributes", f"*.ipynb filter={attribute}\n")
    assert works(bare) == stripped


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "{comment}" + LINE),
        ("# mine\n*.csv text\n", "# mine\n*.csv text\n{comment}" + LINE),
        ("*.csv text", "*.csv text\n{comment}" + LINE),
        ("*.ipynb filter=mlsec\n", "{comment}" + LINE),
        ("*.ipynb text filter=mlsec\n", "*.ipynb text\n{comment}" + LINE),
        ("big/*.ipynb filter=mlsec-all\n", "big/*.ipynb filter=mlsec-all\n{comment}" + LINE),
        (LINE, LINE),
    ],
)
def test_attributes(bare: Repository, before: str, after: str) -> None:
    file = bare.path / ".git/info/attributes"
    file.write_text(before)
    install(str(bare.path), {})
    comment = "# mlsec: what is sensitive does not get from notebooks into commits\n"
    assert file.read_text() == after.format(comment=comment)


def test_shared_attributes_let_later_lines_win(bare: Repository) -> None:
    file = bare.write(".gitattributes", "big.ipynb filter=lfs diff=lfs merge=lfs -text\n")
    install(str(bare.path), {}, attributes_file=str(file))
    assert file.read_text().splitlines()[1:] == [LINE.strip(), *file.read_text().splitlines()[2:]]
    assert "filter: lfs" in bare.git("check-attr", "filter", "big.ipynb")
    assert "filter: mlsec" in bare.git("check-attr", "filter", "small.ipynb")


def test_for_a_user(bare: Repository) -> None:
    install(str(bare.path), {"mode": "all"}, scope="global")
    assert works(bare)
    assert examine(str(bare.path)).scope == "global"
    assert uninstall(str(bare.path), scope="global")
    assert not works(bare)


def test_for_a_machine(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"GIT_CONFIG_SYSTEM": str(bare.path.parent / "etc/gitconfig"), "GIT_CONFIG_NOSYSTEM": "0"}
    (bare.path.parent / "etc").mkdir()
    attributes = bare.path.parent / "etc/gitattributes"
    bare.env.update(own)
    use(bare, monkeypatch)
    install(str(bare.path), {"mode": "all"}, scope="system", attributes_file=str(attributes))
    assert attributes.read_text().endswith(LINE)
    bare.git("config", "core.attributesFile", str(attributes))
    assert works(bare)
    assert uninstall(str(bare.path), scope="system", attributes_file=str(attributes))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("nbstripout", "--from-nbstripout"), ("lfs", "git lfs migrate"), ("nb-clean", "take it out")],
)
def test_another_filter_is_not_pushed_aside(bare: Repository, name: str, remedy: str) -> None:
    bare.write(".gitattributes", f"*.ipynb filter={name}\n")
    before = files(bare.path)
    with pytest.raises(MlsecError) as caught:
        install(str(bare.path), {})
    assert remedy in caught.value.full
    assert files(bare.path) == before


def test_nbdime_goes_on_to_show_differences(bare: Repository) -> None:
    bare.write(".gitattributes", "*.ipynb diff=jupyternotebook merge=jupyternotebook\n")
    done = install(str(bare.path), {})
    assert "jupyternotebook" in done.notes[0]
    install(str(bare.path), {})
    assert "diff: jupyternotebook" in bare.git("check-attr", "diff", "a.ipynb")


def test_nbstripout_is_taken_over(bare: Repository) -> None:
    (bare.path / ".git/info/attributes").write_text("*.csv text\n" + NBSTRIPOUT)
    clean = (
        f'"{sys.executable}" -m nbstripout --keep-count --extra-keys "metadata.a cell.metadata.b"'
    )
    for key, value in {
        "filter.nbstripout.clean": clean,
        "filter.nbstripout.smudge": "cat",
        "filter.nbstripout.required": "true",
        "filter.nbstripout.extrakeys": "metadata.c",
        "diff.ipynb.textconv": f'"{sys.executable}" -m nbstripout -t',
    }.items():
        bare.git("config", key, value)
    install(str(bare.path), {}, from_nbstripout=True)
    assert "nbstripout" not in bare.git("config", "--list")
    lines = (bare.path / ".git/info/attributes").read_text().splitlines()
    assert lines[0] == "*.csv text"
    assert lines[2:] == [LINE.strip()]
    settings = examine(str(bare.path)).settings
    assert settings["mode"] == "all"
    assert settings["keep-count"] == "true"
    assert settings["extra-keys"].split() == ["metadata.c", "metadata.a", "cell.metadata.b"]
    bare.write("a.ipynb", notebook("x = 1\n", a=1, b=2))
    bare.git("add", "a.ipynb")
    staged = bare.staged("a.ipynb").decode()
    assert '"execution_count": 1' in staged
    assert '"a": 1' not in staged
    assert '"b": 2' in staged


def test_no_nbstripout_to_take_over(bare: Repository) -> None:
    with pytest.raises(MlsecError, match="not set up here"):
        install(str(bare.path), {}, from_nbstripout=True)


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(MlsecError, match="is in no git repository"):
        install(str(tmp_path), {})


def test_a_hook_that_is_there_goes_on_to_run(bare: Repository) -> None:
    file = bare.write(".git/hooks/pre-commit", "#!/bin/sh\necho ran >>ran\nexit ${FAIL:-0}\n")
    file.chmod(0o755)
    before = file.read_bytes()
    install(str(bare.path), {})
    install(str(bare.path), {})
    bare.commit()
    assert bare.read("ran") == "ran\n"
    bare.write("b", "b")
    bare.git("add", "b")
    assert bare.run("git", "commit", "-m", "x", env={"FAIL": "1"}).returncode == 1
    uninstall(str(bare.path))
    assert file.read_bytes() == before


def test_hooks_elsewhere_are_left_alone(bare: Repository) -> None:
    bare.git("config", "core.hooksPath", str(bare.path / ".husky"))
    done = install(str(bare.path), {})
    assert "mlsec git check" in done.notes[0]
    assert not (bare.path / ".husky").exists()


@pytest.mark.parametrize("scope", ["local", "global"])
def test_hooks_elsewhere_on_request(scope: Scope, bare: Repository) -> None:
    bare.git("config", "--global", "core.hooksPath", str(bare.path.parent / "hooks"))
    install(str(bare.path), {}, scope=scope, shared_hooks=True)
    assert not commits_markers(bare)
    other = Repository(bare.path.parent / "other", bare.env)
    other.path.mkdir()
    other.git("init", "-q")
    if scope == "local":  # there is no filter, and so nothing to look at
        assert commits_markers(other)
    uninstall(str(bare.path), scope=scope, shared_hooks=True)
    assert commits_markers(bare)


def test_for_a_user_each_repository_gets_its_hooks(bare: Repository) -> None:
    install(str(bare.path), {}, scope="global")
    file = bare.write(".git/hooks/pre-commit", "#!/bin/sh\necho ran >>ran\n")
    file.chmod(0o755)
    before = file.read_bytes()
    bare.write("a.ipynb", notebook("1"))
    added = bare.run("git", "add", "a.ipynb")
    assert b"now refuses notebooks with conflict markers" in added.stderr
    bare.git("commit", "-q", "-m", "x")
    assert bare.read("ran") == "ran\n"
    assert not commits_markers(bare)
    assert examine(str(bare.path)).hook
    uninstall(str(bare.path))
    assert file.read_bytes() == before
    bare.write("a.ipynb", notebook("2"))
    bare.git("add", "a.ipynb")
    assert file.read_bytes() == before, "taken out is taken out"


def test_for_a_user_with_hooks_elsewhere(bare: Repository) -> None:
    bare.git("config", "--global", "core.hooksPath", str(bare.path / ".husky"))
    install(str(bare.path), {}, scope="global")
    said = [add(bare, number).count("core.hooksPath is set") for number in "12"]
    assert said == [1, 0]
    assert not (bare.path / ".husky").exists()


def test_hooks_outlive_the_set_up_of_a_user(bare: Repository) -> None:
    install(str(bare.path), {}, scope="global")
    add(bare, "1")
    uninstall(str(bare.path), scope="global")
    assert commits_markers(bare)


def add(repo: Repository, source: str) -> str:
    """What is said of a notebook that is staged."""
    repo.write("a.ipynb", notebook(source))
    done = repo.run("git", "add", "a.ipynb")
    assert done.returncode == 0
    return done.stderr.decode()


def commits_markers(repo: Repository) -> bool:
    """Whether a notebook with conflict markers can be committed."""
    repo.write(
        "b.ipynb", notebook("1").replace('"1"', '\n<<<<<<< a\n"1"\n=======\n"2"\n>>>>>>> b\n')
    )
    repo.git("add", "b.ipynb")
    return repo.run("git", "commit", "-m", "x").returncode == 0


def test_status_of_what_is_not_set_up(bare: Repository) -> None:
    health = examine(str(bare.path))
    assert health.scope is None
    assert health.problems == ["the filter is not set up: mlsec git install"]


def test_status(bare: Repository) -> None:
    install(str(bare.path), {"mode": "all"})
    bare.write("big.ipynb", "{}")
    bare.write(".gitattributes", "")
    assert works(bare)
    bare.git("commit", "-q", "-m", "x")
    health = examine(str(bare.path))
    assert (health.scope, health.covered, health.problems) == ("local", ["a.ipynb"], [])


def test_notebooks_that_are_left_out(bare: Repository) -> None:
    install(str(bare.path), {})
    lines = "*.ipynb filter=mlsec\nraw/** -filter\nlfs/** filter=lfs\nno/*.ipynb !filter\n"
    (bare.path / ".git/info/attributes").write_text(lines)
    for folder in ("raw", "no", "lfs"):
        bare.write(f"{folder}/a.ipynb", notebook("x = 1\n"))
    bare.git("add", "-A")
    health = examine(str(bare.path))
    assert health.uncovered == ["lfs/a.ipynb", "no/a.ipynb", "raw/a.ipynb"]
    assert health.problems == [
        "no attributes file sends 1 tracked notebooks through it, such as 'no/a.ipynb'"
    ]
    assert not health.repairable


def test_notebooks_in_git_lfs_are_not_taken_from_it(bare: Repository) -> None:
    bare.write(".gitattributes", "big/*.ipynb filter=lfs diff=lfs merge=lfs -text\n")
    bare.write("big/a.ipynb", notebook("x = 1\n"))
    bare.git("add", "-A")
    with pytest.raises(MlsecError) as caught:
        install(str(bare.path), {})
    assert "--attributes .gitattributes" in caught.value.full
    install(str(bare.path), {}, attributes_file=str(bare.path / ".gitattributes"))
    assert "filter: lfs" in bare.git("check-attr", "filter", "big/a.ipynb")


def gone(repo: Repository) -> None:
    script = repo.path / ".git/mlsec/filter"
    script.write_text(script.read_text().replace(sys.executable, "/nowhere/python"))


def add_nbdime(repo: Repository) -> None:
    repo.git("config", "diff.jupyternotebook.command", "git-nbdiffdriver diff")
    repo.write(".gitattributes", "*.ipynb diff=jupyternotebook merge=jupyternotebook\n")


BREAKS = {
    "nbdime came later": add_nbdime,
    "environment gone": gone,
    "script gone": lambda repo: (repo.path / ".git/mlsec/filter").unlink(),
    "not required": lambda repo: repo.git("config", "--unset", "filter.mlsec.required"),
    "a driver gone": lambda repo: repo.git("config", "--remove-section", "filter.mlsec-all"),
    "no attributes": lambda repo: (repo.path / ".git/info/attributes").unlink(),
    "no hook": lambda repo: (repo.path / ".git/hooks/pre-commit").unlink(),
}


@pytest.mark.parametrize("how", BREAKS)
def test_the_doctor_repairs(how: str, bare: Repository) -> None:
    install(str(bare.path), {"mode": "all", "keep-count": "false"})
    BREAKS[how](bare)
    health = examine(str(bare.path))
    assert health.problems
    assert health.repairable
    repair(str(bare.path), health)
    healed = examine(str(bare.path))
    assert healed.problems == []
    assert healed.settings == {"mode": "all", "keep-count": "false"}
    assert works(bare)


def test_a_missing_environment_is_said_with_the_remedy(bare: Repository) -> None:
    install(str(bare.path), {"mode": "all"})
    gone(bare)
    bare.write("a.ipynb", notebook("x = 1\n"))
    bare.env["PATH"] = os.path.dirname(shutil.which("git") or "") + ":/usr/bin:/bin"
    said = bare.refused("add", "a.ipynb")
    assert "/nowhere/python" in said
    assert "mlsec git doctor" in said
    assert bare.git("ls-files") == ""


def test_another_mlsec_on_the_path_stands_in(bare: Repository) -> None:
    install(str(bare.path), {"mode": "all"})
    gone(bare)
    bare.env["PATH"] = f"{Path(sys.executable).parent}:{bare.env['PATH']}"
    assert works(bare)


def test_the_hook_beside_the_pre_commit_framework(bare: Repository) -> None:
    install(str(bare.path), {})
    file = Path(hook.path(str(bare.path)))
    file.rename(file.with_name("pre-commit.legacy"))  # as `pre-commit install` does
    file.write_text("#!/bin/sh\nexit 0\n")
    install(str(bare.path), {})
    assert examine(str(bare.path)).problems == []
    assert file.read_text() == "#!/bin/sh\nexit 0\n"
