"""Requirements that stand in files: requirements.txt, environment.yml, pyproject.toml.

Read line by line, because a finding needs its place and YAML and TOML readers tell none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.installs.command_line import Install, Option, Target
from jupyter_mlsec.rules.installs.requirement import Requirement, canonical, parse, parse_conda

LANGUAGES = ("requirements", "conda", "toml")

_LOGICAL_LINE = lazy(r"^(?:[^\n\\]|\\\r?\n|\\)+", re.MULTILINE)
_COMMENT = lazy(r"(?:^|(?<=\s))#[^\n]*")
_LINE_OPTION = lazy(r"(--?[A-Za-z][\w-]*)(?:[ \t=]+(\S+))?")
_TRAILING_OPTION = lazy(r"\s+(?:--\w|\\\r?\n)[\s\S]*")


def manifest(text: Text) -> Install | None:
    """The requirements that a file lists, or None for a text that is no such file."""
    if text.language not in LANGUAGES:
        return None
    if text.language == "requirements":
        found = list(_requirements(text.text))
    elif text.language == "conda":
        found = list(_conda(text.text))
    else:
        found = list(_toml(text.text))
    targets = tuple(item for item in found if isinstance(item, Target))
    options = tuple(item for item in found if isinstance(item, Option))
    return Install(text.language, targets, options, Span(0, len(text.text)))


def _requirements(source: str) -> Iterator[Target | Option]:
    for match in _LOGICAL_LINE.finditer(source):
        line = _COMMENT.sub("", match[0])
        body = line.strip()
        start = match.start() + len(line) - len(line.lstrip())
        if body.startswith("-"):
            option = _LINE_OPTION.match(body)
            if option:
                span = Span(start, start + option.end())
                yield Option(option[1], option[2] or "", span)
                if option[1] in ("-e", "--editable") and (found := parse(option[2] or "")):
                    yield Target(found, span, option[2])
            continue
        written = _TRAILING_OPTION.sub("", body).rstrip()
        hashed = "--hash" in body
        if written and (requirement := parse(written)):
            yield Target(requirement, Span(start, start + len(written)), written, hashed)


_YAML_KEY = lazy(r"([A-Za-z_]+):[ \t]*(?:#[^\n]*)?$")
_YAML_ITEM = lazy(r"([ \t]*)-[ \t]+(?:([\"'])(.+?)\2|([^\s\"'#][^#\n]*?))[ \t]*(?:#[^\n]*)?$")


def _conda(source: str) -> Iterator[Target]:
    """The dependencies of an environment file, pip's nested ones included."""
    section, pip_indent, start = "", -1, 0
    for line in source.splitlines(keepends=True):
        key = _YAML_KEY.match(line)
        item = _YAML_ITEM.match(line.rstrip("\r\n")) if section == "dependencies" else None
        if key:
            section, pip_indent = key[1], -1
        elif item:
            indent, group = len(item[1]), 3 if item[3] else 4
            written = item[group]
            nested = 0 <= pip_indent < indent
            if written == "pip:":
                pip_indent = indent
            else:
                requirement = parse(written) if nested else parse_conda(written)
                if requirement:
                    begin = start + item.start(group)
                    yield Target(requirement, Span(begin, begin + len(written)), written)
        start += len(line)


_TOML_SECTION = lazy(r"^[ \t]*\[+([^\]\n]+)\]+[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_TOML_ARRAY = lazy(
    r"^[ \t]*([\w.\"-]+)[ \t]*=[ \t]*\[((?:\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*|[^\]\"'#])*)\]",
    re.MULTILINE,
)
_TOML_STRING = lazy(r"#[^\n]*|\"([^\"\n]+)\"|'([^'\n]+)'")
_TOML_ENTRY = lazy(r"^[ \t]*[\"']?([\w.-]+)[\"']?[ \t]*=[ \t]*([^\n]+)$", re.MULTILINE)
_TOML_GIT = lazy(r"\bgit[ \t]*=[ \t]*[\"']([^\"']+)")
_TOML_REV = lazy(r"\brev[ \t]*=[ \t]*[\"']([^\"']+)")


def _toml(source: str) -> Iterator[Target]:
    headers = [*_TOML_SECTION.finditer(source)]
    ends = [*(header.start() for header in headers[1:]), len(source)]
    for header, end in zip(headers, ends, strict=False):  # no header, no section
        section, span = header[1].strip(), Span(header.end(), end)
        if section == "project":
            yield from _arrays(source, span, only="dependencies")
        elif section in ("project.optional-dependencies", "dependency-groups"):
            yield from _arrays(source, span)
        elif re.fullmatch(
            r"tool\.poetry\.(?:.+\.)?(?:dev-)?dependencies|tool\.uv\.sources", section
        ):
            yield from _entries(source, span)


def _arrays(source: str, span: Span, only: str = "") -> Iterator[Target]:
    for array in _TOML_ARRAY.finditer(source, span.start, span.end):
        if only and array[1] != only:
            continue
        for string in _TOML_STRING.finditer(source, array.start(2), array.end(2)):
            group = string.lastindex
            if group and (requirement := parse(string[group])):
                yield Target(requirement, Span(*string.span(group)), string[group])


def _entries(source: str, span: Span) -> Iterator[Target]:
    """Poetry's and uv's `name = "version"` and `name = {git = "…", rev = "…"}`."""
    for entry in _TOML_ENTRY.finditer(source, span.start, span.end):
        name, value = entry[1], entry[2].strip()
        place = Span(entry.start(1), entry.end())
        if git := _TOML_GIT.search(value):
            revision = _TOML_REV.search(value)
            url = f"git+{git[1]}" + (f"@{revision[1]}" if revision else "")
            yield Target(Requirement("vcs", canonical(name), name, url=url), place, entry[0])
        elif name != "python" and value.strip("\"'") == "*":
            requirement = Requirement("package", canonical(name), name)
            yield Target(requirement, place, entry[0])
