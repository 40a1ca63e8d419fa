"""Rules about where packages and code come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_mlsec.core.model import Hit, Severity
from jupyter_mlsec.rules.installs import names

Check = Callable[..., list[Hit]]
COMMIT = "0a1b2c3d" * 5
SHA256 = "0a1b2c3d" * 8


@pytest.mark.parametrize(
    ("rule", "source", "count"),
    [
        ("vcs-install-mutable-ref", "!pip install git+https://me@h/o/r.git", 1),
        ("vcs-install-mutable-ref", "!pip install git+https://h/o/r@main#egg=r", 1),
        ("vcs-install-mutable-ref", "!pip install -e git+https://h/o/r", 1),
        ("vcs-install-mutable-ref", "!uv add git+https://h/o/r", 1),
        ("vcs-install-mutable-ref", f"!pip install git+https://me@h/o/r.git@{COMMIT}", 0),
        ("vcs-install-mutable-ref", f"!pip install 'r @ git+ssh://git@h/o/r@{COMMIT}'", 0),
        ("vcs-install-mutable-ref", "!pip install git+https://h/o/r@{sha}", 0),
        ("url-or-wheel-install-unhashed", "!pip install https://h/x.whl", 1),
        ("url-or-wheel-install-unhashed", f"!pip install https://h/x.whl#sha256={SHA256}", 0),
        ("url-or-wheel-install-unhashed", f"!pip install https://h/o/r/archive/{COMMIT}.zip", 0),
        ("url-or-wheel-install-unhashed", "!pip install https://h/o/r/archive/main.zip", 1),
        ("url-or-wheel-install-unhashed", "!pip install ./x.whl", 0),
        ("url-or-wheel-install-unhashed", "!pip install -f https://h/wheels x", 0),
        ("plain-http-index-or-url", "!pip install -i http://h/simple x", 1),
        ("plain-http-index-or-url", "!pip install --index-url=http://h/simple x", 1),
        ("plain-http-index-or-url", "!pip install http://h/x.whl", 1),
        ("plain-http-index-or-url", "!pip install git+http://h/o/r", 1),
        ("plain-http-index-or-url", "!pip install --trusted-host a --trusted-host b x", 1),
        ("plain-http-index-or-url", "!pip install -i http://127.0.0.1:3141/simple x", 0),
        ("plain-http-index-or-url", "!pip install -i https://h/simple x", 0),
        ("plain-http-index-or-url", "!pip install --proxy http://h:3128 x", 0),
        ("extra-index-dependency-confusion", "!pip install --extra-index-url=https://h/s x", 1),
        ("extra-index-dependency-confusion", "!pip install -i https://h/s x", 0),
        ("extra-index-dependency-confusion", "!pip install --extra-index-url $URL x", 1),
        ("curl-pipe-shell", "!curl https://h/i | sudo -E bash -", 1),
        ("curl-pipe-shell", "!curl https://h/i | tee i.sh | sh -s -- -y", 1),
        ("curl-pipe-shell", "!wget -qO- https://h/i.py | python3", 1),
        ("curl-pipe-shell", "!bash <(curl -s https://h/i)", 1),
        ("curl-pipe-shell", '!eval "$(curl -s https://h/i)"', 1),
        ("curl-pipe-shell", "import os\nos.system('curl https://h/i | sh')", 1),
        ("curl-pipe-shell", "!curl https://h/i | tar xz && bash run.sh", 0),
        ("curl-pipe-shell", "!curl https://h/i | python -c 'import json'", 0),
        ("curl-pipe-shell", "!curl https://h/i -o i.sh; bash", 0),
        ("curl-pipe-shell", '!echo "$(curl https://h/i)"', 0),
        ("curl-pipe-shell", "!curl https://h/key | apt-key add -", 0),
        ("git-clone-unpinned", "!git clone https://h/o/r", 1),
        ("git-clone-unpinned", "!git clone https://h/o/r\n!git -C r reset --hard 0a1b2c3d4", 0),
        ("git-clone-unpinned", "!git clone https://h/o/r && git checkout main", 1),
        ("git-clone-unpinned", "!git clone /srv/r", 0),
        ("git-clone-unpinned", "import os\nos.system('git clone https://h/o/r')", 1),
        ("remote-module-execution", 'import torch\ntorch.hub.load(repo, "m")', 0),
        ("remote-module-execution", 'from torch.hub import load\nload("o/r", "m")', 1),
        ("remote-module-execution", 'exec(open("x.py").read())', 0),
    ],
)  # fmt: skip
def test_notebook(check: Check, rule: str, source: str, count: int) -> None:
    hits = check(rule, source)
    assert len(hits) == count, [hit.message for hit in hits]


@pytest.mark.parametrize(
    ("rule", "source", "severity"),
    [
        ("vcs-install-mutable-ref", "!pip install git+https://h/o/r@0a1b2c3", Severity.LOW),
        ("git-clone-unpinned", "!git clone --branch v1 https://h/o/r", Severity.LOW),
        ("remote-module-execution", 'import torch\ntorch.hub.load("o/r:v1", "m")', Severity.MEDIUM),
    ],
)
def test_lowered(check: Check, rule: str, source: str, severity: Severity) -> None:
    (hit,) = check(rule, source)
    assert hit.severity == severity


@pytest.mark.parametrize(
    ("cells", "file"),
    [
        (("!wget https://h/a/u.py", "%run u.py"), "u.py"),
        (("!wget https://h/a/u.py -O v.py", "import v"), "v.py"),
        (("!curl -O https://h/s.sh", "!chmod +x s.sh && ./s.sh"), "s.sh"),
        (("!curl https://h/s > s.sh", "%%bash\nsource s.sh"), "s.sh"),
        (("!wget https://h/a/u.py", "print('u.py')"), None),
        (("!wget https://h/data.zip", "!unzip data.zip"), None),
        (("!curl https://h/s.sh", "!bash s.sh"), None),
        (("%run u.py", "!wget https://h/a/u.py"), None),
        (("!wget https://h/u.py", "%run u.py", "!sha256sum -c u.sum"), None),
    ],
)
def test_fetched_code(check: Check, cells: tuple[str, ...], file: str | None) -> None:
    found = [
        hit.subject
        for number in range(len(cells))
        for hit in check("shell-fetched-code-executed", *cells, at=number)
    ]
    assert found == ([file] if file else [])


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("reqeusts", "requests"),
        ("request", "requests"),
        ("tokenziers", "tokenizers"),
        ("transfomers", "transformers"),
        ("tensorfow", "tensorflow"),
        ("panda", None),
        ("numppy", "numpy"),
        ("torhc", "torch"),
        ("torch", None),
        ("scikit-learn", None),
        ("nvidia-cublas-cu11", None),  # a digit is no slip of the keyboard
        ("xy", None),
        ("my-own-package", None),
    ],
)
def test_mistaken_for(name: str, known: str | None) -> None:
    found = names.mistaken_for(name)
    assert found == known


def test_popular_names() -> None:
    ranks = names.popular()
    assert len(ranks) > 14_000
    assert all(ranks[name] < 500 for name in ("numpy", "requests", "pandas", "torch"))
    assert all(name == name.lower() and "_" not in name for name in ranks)


def test_import_names_are_no_typos() -> None:
    assert not any(names.mistaken_for(name) for name in names.PROJECT_OF_IMPORT)
    assert all(
        project.lower() not in names.PROJECT_OF_IMPORT
        for project in names.PROJECT_OF_IMPORT.values()
    )


@pytest.mark.parametrize(
    ("language", "source", "rule", "fixed"),
    [
        (
            "conda",
            "dependencies:\n  - numpy=1.2\n  - pip:\n    - sklearn==1\n",
            "import-name-not-package-name",
            "scikit-learn==1",
        ),
        (
            "toml",
            "[tool.poetry.dependencies]\ntokenziers = '^1'\n",
            "typosquat-or-unknown-name",
            "tokenizers",
        ),
        (
            "toml",
            "[tool.poetry.dependencies]\ntokenziers = '*'\n",
            "typosquat-or-unknown-name",
            None,
        ),
        (
            "toml",
            "[project]\noptional-dependencies.a = ['reqeusts==2']\n",
            "typosquat-or-unknown-name",
            "requests==2",
        ),
        ("conda", "dependencies:\n  - opencv\n", "import-name-not-package-name", "none"),
        ("toml", "[build-system]\nrequires = ['numpy']\n", "typosquat-or-unknown-name", "none"),
    ],
)
def test_names_in_files(
    check: Check, language: str, source: str, rule: str, fixed: str | None
) -> None:
    hits = check(rule, source, language=language)
    fixes = [hit.fix.edits[0].text if hit.fix else None for hit in hits]
    assert fixes == ([] if fixed == "none" else [fixed])


@pytest.mark.parametrize(
    ("language", "source", "rule"),
    [
        ("conda", "channels:\n  - http://h/c\n", "plain-http-index-or-url"),
        ("toml", '[[tool.uv.index]]\nurl = "http://h/s"\n', "plain-http-index-or-url"),
        ("toml", "[[tool.poetry.source]]\nurl = 'http://h/s'\n", "plain-http-index-or-url"),
        (
            "conda",
            "dependencies:\n  - pip:\n    - --extra-index-url https://h/s\n    - a==1\n",
            "extra-index-dependency-confusion",
        ),
        (
            "toml",
            "[tool.poetry.dependencies]\na = {url = 'https://h/a.whl'}\n",
            "url-or-wheel-install-unhashed",
        ),
    ],
)
def test_sources_in_files(check: Check, language: str, source: str, rule: str) -> None:
    assert len(check(rule, source, language=language)) == 1


DOCKERFILE = f"""\
ARG VERSION=3.12
FROM python:$VERSION-slim AS base
FROM base
FROM --platform=$X registry:5000/own@sha256:{SHA256}
FROM registry:5000/own
"""


def test_dockerfile(check: Check) -> None:
    hits = check("dockerfile-unpinned-base", DOCKERFILE, language="dockerfile")
    places = [DOCKERFILE[hit.span.start : hit.span.end] for hit in hits]
    assert places == ["python:$VERSION-slim", "registry:5000/own"]
    assert [hit.severity for hit in hits] == [Severity.LOW, None]


WORKFLOW = f"""\
steps:
  - uses: actions/checkout@v4
  - uses: acme/a/sub@main  # comment
  - uses: acme/b@{COMMIT}
  - uses: ./own
  - uses: "docker://alpine:3"
  - uses: docker://alpine@sha256:{SHA256}
"""


def test_actions(check: Check) -> None:
    hits = check("mutable-action-reference", WORKFLOW, language="actions")
    found = [(WORKFLOW[hit.span.start : hit.span.end], hit.severity) for hit in hits]
    assert found == [
        ("actions/checkout@v4", Severity.LOW),
        ("acme/a/sub@main", None),
        ("docker://alpine:3", None),
    ]
