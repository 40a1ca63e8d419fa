"""Rules about where packages come from: repositories, URLs, indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good
from jupyter_mlsec.rules.installs.command_line import Install, Option
from jupyter_mlsec.rules.installs.family import EVERYWHERE, INSTALL, installs, rule, span_of

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_COMMIT = lazy(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_COMMIT_PREFIX = lazy(r"[0-9a-f]{7,39}")
_REPOSITORY = lazy(r"(?:\w+\+)?(?:\w+://)?(?:[^/@]*@)?[^/:]+[/:]([^#]*)")
_HASHED = lazy(r"#.*\bsha(?:256|384|512)=[0-9a-fA-F]{64,}")
_LOOPBACK = lazy(r"http://(?:localhost|127\.|\[::1\]|0\.0\.0\.0)")
_INDEXES = frozenset(
    "-i --index-url --pypi-url --extra-index-url --default-index --index -f --find-links"
    " -c --channel -r --requirement --constraint".split()
)
_TRUSTING = ("--trusted-host", "--allow-insecure-host")


def _reference(url: str) -> str:
    """The branch, tag or commit in `git+https://host/owner/name.git@reference#egg=name`."""
    path = _REPOSITORY.match(url)
    return path[1].partition("@")[2] if path else ""


def _name(url: str) -> str:
    """The last part of a repository's path, without `.git`."""
    path = _REPOSITORY.match(url)
    whole = path[1].partition("@")[0] if path else url
    return whole.rstrip("/").rpartition("/")[2].removesuffix(".git")


@rule(
    "vcs-install-mutable-ref",
    "A package is installed from a repository without a commit",
    severity=Severity.HIGH,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-494", "ML06", "AML.T0010.001"),
    aggregate="{count} packages are installed from repositories without a full commit: {subjects}",
    examples=(
        Bad(
            "!pip install -q git+https://github.com/acme/tool.git",
            at="git+https://github.com/acme/tool.git",
        ),
        Bad(
            '%pip install "tool @ git+https://github.com/acme/tool@v1.2"',
            at='"tool @ git+https://github.com/acme/tool@v1.2"',
        ),
        Bad(
            "tool @ git+ssh://git@github.com/acme/tool\n",
            at="tool @ git+ssh://git@github.com/acme/tool",
            language="requirements",
        ),
        Good(
            f"!pip install git+https://github.com/acme/tool@{'0a1b2c3d' * 5}#egg=tool",
            because="a full commit can't be moved",
        ),
        Good("!pip install git+file:///srv/tool", because="the repository is on this machine"),
        Bad(
            "!pip install https://github.com/acme/tool/archive/main.zip git+https://acme.dev/x@dev",
            at="git+https://acme.dev/x@dev",
        ),
        Good("!git clone https://github.com/acme/tool", because="nothing is installed from it"),
        Good("# pip install git+https://github.com/acme/tool", because="a comment"),
    ),
)
def vcs_install_mutable_ref(view: View) -> Iterator[Hit]:
    """Whoever can push to the repository, or takes over its account, decides what runs here at
    the next install: a branch moves on and a tag can be moved. Only the full 40-digit commit
    names one content. A shortened commit is reported as low.
    """
    for found in installs(view):
        for target in found.targets:
            requirement = target.requirement
            if requirement.kind != "vcs" or "+file:" in requirement.url:
                continue
            reference = _reference(requirement.url)
            if _COMMIT.fullmatch(reference):
                continue
            what = f"{reference} may move" if reference else "the default branch moves"
            short = _COMMIT_PREFIX.fullmatch(reference)
            name = requirement.label or _name(requirement.url)
            message = (
                f"{name} is installed from a repository, and {what}; add @ and the full commit"
            )
            severity = Severity.LOW if short else None
            yield Hit(target.span, message, subject=name, severity=severity)


@rule(
    "url-or-wheel-install-unhashed",
    "A package or a requirements file is taken from a URL without a hash",
    severity=Severity.HIGH,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-494", "ML06"),
    examples=(
        Bad(
            "%pip install https://files.example.org/tool-1.2-py3-none-any.whl",
            at="https://files.example.org/tool-1.2-py3-none-any.whl",
        ),
        Bad(
            "!pip install -r https://example.org/requirements.txt",
            at="https://example.org/requirements.txt",
        ),
        Good(
            f"%pip install https://files.example.org/tool-1.2.tar.gz#sha256={'0a1b2c3d' * 8}",
            because="pip compares the hash",
        ),
        Good("%pip install ./tool-1.2-py3-none-any.whl", because="the file is at hand"),
        Bad(
            "!uv pip install https://example.org/tool.tar.gz",
            at="https://example.org/tool.tar.gz",
        ),
        Bad(
            "tool @ https://example.org/tool-1.2.zip\n",
            at="tool @ https://example.org/tool-1.2.zip",
            language="requirements",
        ),
        Good("!wget https://example.org/tool-1.2.tar.gz", because="nothing is installed"),
        Good("%pip install -r requirements.txt", because="the file is at hand"),
    ),
)
def url_or_wheel_install_unhashed(view: View) -> Iterator[Hit]:
    """A file behind a URL can be replaced at any time, and unlike an index a web server or bucket
    keeps no record that it was. With `#sha256=…` pip refuses any other content.

    A GitHub archive of a full commit counts as fixed.
    """
    for found in installs(view):
        for target in found.targets:
            url = target.requirement.url
            if target.requirement.kind == "url" and not (target.hashed or _fixed(url)):
                message = "installed from a URL whose content may change; add #sha256= and the hash"
                yield Hit(target.span, message)
        for option in found.options:
            remote = re.match(r"(?:https?|s3|gs)://", option.value)
            if option.name in ("-r", "--requirement") and remote and not _fixed(option.value):
                message = "the requirements are read from a URL whose content may change; keep "
                message += "the file beside the notebook"
                yield Hit(span_of(view, option.value, option.span), message)


def _fixed(url: str) -> bool:
    return bool(_HASHED.search(url)) or any(_COMMIT.fullmatch(p) for p in re.split(r"[/.]", url))


@rule(
    "plain-http-index-or-url",
    "Packages are fetched without encryption or without checking the server",
    severity=Severity.HIGH,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-319", "CWE-494", "ML06"),
    examples=(
        Bad(
            "!pip install --index-url http://packages.example.org/simple tool==1.2",
            at="http://packages.example.org/simple",
            fixed="!pip install --index-url https://packages.example.org/simple tool==1.2",
        ),
        Bad(
            "%pip install --trusted-host packages.example.org tool==1.2",
            at="--trusted-host packages.example.org",
        ),
        Good(
            "!pip install -i http://localhost:3141/simple tool==1.2",
            because="the connection does not leave the machine",
        ),
        Good("!pip install -i https://packages.example.org/simple tool==1.2", because="https"),
        Bad(
            "%pip install http://example.org/tool-1.2.tar.gz",
            at="http://example.org/tool-1.2.tar.gz",
            fixed="%pip install https://example.org/tool-1.2.tar.gz",
        ),
        Bad(
            "--find-links http://example.org/wheels\ntool==1.2\n",
            at="http://example.org/wheels",
            fixed="--find-links https://example.org/wheels\ntool==1.2\n",
            language="requirements",
        ),
        Good("!curl -s http://example.org/a.json", because="no package"),
        Good("%pip install --trusted-host localhost tool==1.2", because="this machine"),
    ),
)
def plain_http_index_or_url(view: View) -> Iterator[Hit]:
    """Anyone on the way (a shared Wi-Fi, a proxy) can replace what plain http delivers, and an
    installed package is code that runs. `--trusted-host` turns the check of the server's
    certificate off, which comes to the same.
    """
    for found in installs(view):
        for target in found.targets:
            if "http://" in target.requirement.url:
                yield from _plain(view, target.requirement.url, target.span)
        for option in found.options:
            if option.name in _INDEXES:
                yield from _plain(view, option.value, option.span)
        trusting = next((o for o in found.options if o.name in _TRUSTING), None)
        if trusting and trusting.value.partition(":")[0] not in ("localhost", "127.0.0.1"):
            message = f"{trusting.name} accepts any server that claims to be {trusting.value}; "
            message += "install its certificate instead"
            yield Hit(trusting.span, message)


def _plain(view: View, url: str, within: Span) -> Iterator[Hit]:
    start = url.find("http://")
    if start < 0 or _LOOPBACK.match(url, start):
        return
    span = span_of(view, url[start:], within)
    fix = None
    if view.source.startswith("http://", span.start):
        edit = Edit(Span(span.start, span.start + len("http")), "https", view.text.cell)
        fix = Fix((edit,), False, "use https")
    yield Hit(span, "packages are fetched over plain http, which can be altered on the way", fix)


@rule(
    "extra-index-dependency-confusion",
    "An extra index is mixed with the default one",
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    hints=INSTALL,
    languages=EVERYWHERE,
    references=("CWE-427", "CWE-1357", "ML06", "AML.T0010.001"),
    examples=(
        Bad(
            "!pip install --extra-index-url https://packages.example.org/simple tool==1.2",
            at="--extra-index-url https://packages.example.org/simple",
        ),
        Good(
            "!pip install --index-url https://packages.example.org/simple tool==1.2",
            because="there is one index",
        ),
        Good(
            "!pip install torch==2.0.1+cu117 --extra-index-url https://packages.example.org/cu117",
            because="public indexes refuse local versions (+cu117): it can only be this one's",
        ),
        Good(
            "!uv pip install --extra-index-url https://packages.example.org/simple tool==1.2",
            because="uv takes a package from the first index that knows its name",
        ),
        Bad(
            "%pip install tool==1.2 --extra-index-url=https://packages.example.org/simple",
            at="--extra-index-url=https://packages.example.org/simple",
        ),
        Bad(
            "RUN pip install --extra-index-url https://packages.example.org/simple tool==1.2\n",
            at="--extra-index-url https://packages.example.org/simple",
            language="dockerfile",
        ),
        Bad(
            "--extra-index-url https://packages.example.org/simple\ntool==1.2\n",
            at="--extra-index-url https://packages.example.org/simple",
            language="requirements",
        ),
        Good("# --extra-index-url https://packages.example.org/simple", because="a comment"),
    ),
)
def extra_index_dependency_confusion(view: View) -> Iterator[Hit]:
    """pip treats all indexes alike and installs the highest version that any of them offers.
    Whoever registers the name of an internal package on the public index, with a higher version,
    has it installed instead (dependency confusion). With `--index-url` alone, or an index that is
    tied to its packages (uv's `explicit = true`), that can't happen.

    PyTorch's own index is public, and reported as medium.
    """
    for found in installs(view):
        for option in found.options:
            if option.name == "--extra-index-url" and _mixes(found, option):
                public = "pytorch.org/whl" in option.value
                message = "the highest version from any index is installed, so anyone can stand in "
                message += "for a package of this index on the public one; use --index-url alone"
                yield Hit(option.span, message, severity=Severity.MEDIUM if public else None)


def _mixes(found: Install, option: Option) -> bool:
    if found.tool in ("uv", "conda"):
        return any(o.name == "--index-strategy" and "unsafe" in o.value for o in found.options)
    packages = [t for t in found.targets if t.requirement.kind == "package"]
    local = [re.search(r"===?[^,]*\+\w", t.raw) for t in packages]
    return bool(option.value) and not (local and all(local)) and not found.has("--no-index")
