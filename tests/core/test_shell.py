"""The commands in a text: what is found, and what every word's place is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.shell import Command, commands, instructions, written_file
from jupyter_mlsec.core.view import Context


def read(*cells: str, language: str = "python", part: str = "source") -> tuple[Command, ...]:
    """The commands of the last of some cells."""
    texts = tuple(
        Text("source" if part == "source" else "file", language, cell, number)
        for number, cell in enumerate(cells)
    )
    return commands(texts[-1], Context(Document("a.ipynb", "notebook", texts)))


def words(*cells: str, language: str = "python", part: str = "source") -> list[list[str]]:
    found = read(*cells, language=language, part=part)
    return [[word.text for word in command.words] for command in found]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("!pip install x", [["pip", "install", "x"]]),
        ("  !!pip install x", [["pip", "install", "x"]]),
        ("files = !ls -l", [["ls", "-l"]]),
        ("%pip install x", [["pip", "install", "x"]]),
        ("out = %sx ls", [["ls"]]),
        ("%system ls -l", [["ls", "-l"]]),
        ("%conda install -y x", [["conda", "install", "-y", "x"]]),
        ("%time !make all", [["make", "all"]]),
        ("pip install x", [["pip", "install", "x"]]),
        ("if True:\n    !pip install x\nelse:\n    %pip install y", [["pip", "install", "x"]] * 1
         + [["pip", "install", "y"]]),
        ("!pip install \\\n  x \\\n  y\nz = 1", [["pip", "install", "x", "y"]]),
        ("%%bash\nls -l\npwd", [["ls", "-l"], ["pwd"]]),
        ("%%sh --out x\nls", [["ls"]]),
        ("%%script --bg bash\nls", [["ls"]]),
        ("%%!\nls", [["ls"]]),
        ("%%capture\n%%bash\nls", [["ls"]]),
        ("%%capture out\n!ls", [["ls"]]),
        ("%%time\nx = 1\n!ls", [["ls"]]),
    ],
)  # fmt: skip
def test_where_commands_stand(cell: str, expected: list[list[str]]) -> None:
    assert words(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "# !pip install x",
        "x != y",
        "x = a % b",
        "y = x %pip",
        '"""\n!pip install x\n"""',
        "'''\n%pip install x\n'''\nprint('!ls')",
        "%%html\n!ls",
        "%%script perl\nls",
        "%%writefile notes.txt\n!ls",
        "%matplotlib inline",
        "pip install x\nmore()",
        "print('!pip install x')",
    ],
)
def test_no_commands(cell: str) -> None:
    assert words(cell) == []


def test_no_commands_in_other_parts() -> None:
    text = Text("output", "text", "!pip install x")
    assert commands(text, Context(Document("a", "notebook", (text,)))) == ()
    assert words("!pip install x", language="r") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
        ("a b'c'\"d\"e", ["a", "bcde"]),
        ('a "b\\"c" \'d"e\'', ["a", 'b"c', 'd"e']),
        ("a $'b\\tc\\''", ["a", "b\tc'"]),
        ("a ''", ["a", ""]),
        ("a b # c", ["a", "b"]),
        ("a b#c", ["a", "b#c"]),
        ("a '#b'", ["a", "#b"]),
        ("a > out.txt b", ["a", "b"]),
        ("a 2>&1 b", ["a", "b"]),
        ("a >/dev/null 2>&1", ["a"]),
        ("a &> log.txt", ["a"]),
        ("a numpy>=1.2,<2", ["a", "numpy>=1.2,<2"]),
        ("a x[y]>=1 z<2", ["a", "x[y]>=1", "z<2"]),
        ("a $(b c) `d e` ${f} $g", ["a", "$(b c)", "`d e`", "${f}", "$g"]),
        ("X=1 sudo -u me a", ["X=1", "sudo", "-u", "me", "a"]),
        ("a {b,c} {}", ["a", "{b,c}", "{}"]),
        ("a 'unbalanced b", ["a", "'unbalanced", "b"]),
        ('a "unbalanced', ["a", '"unbalanced']),
        ("a $(b", ["a", "$(b"]),
        ("a é 'ü ß'", ["a", "é", "ü ß"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    assert words(f"%%bash\n{line}")[0] == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a | b && c || d; e & f", ["|", "&&", "||", ";", "&", ""]),
        ("a |& b\nc", ["|&", "", ""]),
        ("if a; then b; fi", [";", ";"]),
        ("(a; b) | c", [";", "", ""]),
        ("for x in y; do a; done", [";", ";"]),
        ("{ a; b; } | c", [";", ";", ""]),
    ],
)
def test_operators(script: str, expected: list[str]) -> None:
    assert [command.operator for command in read(f"%%bash\n{script}")] == expected


def test_pipelines() -> None:
    found = read("!a | b && c; d\n!e")
    assert [command.pipeline for command in found] == [0, 0, 0, 1, 2]
    assert [command.origin for command in found] == ["bang"] * 5


def test_reserved_words_and_here_documents() -> None:
    script = "if [ -f x ]; then\n  a\nfi\ncat > f <<'END'\nb c\nEND\nd"
    assert words(f"%%bash\n{script}") == [["[", "-f", "x", "]"], ["a"], ["cat"], ["d"]]
    written = read(f"%%bash\n{script}")[2].writes
    assert [word.text for word in written] == ["f"]


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("X=1 Y=2 a b", "a"),
        ("sudo -H -u me a", "a"),
        ("env X=1 a", "a"),
        ("time /usr/bin/env a", "a"),
        ("nohup a", "a"),
        ("a sudo", "a"),
    ],
)
def test_argv(line: str, program: str) -> None:
    assert read(f"!{line}")[0].argv[0].text == program


@pytest.mark.parametrize(
    ("cells", "expected", "dynamic"),
    [
        (('P = "x==1"', "!a {P}"), ["a", "x==1"], False),
        (('P = "x==1"', "!a $P '{P}' \"$P\""), ["a", "x==1", "x==1", "x==1"], False),
        (('P = "-q --user"', "!a {P}"), ["a", "-q", "--user"], False),
        (('P = ""', "!a {P}"), ["a"], False),
        (('P = "x"\nQ = P + "y"', "%pip {Q}"), ["pip", "xy"], False),
        (('P = "x"', 'P = "y"', "!a {P}"), ["a", "{P}"], True),
        (("P = f()", "!a {P} $P"), ["a", "{P}", "$P"], True),
        (('for P in ["x", "y"]:\n    !a {P}',), ["a", "x", "y"], False),
        (("for P in files():\n    !a {P}",), ["a", "{P}"], True),
        (('P = ["x", "y"]', "!a {' '.join(P)}"), ["a", "x", "y"], False),
        (("P = f()", "!a {' '.join(P)}"), ["a", "{' '.join(P)}"], True),
        (("!{sys.executable} -m a",), ["python", "-m", "a"], False),
        (("%%bash\nP=x\na $P ${P}y \"$P\" '$P'",), ["a", "x", "xy", "x", "$P"], False),
        (("%%bash\nP=$(b)\na $P",), ["a", "$P"], True),
        (("%%bash\na {P}",), ["a", "{P}"], False),
    ],
)
def test_variables(cells: tuple[str, ...], expected: list[str], dynamic: bool) -> None:
    last = read(*cells)[-1]
    assert [word.text for word in last.words] == expected
    assert any(word.dynamic for word in last.words) is dynamic


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('subprocess.run(["pip", "install", "x"])', ["pip", "install", "x"]),
        ('subprocess.check_call([sys.executable, "-m", "pip"])', ["python", "-m", "pip"]),
        ('subprocess.Popen("pip install x", shell=True)', ["pip", "install", "x"]),
        ('subprocess.run("pip install x".split())', ["pip", "install", "x"]),
        ('subprocess.run(shlex.split("pip install x"))', ["pip", "install", "x"]),
        ('os.system("pip install x")', ["pip", "install", "x"]),
        ('os.system("pip install \\"x\\"")', ["pip", "install", "x"]),
        ('os.system("pip " + "install x")', ["pip", "install", "x"]),
        ('os.system(f"pip install {unknown}")', ["pip", "install", "{unknown}"]),
        ('get_ipython().system("pip install x")', ["pip", "install", "x"]),
        ('get_ipython().run_line_magic("pip", "install x")', ["pip", "install", "x"]),
        ('pip.main(["install", "x"])', ["pip", "install", "x"]),
        ("command = 'pip install x'\nos.system(command)", ["pip", "install", "x"]),
        ('subprocess.run(["pip", "install"] + ["x", "y"])', ["pip", "install", "x", "y"]),
        ('p = ["x", "y"]\nsubprocess.run(["pip", *p])', ["pip", "x", "y"]),
        ('p = ["x", "y"]\nsubprocess.run(["pip"] + p)', ["pip", "x", "y"]),
        ('p = ["x", "y"]\np.append(z)\nsubprocess.run(["pip", *p])', ["pip", "{*p}"]),
        ('for p in ["x", "y"]:\n    subprocess.run(["pip", p])', ["pip", "x", "y"]),
        ('ps = ("x", "y")\nfor p in ps:\n    os.system(f"pip {p}")', ["pip", "x", "y"]),
        ('for p in [*ps]:\n    subprocess.run(["pip", p])', ["pip", "{p}"]),
        ('p = "z"\nfor p in ["x"]:\n    subprocess.run(["pip", p])', ["pip", "{p}"]),
    ],
)
def test_calls(call: str, expected: list[str]) -> None:
    found = read(f"import os, pip, shlex, subprocess, sys\n{call}")
    assert [[word.text for word in command.words] for command in found] == [expected]
    assert found[0].origin == "call"


def test_names_of_calls_are_seen_through_imports() -> None:
    cells = (
        "from subprocess import check_call as run",
        'run(["pip", "install", "x"])\n# subprocess',
    )
    assert words(*cells) == [["pip", "install", "x"]]
    assert words('import os\nsystem("ls")\nother.system("os.system")') == []


def test_places_in_calls() -> None:
    source = 'import os\nos.system("pip install é x")'
    (command,) = read(source)
    assert [source[w.span.start : w.span.end] for w in command.words] == "pip install é x".split()


def test_nested_shell() -> None:
    source = "!bash -c 'pip install x | tail'"
    assert words(source) == [
        ["bash", "-c", "pip install x | tail"],
        ["pip", "install", "x"],
        ["tail"],
    ]
    word = read(source)[1].words[2]
    assert source[word.span.start : word.span.end] == "x"


DOCKERFILE = """\
# comment
FROM python:3.12 AS base
ARG VERSION=1.2
RUN --mount=type=cache,target=/root pip install \\
    # why
    x==$VERSION \\

    y && rm -r cache
RUN ["pip", "install", "z"]
RUN <<END
pip install q
END
CMD ["a"]
"""


def test_dockerfile() -> None:
    found = words(DOCKERFILE, language="dockerfile", part="file")
    assert found == [
        ["pip", "install", "x==1.2", "y"],
        ["rm", "-r", "cache"],
        ["pip", "install", "z"],
        ["pip", "install", "q"],
    ]
    names = [instruction.name for instruction in instructions(DOCKERFILE)]
    assert names == ["FROM", "ARG", "RUN", "RUN", "RUN", "CMD"]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("Dockerfile", "dockerfile"),
        ("docker/Dockerfile.gpu", "dockerfile"),
        ("requirements-dev.txt", "requirements"),
        ('"code/requirements.txt"', "requirements"),
        ("-a environment.yml", "conda"),
        ("pyproject.toml", "toml"),
        ("run.sh", "shell"),
        (".github/workflows/test.yml", "actions"),
        ("train.py", None),
        ("config.yml", None),
    ],
)
def test_written_files(name: str, language: str | None) -> None:
    text = Text("source", "python", f"%%writefile {name}\nbody é\n", 0)
    written = written_file(text)
    assert (written.language if written else None) == language
    if written:
        assert len(written.text) == len(text.text)
        assert written.text.endswith("\nbody é\n")


def test_commands_of_written_files() -> None:
    assert words("%%writefile Dockerfile\nRUN pip install x") == [["pip", "install", "x"]]
    assert words("%%writefile a/setup.sh\npip install x") == [["pip", "install", "x"]]


def test_scripts() -> None:
    script = "# %%\n# !pip install x\nimport os\n# %pip install y\n"
    assert words(script, part="file") == [["pip", "install", "x"], ["pip", "install", "y"]]
    assert words("# %%\n!pip install x\n    %pip install y\n", part="file") == [
        ["pip", "install", "x"],
        ["pip", "install", "y"],
    ]
    assert words("# !pip install x\nimport os\n", part="file") == []
    assert words("!pip install x\n", part="file") == []
    assert words("#!/bin/sh\npip install x", language="shell", part="file") == [
        ["pip", "install", "x"]
    ]


SHELL = st.text(alphabet="ab \n\\'\"$`{}()<>|&;#=!%-1é", max_size=60)


@given(SHELL, st.sampled_from(["", "%%bash\n", "!", "%pip ", "%%writefile Dockerfile\nRUN "]))
def test_never_raises_and_places_are_inside(body: str, start: str) -> None:
    source = start + body
    for command in read(source):
        for word in (*command.words, *command.writes):
            assert 0 <= word.span.start <= word.span.end <= len(source)
            if not set("\\'\"$`{") & set(source):
                assert source[word.span.start : word.span.end] == word.text


@pytest.mark.parametrize(
    "piece", ["'", '"', "$(", "`", "\\", "{", "<<E\n", "a=b ", '"\\', "((", "x'\"'"]
)
def test_takes_time_in_proportion(piece: str) -> None:
    from time import process_time
    from timeit import repeat

    def seconds(count: int) -> float:
        # the garbage collector, which timeit leaves out, takes longer the more tests have run, and
        # wall time depends on who else is at work
        def once() -> object:
            return read("%%bash\n" + piece * count)

        return min(repeat(once, number=1, repeat=3, timer=process_time))

    assert seconds(40_000) < 40 * max(seconds(4_000), 0.005)
