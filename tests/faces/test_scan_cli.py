"""`mlsec scan` from outside: what is scanned, what is shown, and the exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faces.command import Folder, cell, leak, notebook, token

INSTALL = notebook("%pip install requests\n")  # one finding, medium
CLEAN = notebook("x = 1\n")


# The exit code and what fails a run


@pytest.mark.parametrize(
    ("arguments", "code", "rules"),
    [
        ([], 1, ["provider-token", "unpinned-install"]),
        (["--exit-zero"], 0, ["provider-token", "unpinned-install"]),
        (["--fail-on", "critical"], 1, ["provider-token", "unpinned-install"]),
        (["--ignore", "secrets", "--fail-on", "high"], 0, ["unpinned-install"]),
        (["--ignore", "secrets", "--fail-on", "medium"], 1, ["unpinned-install"]),
        (["--min-severity", "high"], 1, ["provider-token"]),
        (["--select", "installs"], 1, ["unpinned-install"]),
        (["--select", "unpinned-install"], 1, ["unpinned-install"]),
        (["--select", "provider-token:hugging-face-user-access-token"], 1, ["provider-token"]),
        (["--select", "provider-token:openai-api-key"], 0, []),
        (["--ignore", "provider-token:hugging-face-user-access-token"], 1, ["unpinned-install"]),
        (["--ignore", "secrets,installs"], 0, []),
        (["--ignore", "installs", "--extend-select", "unpinned-install"], 1, None),
        (["--profile", "pedantic"], 1, ["provider-token", "unpinned-install"]),
        (["--profile", "auditor"], 1, ["provider-token", "unpinned-install"]),
        (["--exclude", "*.ipynb"], 0, []),
    ],
)
def test_what_is_shown_and_fails(
    folder: Folder, arguments: list[str], code: int, rules: list[str] | None
) -> None:
    folder.write("a.ipynb", leak())
    folder.write("b.ipynb", INSTALL)
    outcome = folder.scan(".", *arguments)
    assert outcome.code == code
    assert outcome.rules == (["provider-token", "unpinned-install"] if rules is None else rules)
    assert outcome.err == ""


@pytest.mark.parametrize(
    ("arguments", "rules"),
    [
        ([], []),
        (["--extend-select", "unhashed-install"], ["unhashed-install"]),
        (["--profile", "pedantic"], ["bang-pip-wrong-environment"]),
        (["--profile", "pedantic", "--min-severity", "low"], []),
    ],
)
def test_what_is_off_by_default(folder: Folder, arguments: list[str], rules: list[str]) -> None:
    folder.write("a.ipynb", notebook("!pip install requests==2.32.0\n"))
    outcome = folder.scan(".", *arguments)
    assert (outcome.code, outcome.rules) == (0, rules)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--select", "unpined-install"], 'did you mean "unpinned-install"?'),
        (["--ignore", "provider-token:openai-api-kei"], 'mean "provider-token:openai-api-key"?'),
        (["--min-severity", "hihg"], 'did you mean "high"?'),
        (["--fail-on", "never"], "fail-on must be one of critical, high, medium, low, info"),
        (["--jobs", "-1"], "jobs must be a whole number from 0 up"),
        (["--jobs", "two"], "argument --jobs/-j: invalid int value"),
        (["--profile", "strict"], "invalid choice: 'strict'"),
        (["--format", "xml"], "invalid choice: 'xml'"),
        (["--config", "nowhere.toml"], "nowhere.toml: there is no such file"),
        (["--config", "broken.toml"], "broken.toml:2: "),
        (["--config", "typo.toml"], 'unknown setting "selct"; did you mean "select"?'),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--staged", "."], "give paths, --staged or --since, only one of them"),
        (["-", "."], "- (standard input) stands alone"),
        (["--update-baseline"], "give --baseline FILE"),
        (["--baseline", "nowhere.json"], "there is no baseline nowhere.json"),
        (["--since", "main"], "is in no git repository"),
        (["--staged"], "is in no git repository"),
        (["-o", "no/such/folder"], "no/such/folder can't be written: No such file or directory"),
    ],
)
def test_a_wrong_call_is_told_in_a_line(folder: Folder, arguments: list[str], says: str) -> None:
    folder.write("a.ipynb", CLEAN)
    folder.write("broken.toml", "select = [\n")
    folder.write("typo.toml", "selct = []\n")
    outcome = folder.mlsec("scan", *arguments)
    assert outcome.code == 2
    assert outcome.shows(says)
    assert outcome.err.splitlines()[-1].startswith("mlsec")
    assert outcome.out == ""


# What is scanned


def test_an_empty_folder(folder: Folder) -> None:
    outcome = folder.mlsec("scan")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "Nothing to scan: no notebook or other known file was found.\n"


def test_a_walk(folder: Folder) -> None:
    scanned = ["a.ipynb", 'sub/with space/it\'s "b".ipynb', "sub/c.py", "ü.ipynb"]
    skipped = [
        ".ipynb_checkpoints/a-checkpoint.ipynb",
        "venv/lib/a.ipynb",
        "node_modules/x/a.ipynb",
        "ignored/a.ipynb",
        "sub/also-ignored.ipynb",
        "data.bin",
    ]
    for name in scanned + skipped:
        folder.write(name, leak() if name.endswith("ipynb") else f'Client("{token()}")\n')
    folder.write("venv/pyvenv.cfg", "home = /usr\n")
    folder.write(".gitignore", "ignored/\n*.bin\n")
    folder.write("sub/.gitignore", "also-*\n")
    assert folder.scan(".").paths == sorted(scanned)
    # what is named is scanned, whatever a walk would do
    assert folder.scan("ignored", "data.bin").paths == ["data.bin", "ignored/a.ipynb"]
    outside = folder.scan("..", "--exclude", "home", cwd="sub").paths
    assert outside == sorted(
        str(folder.path / name) if not name.startswith("sub/") else name.removeprefix("sub/")
        for name in scanned
    )


def test_a_file_named_twice_is_scanned_once(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    assert folder.scan("a.ipynb", ".", "./a.ipynb").report["summary"]["files"] == 1


@pytest.mark.parametrize(
    ("arguments", "content", "path", "part"),
    [
        (["-"], leak(), "<stdin>", "source"),
        (["-"], f"token = '{token()}'\n", "<stdin>", "file"),
        (["-", "--stdin-filename", "sub/a.ipynb"], leak(), "sub/a.ipynb", "source"),
        (["-", "--stdin-filename", "a.py"], f"token = '{token()}'\n", "a.py", "file"),
        (["-", "--stdin-filename", "Dockerfile"], f"ENV T={token()}\n", "Dockerfile", "file"),
    ],
)
def test_standard_input(
    folder: Folder, arguments: list[str], content: str, path: str, part: str
) -> None:
    outcome = folder.scan(*arguments, stdin=content.encode())
    assert outcome.code == 1
    assert {(f["path"], f["part"]) for f in outcome.report["findings"]} == {(path, part)}


def test_standard_input_that_is_no_notebook(folder: Folder) -> None:
    outcome = folder.scan("-", "--stdin-filename", "a.ipynb", stdin=b"{")
    assert (outcome.code, outcome.report["errors"][0]["line"]) == (2, 1)


# Configuration


@pytest.mark.parametrize(
    ("files", "cwd", "rules"),
    [
        ({"pyproject.toml": '[tool.mlsec]\nignore = ["installs"]\n'}, ".", ["provider-token"]),
        ({"mlsec.toml": 'ignore = ["installs"]\n'}, ".", ["provider-token"]),
        ({"mlsec.toml": 'ignore = ["installs"]\n'}, "sub", ["provider-token"]),
        (
            {"mlsec.toml": 'ignore = ["installs"]\n', "sub/mlsec.toml": 'ignore = ["secrets"]\n'},
            "sub",
            ["unpinned-install"],
        ),
        (
            {
                "pyproject.toml": '[tool.mlsec]\nignore = ["installs"]\n',
                "sub/pyproject.toml": '[project]\nname = "x"\n',
            },
            "sub",
            ["provider-token"],
        ),
        ({"mlsec.toml": 'exclude = ["sub"]\n'}, ".", []),
        ({"mlsec.toml": 'exclude = ["/a.ipynb"]\n'}, ".", ["provider-token", "unpinned-install"]),
        (
            {"mlsec.toml": '[per-path-ignore]\n"sub/**" = ["secrets"]\n'},
            "sub",
            ["unpinned-install"],
        ),
        ({"mlsec.toml": '[per-path-ignore]\n"other/" = ["secrets"]\n'}, ".", None),
        ({"mlsec.toml": 'min-severity = "critical"\n'}, ".", ["provider-token"]),
        ({"mlsec.toml": "cache = false\njobs = 1\n"}, ".", None),
    ],
)
def test_configuration(
    folder: Folder, files: dict[str, str], cwd: str, rules: list[str] | None
) -> None:
    folder.write("sub/a.ipynb", notebook(f'Client("{token()}")\n', "%pip install requests\n"))
    for name, text in files.items():
        folder.write(name, text)
    outcome = folder.scan(".", cwd=cwd)
    assert outcome.rules == (["provider-token", "unpinned-install"] if rules is None else rules)


def test_another_configuration_can_be_named(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.write("mlsec.toml", 'ignore = ["secrets"]\n')
    folder.write("ci/mlsec.toml", 'fail-on = "critical"\n')
    assert folder.scan(".").rules == []
    assert folder.scan(".", "--config", "ci/mlsec.toml").rules == ["provider-token"]


def test_the_command_line_comes_first(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.write("mlsec.toml", 'ignore = ["provider-token"]\nprofile = "pedantic"\n')
    assert folder.scan(".").rules == []
    assert folder.scan(".", "--select", "provider-token").rules == ["provider-token"]


# Silenced findings


def test_suppression(folder: Folder) -> None:
    leaks = [f'client = Client("{token(seed)}")' for seed in range(6)]
    folder.write(
        "a.ipynb",
        notebook(
            f"{leaks[0]}  # mlsec: ignore[provider-token] made up\n",
            f"{leaks[1]}  # pragma: allowlist secret\n",
            cell(leaks[2], metadata={"tags": ["mlsec-ignore"]}),
            f"# mlsec: ignore[installs]\n{leaks[3]}\n",
            f"{leaks[4]}  # mlsec: ignore[provider-token:openai-api-key]\n",
        ),
    )
    outcome = folder.scan(".")
    found = [(f["cell"], f["suppressed"]) for f in outcome.report["findings"]]
    assert found == [(0, "comment"), (1, "comment"), (2, "tag"), (3, None), (4, None)]
    assert outcome.report["summary"]["suppressed"] == 3
    hidden = folder.mlsec("scan", ".")
    assert hidden.shows("2 findings (2 critical) in 1 of 1 file, 3 suppressed")
    assert not hidden.shows("cell 1", "suppressed by")
    shown = folder.mlsec("scan", ".", "--show-suppressed")
    assert shown.shows("cell 1")
    assert shown.shows("suppressed by comment: made up")
    assert not shown.shows(*map(token, range(6)))


def test_only_suppressed_findings_fail_nothing(folder: Folder) -> None:
    folder.write("a.ipynb", notebook(f'x = "{token()}"  # mlsec: ignore[secrets] made up\n'))
    assert folder.scan(".").code == 0


# Terminal, speed


def test_colours_when_asked_for(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    always = folder.mlsec("scan", ".", "--color", "always")
    assert always.shows("\x1b[")
    assert not always.shows(token())
    for arguments, env in (
        ([], {}),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}),
        (["--color", "never"], {"FORCE_COLOR": "1"}),
        (["--color", "always", "-o", "report"], {}),
    ):
        outcome = folder.mlsec("scan", ".", *arguments, env=env)
        assert not outcome.shows("\x1b")
        assert outcome.err == ""
    assert b"\x1b" not in folder.read("report")
    assert folder.mlsec("scan", ".", env={"FORCE_COLOR": "1"}).shows("\x1b[")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize(
    ("redirection", "code", "says"),
    [
        (">&-", 1, ""),
        (">&- 2>&-", 1, ""),
        (">/dev/full", 2, "mlsec: what was found can't be printed: No space left on device\n"),
    ],
)
def test_nowhere_to_print(folder: Folder, redirection: str, code: int, says: str) -> None:
    folder.write("a.ipynb", leak())
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m jupyter_mlsec scan . {redirection}', sys.executable],
        cwd=folder.path,
        env=folder.environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (code, says)


def test_a_reader_that_leaves(folder: Folder) -> None:
    lines = "".join(f'c{n} = Client("{token(n)}")\n' for n in range(400))
    folder.write("a.ipynb", notebook(lines))
    with subprocess.Popen(
        [sys.executable, "-m", "jupyter_mlsec", "scan", "."],
        cwd=folder.path,
        env=folder.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"a.ipynb > cell 1\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


def test_a_terminal_that_knows_only_ascii(folder: Folder) -> None:
    folder.write("ü.ipynb", leak())
    outcome = folder.mlsec("scan", ".", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.shows("\\xfc.ipynb")


def without_seconds(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if '"seconds"' not in line)


def test_processes_and_cache_change_nothing(folder: Folder) -> None:
    for number in range(12):
        folder.write(f"{number}.ipynb", leak(number) if number % 2 else INSTALL)
    folder.write("bad.ipynb", "{")
    alone = folder.scan(".", "--no-cache", "--jobs", "1")
    assert len(alone.rules) == 12
    assert not list(folder.cache.glob("*.results"))
    for arguments in (["--no-cache", "--jobs", "2"], ["--jobs", "2"], [], ["--jobs", "1"]):
        outcome = folder.scan(".", *arguments)
        assert outcome.code == alone.code == 2
        same = without_seconds(outcome.out) == without_seconds(alone.out)
        assert same, arguments
    assert list(folder.cache.glob("*.results"))


def test_a_changed_file_is_seen_in_spite_of_the_cache(folder: Folder) -> None:
    folder.write("a.ipynb", CLEAN)
    assert folder.scan(".").code == 0
    folder.write("a.ipynb", leak())
    assert folder.scan(".").rules == ["provider-token"]
    assert folder.scan(".", "--ignore", "secrets").rules == []
    assert folder.scan(".").rules == ["provider-token"]
    # remembered results hold no value
    stored = b"".join(path.read_bytes() for path in folder.cache.glob("*.results"))
    held = token().encode() in stored
    assert (len(stored) > 100, held) == (True, False)


def test_without_a_place_for_the_cache(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.write("file", "")
    outcome = folder.scan("a.ipynb", env={"MLSEC_CACHE_DIR": str(folder.path / "file" / "cache")})
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.rules == ["provider-token"]


def test_without_hyperscan_the_findings_are_the_same(folder: Folder) -> None:
    folder.write("a.ipynb", leak())
    folder.write("b.ipynb", INSTALL)
    outcome = folder.scan(".", "--no-cache", env={"MLSEC_NO_HYPERSCAN": "1"})
    same = without_seconds(outcome.out) == without_seconds(folder.scan(".", "--no-cache").out)
    assert same


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("quiet", [False, True])
def test_the_progress_bar(folder: Folder, quiet: bool) -> None:
    import pty

    for number in range(3):
        # slow on purpose: no cache, no Hyperscan, and long texts
        folder.write(f"{number}.ipynb", notebook("x = 'password token key'\n" * 12_000))
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_mlsec", "scan", ".", *["-q"] * quiet],
        cwd=folder.path,
        env=folder.environment({"MLSEC_NO_HYPERSCAN": "1"}),
        stdout=subprocess.PIPE,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    )
    os.close(theirs)
    try:
        drawn = os.read(ours, 4096)
    except OSError:  # nothing was written before the other end was closed
        drawn = b""
    os.close(ours)
    assert done.returncode == 0
    assert (b"of 3 files" in drawn) == (not quiet)


# detect-secrets


def test_the_plugins_of_detect_secrets(folder: Folder) -> None:
    pytest.importorskip("detect_secrets")
    # an entropy of its own format, which is no concern of ours
    folder.write("a.ipynb", notebook(f'x = "SK{"0123456789abcdef"[::-1] * 2}"  # the key\n'))
    without = folder.scan(".")
    folder.write("mlsec.toml", "detect-secrets-plugins = true\n")
    outcome = folder.scan(".")
    assert without.rules.count("detect-secrets-plugin") == 0
    assert outcome.rules == ["detect-secrets-plugin"]
    assert folder.scan(".", "--ignore", "detect-secrets-plugin").rules == []
    assert folder.scan(".", "--jobs", "2").rules == ["detect-secrets-plugin"]
    assert folder.mlsec("explain", "detect-secrets-plugin").code == 0


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_plugins_that_are_not_installed(folder: Folder, jobs: str) -> None:
    folder.write("a.ipynb", leak())
    folder.write("b.ipynb", CLEAN)
    folder.write("mlsec.toml", "detect-secrets-plugins = true\n")
    folder.write("empty/detect_secrets.py", "raise ImportError\n")
    path = os.pathsep.join([str(folder.path / "empty"), os.environ.get("PYTHONPATH", "")])
    outcome = folder.mlsec("scan", "a.ipynb", "b.ipynb", "-j", jobs, env={"PYTHONPATH": path})
    assert outcome.code == 2
    assert outcome.err == (
        "mlsec: detect-secrets-plugins is set, but detect-secrets is not installed; "
        "pip install 'jupyter-mlsec[detect-secrets]', or unset it\n"
    )


def test_a_token_in_the_place_of_a_package_is_masked_in_every_spelling(folder: Folder) -> None:
    folder.write("a.ipynb", notebook(f"!pip install pandas --token {token()} torch\n"))
    for arguments in ([], ["--select", "installs"], ["--format", "json"]):
        outcome = folder.mlsec("scan", *arguments, ".")
        assert outcome.code == 1
        shown = (outcome.out + outcome.err).lower()
        assert token().lower() not in shown
        assert token().lower().replace("_", "-") not in shown
