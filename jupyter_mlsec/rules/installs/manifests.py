"""Requirements that stand in files: requirements.txt, environment.yml, pyproject.toml.

Read line by line, because a finding needs its place and YAML and TOML readers tell none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jupyter_mlsec.core.model import Span, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.rules.installs.command_line import Install, Option, Target
from jupyter_mlsec.rules.installs.requirement import Requirement, canonical, parse, parse_conda

LANGUAGES = ("requirements", "conda", "toml")

_LOGICAL_LINE = lazy(r"^(?:[^\n\\]|\\\r?\n|\\)+", re.MULTILINE)
_COMMENT = lazy(r"(?:^|(?<=\s))#[^\n]*")
_LINE_OPTION = lazy(r"(--?[A-Za-z][\w-]*)(?:[ \t=]+(\S+))?")
_TRAILING_OPTION = lazy(r"\s+(?:--\w|\\\r?\n)[\s\S]*")


def manifests(text: Text) -> tuple[Install, ...]:
    """The requirements that a file lists, by installer; empty for a text that is no such file.

    An environment file gives two: conda's own, and those under `pip:` as of a requirements file.
    """
    if text.language not in LANGUAGES:
        return ()
    span = Span(0, len(text.text))
    if text.language == "requirements":
        return (_install("requirements", _requirements(text.text), span),)
    if text.language == "toml":
        return (_install("toml", _toml(text.text), span),)
    found = list(_conda(text.text))
    tools = ("conda", "requirements")
    return tuple(_install(tool, (item for t, item in found if t == tool), span) for tool in tools)


def _install(tool: str, found: Iterable[Target | Option], span: Span) -> Install:
    items = tuple(found)
    targets = tuple(item for item in items if isinstance(item, Target))
    options = tuple(item for item in items if isinstance(item, Option))
    return Install(tool, targets, options, span)


def _requirements(source: str) -> Iterator[Target | Option]:
    for match in _LOGICAL_LINE.finditer(source):
        line = _COMMENT.sub("", match[0])
        start = match.start() + len(line) - len(line.lstrip())
        yield from _requirement(line.strip(), start)


def _requirement(body: str, start: int) -> Iterator[Target | Option]:
    """What one line asks for: a package, or an option such as `-e` or `--index-url`."""
    if body.startswith("-"):
        option = _LINE_OPTION.match(body)
        if option:
            span = Span(start, start + option.end())
            yield Option(option[1], option[2] or "", span)
            if option[1] in ("-e", "--editable") and (found := parse(option[2] or "")):
                yield Target(found, span, option[2])
        return
    written = _TRAILING_OPTION.sub("", body).rstrip()
    if written and (requirement := parse(written)):
        hashed = "--hash" in body
        yield Target(requirement, Span(start, start + len(written)), written, hashed)


_YAML_KEY = lazy(r"([A-Za-z_]+):[ \t]*(?:#[^\n]*)?$")
_YAML_FLOW = lazy(r"(dependencies|channels):[ \t]*\[([^\]\n]*)\][ \t]*(?:#[^\n]*)?$")
_YAML_WORD = lazy(r"[^\s,\"']+")
_YAML_ITEM = lazy(
    r"([ \t]*)-[ \t]+(?:([\"'])(.+?)\2|([^\s\"'#](?:[^\n#]|(?<=\S)#)*?))"
    r"[ \t]*(?:(?<=\s)#[^\n]*)?$"
)


def _conda(source: str) -> Iterator[tuple[str, Target | Option]]:
    """What an environment file asks for, each with who installs it: conda, or pip as from a
    requirements file."""
    section, pip_indent, start = "", -1, 0
    for line in source.splitlines(keepends=True):
        key = _YAML_KEY.match(line)
        listed = section in ("dependencies", "channels")
        item = _YAML_ITEM.match(line.rstrip("\r\n")) if listed else None
        if flow := _YAML_FLOW.match(line.rstrip("\r\n")):
            yield from _flow(flow, start)
        elif key:
            section, pip_indent = key[1], -1
        elif item:
            indent, group = len(item[1]), 3 if item[3] else 4
            written, begin = item[group], start + item.start(group)
            span = Span(begin, begin + len(written))
            if section == "channels":
                yield "conda", Option("--channel", written, span)
            elif 0 <= pip_indent < indent:
                for found in _requirement(written, begin):
                    yield "requirements", found
            elif written == "pip:":
                pip_indent = indent
            else:
                pip_indent = -1
                if requirement := parse_conda(written):
                    yield "conda", Target(requirement, span, written)
        start += len(line)


def _flow(line: re.Match[str], start: int) -> Iterator[tuple[str, Target | Option]]:
    """What a list in one line asks for: `dependencies: [python=3.12, numpy]`."""
    for word in _YAML_WORD.finditer(line.string, *line.span(2)):
        span = Span(start + word.start(), start + word.end())
        if line[1] == "channels":
            yield "conda", Option("--channel", word[0], span)
        elif requirement := parse_conda(word[0]):
            yield "conda", Target(requirement, span, word[0])


_TOML_SECTION = lazy(r"^[ \t]*\[+([^\]\n]+)\]+[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_TOML_ARRAY = lazy(
    r"^[ \t]*([\w.\"-]+)[ \t]*=[ \t]*\[((?:\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*|[^\]\"'#])*)\]",
    re.MULTILINE,
)
_TOML_STRING = lazy(r"#[^\n]*|\"([^\"\n]+)\"|'([^'\n]+)'")
_TOML_ENTRY = lazy(r"^[ \t]*[\"']?([\w.-]+)[\"']?[ \t]*=[ \t]*([^\n]+)$", re.MULTILINE)
_TOML_VALUE = lazy(r"\b(git|rev|url|version)[ \t]*=[ \t]*([\"'])([^\"'\n]+)\2")
_TOML_VERSION = lazy(r"([\"'])([^\"'\n]+)\1")

# Where requirements stand: the section, and the keys of its arrays (None for all).
_TOML_ARRAYS = (
    (lazy(r"project"), lazy(r"dependencies|optional-dependencies\..+")),
    (lazy(r"project\.optional-dependencies|dependency-groups"), None),
    (lazy(r"tool\.pdm\.dev-dependencies"), None),
    (lazy(r"tool\.uv"), lazy("dev-dependencies")),
    (lazy(r"tool\.hatch\.envs\..+"), lazy(r"(?:extra-)?dependencies")),
)
_TOML_ENTRIES = lazy(r"tool\.poetry\.(?:.+\.)?(?:dev-)?dependencies|tool\.uv\.sources")
_TOML_INDEXES = lazy(r"tool\.(?:poetry|pdm)\.source|tool\.uv\.index")


def _toml(source: str) -> Iterator[Target | Option]:
    headers = [*_TOML_SECTION.finditer(source)]
    ends = [*(header.start() for header in headers[1:]), len(source)]
    for header, end in zip(headers, ends, strict=False):  # no header, no section
        section, span = header[1].strip(), Span(header.end(), end)
        for pattern, keys in _TOML_ARRAYS:
            if pattern.fullmatch(section):
                yield from _arrays(source, span, keys)
        if _TOML_ENTRIES.fullmatch(section):
            yield from _entries(source, span)
        elif _TOML_INDEXES.fullmatch(section):
            for value in _TOML_VALUE.finditer(source, *span):
                yield Option("--index", value[3], Span(*value.span(3)))


def _arrays(source: str, span: Span, keys: re.Pattern[str] | None) -> Iterator[Target]:
    for array in _TOML_ARRAY.finditer(source, *span):
        if keys and not keys.fullmatch(array[1]):
            continue
        for string in _TOML_STRING.finditer(source, *array.span(2)):
            group = string.lastindex
            if group and (requirement := parse(string[group])):
                yield Target(requirement, Span(*string.span(group)), string[group])


def _entries(source: str, span: Span) -> Iterator[Target]:
    """Poetry's and uv's `name = "version"`, `name = {git = "…", rev = "…"}` and the like."""
    for entry in _TOML_ENTRY.finditer(source, *span):
        name, place = entry[1], Span(entry.start(1), entry.end())
        values = {found[1]: found for found in _TOML_VALUE.finditer(source, *entry.span(2))}
        if git := values.get("git"):
            revision = values.get("rev")
            url = f"git+{git[3]}" + (f"@{revision[3]}" if revision else "")
            yield Target(Requirement("vcs", canonical(name), name, url=url), place, entry[0])
        elif url_value := values.get("url"):
            requirement = Requirement("url", canonical(name), name, url=url_value[3])
            yield Target(requirement, Span(*url_value.span(3)), url_value[3])
        elif name != "python":
            version, group = values.get("version"), 3
            if version is None:
                version, group = _TOML_VERSION.match(source, entry.start(2)), 2
            if version and version[group] == "*":
                requirement = Requirement("package", canonical(name), name)
                yield Target(requirement, Span(*version.span(group)), "*")
            elif version:
                requirement = Requirement("package", canonical(name), name, "bounded")
                yield Target(requirement, Span(*entry.span(1)), name)
