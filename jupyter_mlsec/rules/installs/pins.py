"""Rules about versions: what is installed without one, and what undoes one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.rule import Bad, Good
from jupyter_mlsec.core.shell import written_file
from jupyter_mlsec.rules.installs.command_line import Install, Target
from jupyter_mlsec.rules.installs.family import (
    IN_COMMANDS,
    INSTALL,
    INSTALL_COMMAND,
    INSTALLERS,
    MANIFESTS,
    WRITTEN_MANIFEST,
    installs,
    only_installers,
    pinned,
    replacement,
    rule,
)
from jupyter_mlsec.rules.installs.manifests import manifests

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import Context, View

_CONSTRAINED = ("-c", "--constraint", "--constraints", "--exclude-newer", "--no-index")
_REFERENCES = ("CWE-1357", "CWE-829", "ML06", "AML.T0010.001")


def _pinned_in(context: Context) -> frozenset[str]:
    """The packages to which a requirements file that the document itself writes gives a version."""
    names: set[str] = set()
    for text in context.marked(WRITTEN_MANIFEST.tag):
        written = written_file(text)
        for listed in manifests(written) if written else ():
            names.update(t.requirement.name for t in listed.targets if t.requirement.pin == "exact")
    return frozenset(names)


def _loose(view: View) -> Iterator[tuple[Install, Target]]:
    """Packages on command lines whose version nothing fixes, with the commands."""
    for found in installs(view):
        constrained = found.tool != "conda" and found.has(*_CONSTRAINED)
        if found.command is None or constrained or only_installers(found):
            continue
        for target in found.targets:
            if target.requirement.kind != "package" or target.requirement.pin == "exact":
                continue
            if target.requirement.name not in view.context.once(_pinned_in):
                yield found, target


def _redirects(view: View, found: Install, target: Target) -> bool:
    """Whether the shell takes the bound for a redirection: `pip install numpy>=1.2`."""
    start, end = target.span
    written = view.source[start:end]
    if found.command is None or written != target.raw or not ("<" in written or ">" in written):
        return False
    quoted = view.source[start - 1 : start] in ("'", '"') and view.source[end : end + 1] in (
        "'",
        '"',
    )
    return not quoted


@rule(
    "unpinned-install",
    "A package is installed without an exact version",
    severity=Severity.MEDIUM,
    hints=INSTALL,
    languages=IN_COMMANDS,
    references=_REFERENCES,
    aggregate="{count} packages are installed without an exact version: {subjects}. Pin each "
    "with ==, or install from a lock file",
    examples=(
        Bad("%pip install transformers", at="transformers"),
        Bad("!pip install -q 'datasets[audio]' torch==2.4.1", at="'datasets[audio]'"),
        Bad("!pip install numpy>=1.26", at="numpy>=1.26", fixed='!pip install "numpy>=1.26"'),
        Bad("!conda install -y -c conda-forge xgboost", at="xgboost"),
        Bad('subprocess.run(["pip", "install", "einops"])\nimport subprocess', at="einops"),
        Bad("FROM scratch\nRUN pip install \\\n    flask", at="flask", language="dockerfile"),
        Good("%pip install transformers==4.43.1", because="the version is exact"),
        Good("%pip install 'keras~=3.4.0'", because="the range is bounded on both sides"),
        Good("!pip install -r requirements.txt", because="the file is looked at by itself"),
        Good("!pip install -c constraints.txt torch", because="the constraints fix the version"),
        Good("!pip install -e . ./wheels/own.whl", because="what is installed is at hand"),
        Good("!pip install -U pip setuptools", because="only the installer itself is renewed"),
        Good("# !pip install torch", because="a comment runs nothing"),
        Good("!sudo apt-get install -y graphviz", because="system packages are no Python packages"),
    ),
)
def unpinned_install(view: View) -> Iterator[Hit]:
    """Without a version, each run installs whatever was published last. A release that breaks the
    notebook, or one that an attacker published this morning, comes in unseen, and nobody can
    rerun the notebook as it was.

    Ranges that are bounded on both sides (`~=1.4`, `>=1,<2`, conda's `=1.4`) are left alone.
    Commands that only renew pip, setuptools and wheel are not reported: they are how one gets an
    installer that checks hashes, and the notebook computes nothing with them; beside other
    packages they are. A bound that is not quoted (`pip install numpy>=1.26`) counts as none,
    since the shell takes the `>` for a redirection into a file named `=1.26`.

    The fix pins to the version in the environment or the requirements file that was named.
    """
    for found, target in _loose(view):
        name = target.requirement.label
        if _redirects(view, found, target):
            fix = pinned(view, target) or replacement(
                view, target, f'"{target.raw}"', "quote the requirement", safe=False
            )
            message = f"{name} is installed without a version: the shell reads the unquoted < or "
            message += "> as a redirection; put the requirement in quotes"
            yield Hit(target.span, message, fix, subject=name)
        elif target.requirement.pin == "none":
            message = f"{name} is installed without an exact version: each run takes the newest "
            message += f"release; pin it as {target.requirement.written}==<version>"
            yield Hit(target.span, message, pinned(view, target), subject=name)


@rule(
    "open-ended-install",
    "A package has a lower version bound and no upper one",
    severity=Severity.LOW,
    hints=INSTALL,
    languages=(*IN_COMMANDS, "requirements", "conda"),
    references=_REFERENCES,
    aggregate="{count} packages have a lower version bound and no upper one: {subjects}. Pin "
    "each with ==, or add an upper bound",
    examples=(
        Bad('%pip install "torch>=2.0"', at='"torch>=2.0"'),
        Bad("numpy>=1.26\npandas==2.2.2\n", at="numpy>=1.26", language="requirements"),
        Good('%pip install "torch>=2.0,<3"', because="there is an upper bound"),
        Good("numpy~=1.26.0\n", because="~= bounds both sides", language="requirements"),
        Bad("!pip install 'pandas>2'", at="'pandas>2'"),
        Bad(
            "dependencies:\n  - numpy>=1.26\n",
            at="numpy>=1.26",
            language="conda",
        ),
        Good('%pip install "torch==2.4.1"', because="one version"),
        Good("!pip install 'pandas<3'", because="an upper bound alone"),
    ),
)
def open_ended_install(view: View) -> Iterator[Hit]:
    """`>=1.0` takes every later release, the next major version with its changed behaviour
    included. It protects from releases that are too old, not from new ones.

    Not looked at in pyproject.toml, where a library has good reason for open ranges.
    """
    commands = ((f, t) for f, t in _loose(view) if not _redirects(view, f, t))
    listed = ((f, t) for f in installs(view) if f.tool in MANIFESTS for t in f.targets)
    for _, target in (*commands, *listed):
        if target.requirement.pin == "open":
            name = target.requirement.label
            message = f"{name} has no upper version bound: each run takes the newest release; "
            message += f"pin it as {target.requirement.written}==<version>"
            yield Hit(target.span, message, pinned(view, target), subject=name)


@rule(
    "requirements-file-unpinned",
    "A requirements or environment file lists packages without an exact version",
    severity=Severity.MEDIUM,
    hints=(WRITTEN_MANIFEST,),
    languages=("python", *MANIFESTS),
    references=("CWE-1357", "ML06"),
    aggregate="{count} requirements have no version: {subjects}. Pin each with ==, or compile "
    "a lock file",
    examples=(
        Bad("torch==2.4.1\nnumpy\n", at="numpy", language="requirements"),
        Bad("%%writefile requirements.txt\nboto3\npandas==2.2.2\n", at="boto3"),
        Bad("dependencies:\n  - python=3.11\n  - xgboost\n", at="xgboost", language="conda"),
        Bad('[project]\ndependencies = ["httpx"]\n', at="httpx", language="toml"),
        Good("numpy==2.1.0 \\\n    --hash=sha256:00\n", because="pinned", language="requirements"),
        Good(
            "dependencies:\n  - python=3.11\n  - pip\n  - pip:\n      - einops==0.8.0\n",
            because="conda needs pip itself for pip's requirements",
            language="conda",
        ),
        Good(
            '[build-system]\nrequires = ["hatchling"]\n',
            because="build tools are no dependencies of the code",
            language="toml",
        ),
        Good("# numpy\ntorch==2.4.1\n", because="a comment", language="requirements"),
    ),
)
def requirements_file_unpinned(view: View) -> Iterator[Hit]:
    """A requirements file without versions names what the author happened to have, not what
    everyone else will get. It is also what a deployment installs.

    In pyproject.toml only names without any bound are reported, and as low: a library rightly
    leaves the exact version to whoever deploys it.
    """
    for found in installs(view):
        if found.tool not in MANIFESTS or found.has("-c", "--constraint", "--no-index"):
            continue
        lowered = Severity.LOW if found.tool == "toml" else None
        for target in found.targets:
            requirement = target.requirement
            if found.tool == "conda" and requirement.name in INSTALLERS:
                continue  # conda asks for a plain `pip` beside `pip:` requirements
            if requirement.kind == "package" and requirement.pin == "none":
                message = f"{requirement.label} is listed without a version; pin it as "
                message += f"{requirement.written}==<version>, or compile a lock file"
                fix = pinned(view, target)
                yield Hit(target.span, message, fix, subject=requirement.label, severity=lowered)


@rule(
    "unhashed-install",
    "A pinned package is installed without a hash",
    severity=Severity.INFO,
    hints=INSTALL,
    languages=(*IN_COMMANDS, "requirements"),
    references=("CWE-353", "CWE-494", "ML06", "AML.T0010.001"),
    aggregate="{count} pinned packages are installed without a hash: {subjects}. Install from a "
    "lock file with --require-hashes",
    default=False,
    examples=(
        Bad("%pip install torch==2.4.1", at="torch==2.4.1"),
        Bad("numpy==2.1.0\n", at="numpy==2.1.0", language="requirements"),
        Good(
            "numpy==2.1.0 --hash=sha256:00\n",
            because="pip refuses any other file",
            language="requirements",
        ),
        Good("%pip install --require-hashes -r lock.txt", because="hashes are required"),
        Bad("!uv pip install torch==2.4.1", at="torch==2.4.1"),
        Bad("RUN pip install torch==2.4.1\n", at="torch==2.4.1", language="dockerfile"),
        Good("%pip install torch", because="it has no version to hash: another rule's"),
        Good("!conda install numpy=1.26", because="conda compares digests itself"),
    ),
)
def unhashed_install(view: View) -> Iterator[Hit]:
    """A version fixes the name of what is installed, a hash its content. With hashes, an index or
    a mirror that serves another file under the same version is found out.

    For teams that install from lock files; a command line can't hold hashes.
    """
    for found in installs(view):
        if found.tool in ("conda", "toml") or found.has("--require-hashes"):
            continue
        for target in found.targets:
            if target.requirement.pin == "exact" and not target.hashed:
                name = target.requirement.label
                message = f"{name} is pinned but not hashed; install from a lock file with "
                message += "--require-hashes"
                yield Hit(target.span, message, subject=name)


_UPGRADES = ("-U", "--upgrade", "--pre", "--upgrade-package", "-P", "--prerelease")


@rule(
    "upgrade-flag-defeats-pin",
    "An install upgrades packages whose version is not fixed",
    severity=Severity.LOW,
    hints=INSTALL_COMMAND,
    languages=IN_COMMANDS,
    references=("CWE-1357", "ML06"),
    aggregate="Installs upgrade packages whose version is not fixed ({subjects}): each run takes "
    "the newest release",
    examples=(
        Bad(
            "%pip install -U transformers",
            at="-U",
            fixed="%pip install transformers",
        ),
        Bad("!pip install -qU datasets", at="-qU", fixed="!pip install -q datasets"),
        Good("%pip install -U transformers==4.43.1", because="the version is exact"),
        Good("!pip install --upgrade pip", because="only the installer itself is renewed"),
        Bad("%pip install datasets --upgrade", at="--upgrade", fixed="%pip install datasets"),
        Bad("!pip install --pre torch", at="--pre", fixed="!pip install torch"),
        Good("%pip install transformers", because="nothing is upgraded"),
        Good("!apt-get upgrade", because="no Python package"),
    ),
)
def upgrade_flag_defeats_pin(view: View) -> Iterator[Hit]:
    """`--upgrade` replaces even a version that the environment already fixed, and `--pre` takes
    releases that are not finished: the same cell gives another environment on each run.

    The fix drops the flag, so that what is installed stays; unsafe, because the cell may rely on
    a newer version than that.
    """
    for found in installs(view):
        loose = [
            t.requirement.label
            for t in found.targets
            if t.requirement.kind == "package" and t.requirement.pin in ("none", "open")
        ]
        if found.command is None or not loose or only_installers(found):
            continue
        for option in found.options:
            if option.name in _UPGRADES and option.value not in ("if-necessary", "disallow"):
                message = f"{option.name} takes the newest release on each run; pin the version"
                fix = _without(view, option.name, option.span)
                yield Hit(option.span, message, fix, subject=" ".join(loose))
                break


def _without(view: View, flag: str, span: Span) -> Fix | None:
    """The fix that drops a flag, out of a cluster such as `-qU` too."""
    written = view.source[span.start : span.end]
    title = f"drop {flag}"
    if re.fullmatch(r"-[A-Za-z]{2,}", written):
        edit = Edit(span, written.replace(flag[1], "", 1), view.text.cell)
        return Fix((edit,), False, title)
    if written != flag:
        return None
    last = view.source[span.end : span.end + 1] != " "
    place = Span(span.start - 1, span.end) if last else Span(span.start, span.end + 1)
    return Fix((Edit(place, "", view.text.cell),), False, title)
