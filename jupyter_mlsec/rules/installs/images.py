"""Rules about images and actions that a name alone does not fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.core.shell import docker_variables, instructions, written_file
from jupyter_mlsec.rules.installs.family import rule

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

_FROM = lazy(r"(?:--platform=\S+\s+)?(?P<image>[^\s#]+)(?:\s+[Aa][Ss]\s+(?P<stage>\S+))?")
_VARIABLE = lazy(r"\$\{?(\w+)(?::-[^}]*)?\}?")
_ADDED_URL = lazy(r"https?://[^\s\"',\]]+")
_USER = lazy(r"\s*(\w+)")
_DIGEST = "0a1b2c3d" * 8


@rule(
    "dockerfile-unpinned-base",
    "A base image is not pinned to a digest",
    severity=Severity.MEDIUM,
    hints=(
        Hint(
            "docker-from",
            # in lower case only where no `import` follows
            r"^[ \t]*(?:FROM[ \t]+[\w$-]|from[ \t]+[^ \t\n]+(?:[ \t]+as[ \t]+[^ \t\n]+)?[ \t\r]*$)",
            literals=("from ", "from\t"),
        ),
    ),
    languages=("dockerfile", "python"),
    references=("CWE-829", "ML06"),
    examples=(
        Bad("FROM python:latest\n", at="python:latest", language="dockerfile"),
        Bad("%%writefile Dockerfile\nFROM --platform=linux/amd64 python\n", at="python"),
        Bad("FROM python:3.12-slim\n", at="python:3.12-slim", language="dockerfile"),
        Good(
            f"FROM python:3.12@sha256:{_DIGEST}\n",
            because="the digest names one content",
            language="dockerfile",
        ),
        Bad("from python\nrun true\n", at="python", language="dockerfile"),
        Bad(
            "FROM scratch\nADD https://example.org/tool.tar.gz /opt/\n",
            at="https://example.org/tool.tar.gz",
            language="dockerfile",
        ),
        Good(
            f"FROM scratch\nADD --checksum=sha256:{_DIGEST} https://example.org/t.gz /opt/\n",
            because="the builder compares the hash",
            language="dockerfile",
        ),
        Good("FROM scratch\n", because="there is nothing in it", language="dockerfile"),
        Bad("FROM scratch\nUSER app\nUSER root\n", at="root", language="dockerfile"),
        Good(
            "FROM scratch\nUSER root\nRUN apt-get update\nUSER ${NB_UID}\n",
            because="what runs in the end is not root",
            language="dockerfile",
        ),
        Good(
            f"FROM python@sha256:{_DIGEST} AS build\nFROM build\n",
            because="the second stage goes on from the first",
            language="dockerfile",
        ),
        Good("ARG BASE\nFROM $BASE\n", because="whoever builds says what", language="dockerfile"),
    ),
)
def dockerfile_unpinned_base(view: View) -> Iterator[Hit]:
    """A tag points to another image after each push, `latest` and no tag at all to another major
    version. The digest (`docker buildx imagetools inspect IMAGE` shows it) names one content.

    A tag with a version but without a digest is reported as low. What `ADD` downloads becomes part
    of the image too, and is reported where no `--checksum` fixes it. An image that ends as root
    (its last `USER`, as in hadolint's DL3002) gives whoever gets into the notebook all of the
    container, and is reported as low.
    """
    text = written_file(view.text) or view.text
    if text.language != "dockerfile":
        return
    variables = docker_variables(text.text)
    stages = {"scratch"}
    user: re.Match[str] | None = None
    for name, span, _ in instructions(text.text):
        if name == "ADD":
            yield from _added(text.text[span.start : span.end], span.start)
        if name in ("USER", "FROM"):
            user = _USER.match(text.text, span.start, span.end) if name == "USER" else None
        match = _FROM.match(text.text, span.start, span.end) if name == "FROM" else None
        if match is None:
            continue
        image = _VARIABLE.sub(lambda m: variables.get(m[1], m[0]), match["image"])
        known = image.lower() in stages or "$" in image or "@sha256:" in image
        stages.add((match["stage"] or "").lower())
        if not known:
            yield _tagged(image, Span(*match.span("image")))
    if user and user[1] in ("root", "0"):
        message = "what runs in this image is root; end with a USER of its own"
        yield Hit(Span(*user.span(1)), message, severity=Severity.LOW)


def _tagged(image: str, place: Span) -> Hit:
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag and tag != "latest":
        message = f"the tag {tag} may be pushed again; add @sha256: and the digest"
        return Hit(place, message, severity=Severity.LOW)
    message = f"{image} is another image after each release; name a version and its digest"
    return Hit(place, message)


def _added(arguments: str, start: int) -> Iterator[Hit]:
    """The addresses from which an ADD takes files without a checksum."""
    if "--checksum=" in arguments:
        return
    for url in _ADDED_URL.finditer(arguments):
        if not url[0].endswith(".git") and not _COMMIT.search(url[0]):
            message = "what is downloaded may change; add --checksum=sha256: and the hash"
            yield Hit(Span(start + url.start(), start + url.end()), message)


_USES = lazy(r"^[ \t]*-?[ \t]*uses:[ \t]*[\"']?(?P<action>[^\s\"'#]+)", re.MULTILINE)
_COMMIT = lazy(r"[0-9a-f]{40}")


@rule(
    "mutable-action-reference",
    "A workflow uses an action by a tag or branch",
    severity=Severity.HIGH,
    hints=(Hint("uses-action", r"uses:[ \t]*[\"']?[\w-]+", literals=("uses:",)),),
    parts=("file", "source"),
    languages=("actions", "python"),
    references=("CWE-829", "ML06"),
    examples=(
        Bad("steps:\n  - uses: acme/upload@v3\n", at="acme/upload@v3", language="actions"),
        Good(
            f"steps:\n  - uses: acme/upload@{'0a1b2c3d' * 5}  # v3.1\n",
            because="a commit can't be moved",
            language="actions",
        ),
        Good("steps:\n  - uses: ./own\n", because="it is in this repository", language="actions"),
        Good("uses: acme/upload@v3\n", because="this is no workflow"),
        Bad("steps:\n  - uses: acme/run@main\n", at="acme/run@main", language="actions"),
        Bad(
            "jobs:\n  a:\n    uses: acme/flows/.github/workflows/a.yml@v1\n",
            at="acme/flows/.github/workflows/a.yml@v1",
            language="actions",
        ),
        Bad(
            "steps:\n  - name: x\n    uses: 'acme/tool@0a1b2c3'\n",
            at="acme/tool@0a1b2c3",
            language="actions",
        ),
        Good("steps:\n  # - uses: acme/run@main\n", because="a comment", language="actions"),
    ),
)
def mutable_action_reference(view: View) -> Iterator[Hit]:
    """A tag of somebody else's action can be moved to code that reads the workflow's secrets; it
    has happened to widely used ones. A full commit can't be moved.

    GitHub's own actions (`actions/…`, `github/…`) are reported as low.
    """
    text = written_file(view.text) or view.text
    if text.language != "actions":
        return
    for match in _USES.finditer(text.text):
        action = match["action"]
        name, _, reference = action.rpartition("@")
        image = action.startswith("docker://")
        if action.startswith("./") or "${{" in action or "@sha256:" in action:
            continue
        if not image and (not name or _COMMIT.fullmatch(reference)):
            continue
        own = name.partition("/")[0] in ("actions", "github")
        message = f"{reference or action} can be moved to other code; use the full commit"
        if image:
            message = "the image's tag can be moved; add @sha256: and the digest"
        yield Hit(Span(*match.span("action")), message, severity=Severity.LOW if own else None)
