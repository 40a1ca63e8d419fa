"""Requirements, command lines and files: what is read out of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from jupyter_mlsec.core.model import Document, Part, Text
from jupyter_mlsec.core.view import Context, View
from jupyter_mlsec.rules.installs.command_line import Install, install
from jupyter_mlsec.rules.installs.manifests import manifests
from jupyter_mlsec.rules.installs.requirement import parse, parse_conda

COMMIT = "0a1b2c3d" * 5


@pytest.mark.parametrize(
    ("text", "kind", "name", "pin"),
    [
        ("numpy", "package", "numpy", "none"),
        ("Scikit_Learn", "package", "scikit-learn", "none"),
        ("transformers[torch,vision]", "package", "transformers", "none"),
        ("x==1.2", "package", "x", "exact"),
        ("x[a]==1.2+cu117", "package", "x", "exact"),
        ("x===1", "package", "x", "exact"),
        ("x==1.*", "package", "x", "bounded"),
        ("x~=1.2", "package", "x", "bounded"),
        ("x>=1,<2", "package", "x", "bounded"),
        ("x<2", "package", "x", "bounded"),
        ("x>=1", "package", "x", "open"),
        ("x>=1.24.*", "package", "x", "open"),
        ("x!=1.3", "package", "x", "none"),
        ('x; python_version < "3.9"', "package", "x", "none"),
        ('x==1; sys_platform == "linux"', "package", "x", "exact"),
        ("git+https://h/o/r.git", "vcs", "", "none"),
        (f"git+ssh://git@h/o/r@{COMMIT}#egg=My_Tool", "vcs", "my-tool", "none"),
        ("tool @ git+https://h/o/r", "vcs", "tool", "none"),
        ("tool[a] @ https://h/t.whl", "url", "tool", "none"),
        ("https://h/t-1.tar.gz", "url", "", "none"),
        ("s3://bucket/t.whl", "url", "", "none"),
        (".", "local", "", "none"),
        (".[dev]", "local", "", "none"),
        ("./x", "local", "", "none"),
        ("../x", "local", "", "none"),
        ("~/x", "local", "", "none"),
        ("/opt/x", "local", "", "none"),
        ("C:\\x", "local", "", "none"),
        ("packages/x", "local", "", "none"),
        ("x-1.0-py3-none-any.whl", "local", "", "none"),
        ("file:///x.whl", "local", "", "none"),
    ],
)
def test_requirement(text: str, kind: str, name: str, pin: str) -> None:
    found = parse(text)
    assert found is not None
    assert (found.kind, found.name, found.pin) == (kind, name, pin)


_PIECES = st.sampled_from(
    [
        "[gpu]",
        "[a,b]",
        "[]",
        " ",
        "==",
        ">=",
        "<",
        "!=",
        "~=",
        "===",
        "1",
        "2.0",
        "1.24.1",
        "1.0rc1",
        "+cu117",
        ".*",
        "2023.1",
        ",",
        "1.2.3.4.5.6.7",
    ]
)


@given(st.sampled_from(["torch", "Py_YAML", "x.y-1"]), st.lists(_PIECES, max_size=8).map("".join))
def test_plain_requirements_are_read_as_packaging_reads_them(name: str, rest: str) -> None:
    text = name + rest
    found = parse(text)
    try:
        # `>=1.24.*`, which old pips took, is read as `>=1.24`
        parsed = Parsed(re.sub(r"([<>~]=?\s*[\d.]+)\.\*", r"\1", text.strip()))
    except InvalidRequirement:
        assert found is None
        return
    assert found is not None
    assert found.name == canonicalize_name(parsed.name)
    clauses = [(clause.operator, clause.version) for clause in parsed.specifier]
    exact = any(o == "===" or (o == "==" and not v.endswith("*")) for o, v in clauses)
    assert (found.pin == "exact") == exact
    assert (found.pin == "none") == all(operator == "!=" for operator, _ in clauses)


@pytest.mark.parametrize("text", ["", "-", "x=1", "x==", '"unbalanced', "a b c", "&&", "é"])
def test_no_requirement(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "name", "pin"),
    [
        ("numpy", "numpy", "none"),
        ("numpy=1.26", "numpy", "bounded"),
        ("numpy=1.26.4=py312_0", "numpy", "exact"),
        ("numpy==1.26.4", "numpy", "exact"),
        ("numpy>=1.26", "numpy", "open"),
        ("numpy>=1.26,<2", "numpy", "bounded"),
        ("numpy 1.26.*", "numpy", "bounded"),
        ("numpy=*", "numpy", "none"),
        ("conda-forge::numpy", "numpy", "none"),
        ("conda-forge::numpy=1.26.4=0", "numpy", "exact"),
        ("numpy[version='>=1.26']", "numpy", "open"),
        ("_libgcc_mutex=0.1=main", "-libgcc-mutex", "exact"),
    ],
)
def test_conda_requirement(text: str, name: str, pin: str) -> None:
    found = parse_conda(text)
    assert found is not None
    assert (found.name, found.pin) == (name, pin)


def installs(source: str, language: str = "python") -> list[Install]:
    part: Part = "source" if language == "python" else "file"
    text = Text(part, language, source, 0)
    view = View(text, Context(Document("a", "notebook", (text,))), {})
    return [found for command in view.commands if (found := install(command))]


@pytest.mark.parametrize(
    ("command", "tool", "targets"),
    [
        ("pip install a b", "pip", "a b"),
        ("pip3 install a", "pip", "a"),
        ("pip3.11 install a", "pip", "a"),
        ("/usr/bin/pip install a", "pip", "a"),
        ("python -m pip install a", "pip", "a"),
        ("python3.11 -m pip install a", "pip", "a"),
        ("{sys.executable} -m pip install a", "pip", "a"),
        ("sudo -H pip install a", "pip", "a"),
        ("X=1 pip install a", "pip", "a"),
        ("pip --quiet install a", "pip", "a"),
        ("pip --log x.txt install a", "pip", "a"),
        ("pip install -q -U a --no-deps b", "pip", "a b"),
        ("pip install -r r.txt -c c.txt a", "pip", "a"),
        ("pip install -rr.txt a", "pip", "a"),
        ("pip install -i https://h/s -f https://h/w -t d a", "pip", "a"),
        ("pip install --index-url=https://h/s --extra-index-url https://h/s a", "pip", "a"),
        ("pip install --progress-bar off a", "pip", "a"),
        ("pip install a -e .", "pip", "a ."),
        ("pip install -e git+https://h/o/r#egg=x", "pip", "git+https://h/o/r#egg=x"),
        ("pip install -- a", "pip", "a"),
        ("pip install a > /dev/null 2>&1", "pip", "a"),
        ("pip install a | tail -1", "pip", "a"),
        ("pip install a  # the newest", "pip", "a"),
        ("pip install {unknown} $unknown a", "pip", "a"),
        ("uv pip install --python 3.12 a", "uv", "a"),
        ("uv add --dev a", "uv", "a"),
        ("uv add ruff@latest", "uv", "ruff@latest"),
        ("uv run pip install a", "pip", "a"),
        ("conda install -y -c conda-forge -n env a=1", "conda", "a=1"),
        ("conda create --name env python=3.11 a", "conda", "python=3.11 a"),
        ("conda run -n env pip install a", "pip", "a"),
        ("mamba install a", "conda", "a"),
        ("poetry add --group dev a@^1.0", "poetry", "a@^1.0"),
        ("pdm add -G test a", "pdm", "a"),
        ("pipx install --python 3.12 a", "pipx", "a"),
        ("easy_install a", "easy_install", "a"),
        ("uv run --with a --python 3.12 script.py b", "uv", "a"),
        ("uv run --with a python -m module", "uv", "a"),
        ("uv tool run ruff check", "uv", "ruff"),
        ("uvx ruff@latest check --select E", "uv", "ruff@latest"),
        ("uvx --from a==1 command --with b", "uv", "a==1"),
        ("uvx --with a tool", "uv", "a tool"),
        ("pixi add a b=1", "conda", "a b=1"),
        ("pixi add --pypi a", "pip", "a"),
        ("pixi global install a", "conda", "a"),
    ],
)
def test_command(command: str, tool: str, targets: str) -> None:
    (found,) = installs(f"!{command}")
    assert found.tool == tool
    assert sorted(target.raw for target in found.targets) == sorted(targets.split())


@pytest.mark.parametrize(
    "command",
    [
        "pip list",
        "pip uninstall -y a",
        "pip download a",
        "pip freeze > install.txt",
        "echo pip install a",
        "python setup.py install",
        "python -m venv install",
        "apt-get install -y a",
        "npm install a",
        "conda env create -f environment.yml",
        "uv sync",
        "uv run script.py",
        "uv run pytest -w a",
        "uv run python train.py",
        "pixi run install",
        "git add install",
    ],
)
def test_no_install(command: str) -> None:
    assert installs(f"!{command}") == []


@pytest.mark.parametrize(
    ("call", "targets"),
    [
        ('await micropip.install("a")', "a"),
        ('await micropip.install(["a", "b==1"], keep_going=True)', "a b==1"),
        ('import piplite as p\nawait p.install("a")', "a"),
        ('await asyncio.create_subprocess_exec("pip", "install", "a")', "a"),
        ('await asyncio.create_subprocess_shell("pip install a b")', "a b"),
    ],
)
def test_call(call: str, targets: str) -> None:
    (found,) = installs(call)
    assert found.tool == "pip"
    assert [target.raw for target in found.targets] == targets.split()


@pytest.mark.parametrize(
    "call", ["micropip.list()", "own.install('a')", "await micropip.install(name)"]
)
def test_call_of_nothing_known(call: str) -> None:
    assert [target for found in installs(call) for target in found.targets] == []


def test_options() -> None:
    (found,) = installs("!pip install -qU --pre -i http://h/s --trusted-host=h a")
    assert [(option.name, option.value) for option in found.options] == [
        ("-q", ""),
        ("-U", ""),
        ("--pre", ""),
        ("-i", "http://h/s"),
        ("--trusted-host", "h"),
    ]


REQUIREMENTS = """\
# numpy
torch==2.4.1  # exact
-r other.txt
--extra-index-url https://h/simple
-e git+https://h/o/r#egg=tool
pandas[excel] >= 2 ; python_version > "3.8"
numpy==2.1.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11

./own
requests
"""

CONDA = """\
name: env
channels:
  - conda-forge
dependencies:
  - python=3.11
  - "numpy>=1.26"
  - pip
  - pip:
      - torch==2.4.1
      - einops  # newest
  - xgboost
prefix: /x
variables:
  - y
"""

TOML = """\
[build-system]
requires = ["hatchling"]

[project]
name = "x"
keywords = ["k"]
dependencies = [
    "httpx[http2]",  # "not this"
    "numpy>=1.26",
]

[project.optional-dependencies]
dev = ["pytest"]

[tool.poetry.dependencies]
python = "*"
rich = "*"
flask = "^3.0"
boto3 = {version = "*", optional = true}
tool = {git = "https://h/o/r", branch = "main"}
wheel = {url = "https://h/w.whl"}

[tool.uv]
dev-dependencies = ["mypy"]
package = "no"

[tool.hatch.envs.test]
extra-dependencies = ["ruff<1"]

[tool.pdm.dev-dependencies]
web = ["uvicorn==1.0"]

[tool.other]
dependencies = ["q"]
"""


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "requirements",
            REQUIREMENTS,
            [
                ("torch", "exact", "torch==2.4.1"),
                ("tool", "none", "-e git+https://h/o/r#egg=tool"),
                ("pandas", "open", 'pandas[excel] >= 2 ; python_version > "3.8"'),
                ("numpy", "exact", "numpy==2.1.0"),
                ("", "none", "./own"),
                ("requests", "none", "requests"),
            ],
        ),
        (
            "conda",
            CONDA,
            [
                ("python", "bounded", "python=3.11"),
                ("numpy", "open", "numpy>=1.26"),
                ("pip", "none", "pip"),
                ("xgboost", "none", "xgboost"),
                ("torch", "exact", "torch==2.4.1"),
                ("einops", "none", "einops"),
            ],
        ),
        (
            "toml",
            TOML,
            [
                ("httpx", "none", "httpx[http2]"),
                ("numpy", "open", "numpy>=1.26"),
                ("pytest", "none", "pytest"),
                ("rich", "none", "*"),
                ("flask", "bounded", "flask"),
                ("boto3", "none", "*"),
                ("tool", "none", 'tool = {git = "https://h/o/r", branch = "main"}'),
                ("wheel", "none", "https://h/w.whl"),
                ("mypy", "none", "mypy"),
                ("ruff", "bounded", "ruff<1"),
                ("uvicorn", "exact", "uvicorn==1.0"),
            ],
        ),
    ],
)
def test_manifest(language: str, source: str, expected: list[tuple[str, str, str]]) -> None:
    found = manifests(Text("file", language, source))
    assert [
        (t.requirement.name, t.requirement.pin, source[t.span.start : t.span.end])
        for listed in found
        for t in listed.targets
    ] == expected


def test_manifest_hashes_and_options() -> None:
    (found,) = manifests(Text("file", "requirements", REQUIREMENTS))
    assert [target.requirement.name for target in found.targets if target.hashed] == ["numpy"]
    assert found.has("--extra-index-url", "-r")


def test_no_manifest() -> None:
    assert manifests(Text("source", "python", "numpy")) == ()


def test_a_pyproject_without_sections_lists_nothing() -> None:
    (found,) = manifests(Text("file", "toml", 'name = "x"\ndependencies = ["flask"]\n'))
    assert found.targets == ()


def test_pip_in_an_environment_file_reads_as_a_requirements_file() -> None:
    source = (
        "channels: [http://h/c]\n"
        "dependencies:\n"
        "  - numpy\n"
        "  - pip:\n"
        "    - --extra-index-url https://h/s\n"
        "    - -e git+https://h/o/r#egg=tool\n"
    )
    conda, pip = manifests(Text("file", "conda", source))
    assert (conda.tool, pip.tool) == ("conda", "requirements")
    assert [(option.name, option.value) for option in conda.options] == [
        ("--channel", "http://h/c")
    ]
    assert [target.requirement.name for target in conda.targets] == ["numpy"]
    assert [option.name for option in pip.options] == ["--extra-index-url", "-e"]
    assert [target.requirement.name for target in pip.targets] == ["tool"]


def test_an_environment_file_with_its_lists_in_one_line() -> None:
    source = "dependencies: [python=3.12, 'numpy']  # few\n"
    conda, _ = manifests(Text("file", "conda", source))
    places = [source[t.span.start : t.span.end] for t in conda.targets]
    assert places == ["python=3.12", "numpy"]
