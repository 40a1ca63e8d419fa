"""What names and files hold at one point of a notebook, and what has been found by then."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from posixpath import basename, normpath
from typing import TYPE_CHECKING

from jupyter_mlsec.core.flow.facts import (
    EYEBALLED,
    INTEGRITY,
    NOTHING,
    SCHEMA,
    Flow,
    Format,
    Kind,
    State,
    Step,
    Value,
    union,
)
from jupyter_mlsec.core.flow.knowledge import Knowledge
from jupyter_mlsec.core.python import Call, Code

if TYPE_CHECKING:
    from jupyter_mlsec.core.flow.texts import Texts

_DIGESTS = ("hashlib", "sha256", "sha512", "sha1", "md5", "digest", "blake2b", "checksum")


class Holdings:
    """The state that statements have led to, and the ways to change it.

    `flows` are the uses found, by the name of the source: the worst of each.
    """

    def __init__(self, knowledge: Knowledge, texts: Texts, imports: Mapping[str, str]) -> None:
        self.knowledge = knowledge
        self.texts = texts
        self.imports = imports
        self.state = State()
        self.flows: dict[str, Flow] = {}
        self.code = Code("", None)
        self.text = 0  # its number in the document
        self.digests = False  # whether it works with digests at all
        self.loaders: dict[str, bool] = {}  # functions that use what was loaded; whether they load

    # --- files

    def file(self, node: ast.expr) -> Value:
        """The downloaded file that an expression names."""
        if not self.state.files:
            return NOTHING
        text, whole = self.texts.written(node)
        if not whole and not isinstance(node, ast.Name):
            same = self.state.files.get(_spelled(node))
            if same is not None:
                return same
        return self.at_path(text, whole=whole) if text else NOTHING

    def at_path(self, path: str, *, whole: bool = True) -> Value:
        """What is known of a file: itself, one of its name, or the folder that it is in."""
        files = self.state.files
        if "://" in path or "\n" in path or not path.strip():
            return NOTHING
        path = normpath(path.removeprefix("file://"))
        if path in files:
            return files[path]
        name = basename(path)
        if whole and name and "." in name:
            for known, value in files.items():
                if basename(known) == name:
                    return value
        inside = [v for known, v in files.items() if known != "." and path.startswith(known + "/")]
        if inside:
            return union(*inside)
        looks_like_path = "/" in path or "." in name
        if looks_like_path and not path.startswith(("/", "..")):
            return files.get(".", NOTHING)
        return NOTHING

    def put(self, path: str, value: Value) -> None:
        """A file holds the value, and nothing else."""
        self.state.files[normpath(path)] = value

    def store(self, node: ast.expr | None, value: Value, *, folder: bool = False) -> None:
        """Note that what a path names holds the value now."""
        if node is None or not value:
            return
        if isinstance(node, ast.Name):
            known = self.state.names.get(node.id, NOTHING)
            self.state.names[node.id] = union(known, value)
        text, whole = self.texts.written(node)
        if not whole and not isinstance(node, ast.Name):
            self.state.files[_spelled(node)] = value
        if text and "://" not in text:
            path = normpath(text)
            files = self.state.files
            kept = files.get(path, NOTHING) if folder or not whole else NOTHING
            files[path] = union(kept, value)

    def unpack(self, folder: ast.expr | None, packed: Value) -> None:
        """The files in a folder came out of an archive."""
        value: Value = {source._replace(file=True): way for source, way in packed.items()}
        if folder is None:
            self.state.files["."] = union(self.state.files.get(".", NOTHING), value)
        else:
            self.store(folder, value, folder=True)

    def write(self, target: ast.expr, value: Value) -> None:
        """`f.write(data)`, `Path(p).write_bytes(data)`: the file holds the data."""
        saved: Value = {
            source._replace(file=True, format=Format.TEXT): way for source, way in value.items()
        }
        if isinstance(target, ast.Name) and target.id in self.state.handles:
            self.state.files[self.state.handles[target.id]] = saved
        else:
            self.store(target, saved)

    # --- names

    def bind(self, target: ast.expr, value: Value) -> None:
        """Assign: a plain name gets the value and loses what it had; what has parts gets it too."""
        match target:
            case ast.Name(id=name):
                self.state.digests.discard(name)
                self.state.handles.pop(name, None)
                if value:
                    self.state.names[name] = self.extended(value, target)
                else:
                    self.state.names.pop(name, None)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.bind(element, value)
            case ast.Starred(value=inner):
                self.bind(inner, value)
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                self.add(inner, value)

    def add(self, node: ast.expr, value: Value) -> None:
        """A name holds this besides what it holds."""
        while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
            node = node.func if isinstance(node, ast.Call) else node.value
        if value and isinstance(node, ast.Name):
            known = self.state.names.get(node.id, NOTHING)
            self.state.names[node.id] = union(known, self.extended(value, node))

    def extended(self, value: Value, node: ast.expr) -> Value:
        """The value with a further step on its way for each cell that it comes to."""
        if all(
            (way[-1] if way else source.step).text == self.text for source, way in value.items()
        ):
            return value
        step = Step(self.text, self.code.span(node))
        return {
            source: way if (way[-1] if way else source.step).text == self.text else (*way, step)
            for source, way in value.items()
        }

    # --- checks and uses

    def use(self, call: Call, kind: Kind, value: Value) -> None:
        """Record that sources reached a use: the worst use of each counts."""
        step = Step(self.text, call.span)
        for source, taken in value.items():
            way = taken[:-1] if taken and taken[-1].text == self.text else taken
            flow = Flow(
                source, kind, (source.step, *way, step), self.state.checks.get(source.name, 0)
            )
            known = self.flows.get(source.name)
            if known is None or _badness(flow) > _badness(known):
                self.flows[source.name] = flow
            if kind.strong:
                self.state.forget(source.name)

    def checked(self, value: Value, checks: int) -> None:
        """These sources have passed these checks from here on."""
        for source in value:
            self.state.checks[source.name] = self.state.checks.get(source.name, 0) | checks

    def is_digest(self, node: ast.AST) -> bool:
        """Whether an expression works with a digest."""
        if not self.digests and not self.state.digests:
            return False
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                if inner.id in self.state.digests or any(d in inner.id.lower() for d in _DIGESTS):
                    return True
            elif isinstance(inner, ast.Attribute) and inner.attr in (*_DIGESTS, "hexdigest"):
                return True
        return False


def _spelled(node: ast.expr) -> str:
    """A path that is not known, by the code that makes it: the same code makes the same path."""
    return f"={ast.unparse(node)}"


def works_with_digests(source: str) -> bool:
    """Whether a text has a word for digests in it: few have."""
    lowered = source.lower()
    return any(word in lowered for word in _DIGESTS)


def _badness(flow: Flow) -> tuple[bool, bool, bool]:
    """What makes one use of a source worse than another."""
    return flow.kind.strong, not flow.checks & (SCHEMA | INTEGRITY), not flow.checks & EYEBALLED
