"""A text as rules see it: where the hints matched, and parses that rules share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_mlsec.core.model import Document, Severity, Span, Text

if TYPE_CHECKING:
    from jupyter_mlsec.core.advisories import Advisory
    from jupyter_mlsec.core.constants import Constants
    from jupyter_mlsec.core.python import Call, Code
    from jupyter_mlsec.core.shell import Command

T = TypeVar("T")

# Characters of Python to make syntax trees of; the longest of 520 public notebooks has 40,000.
MOST_PYTHON = 2_000_000


class Context:
    """A document with what is known across its cells, worked out when first asked for.

    `marks` are where the hints of a scan matched: number of a text to tag to lines.
    `renamed` is what the document imports under another name, local name to full name.
    `data_checks` are the functions that the user says check data, by full or last name. No finding
    below `least` is shown, so that a rule may spare itself the work. `commit_of` says which commit
    of a repository on the hub to pin to, by its kind (`datasets`, `models`) and name, `advisories`
    what is known to be wrong with a package, by its canonical name, and `digest_of` the SHA-256
    (hex) of a file that has been downloaded, by the function that did it (`get_file`, which has a
    cache of its own, or any other) and the file's name.
    `versions` are the packages to pin to, canonical name to version, and `versions_from` says
    where they come from, in words ("the environment of kernel python3", "requirements.txt").
    """

    def __init__(
        self,
        document: Document,
        *,
        versions: Mapping[str, str] | None = None,
        versions_from: str = "",
    ) -> None:
        self.document = document
        self.marks: Mapping[int, Mapping[str, tuple[Span, ...]]] = {}
        self.versions: Mapping[str, str] = versions or {}
        self.versions_from = versions_from
        self.renamed: Mapping[str, str] = {}
        self.data_checks: frozenset[str] = frozenset()
        self.least = Severity.INFO
        self.commit_of: Callable[[str, str], str | None] = lambda kind, name: None
        self.advisories: Callable[[str], tuple[Advisory, ...]] = lambda name: ()
        self.digest_of: Callable[[str, str], str | None] = lambda function, name: None
        self._codes: dict[int, Code] = {}
        self._commands: dict[int, tuple[Command, ...]] = {}
        self._shared: dict[Hashable, Any] = {}

    def code(self, text: Text) -> Code:
        """The syntax tree of one of the document's Python texts, parsed once."""
        from jupyter_mlsec.core.python import parse

        key = id(text)
        if key not in self._codes:
            self._codes[key] = parse(text.text)
        return self._codes[key]

    def commands(self, text: Text) -> tuple[Command, ...]:
        """The shell commands in one of the document's texts, wherever they hide (`core.shell`)."""
        from jupyter_mlsec.core.shell import commands

        key = id(text)
        if key not in self._commands:
            self._commands[key] = commands(text, self)
        return self._commands[key]

    def forget(self) -> None:
        """Drop what refers back to this context, so that all goes at once with its last user and
        nothing of a document waits for the garbage collector."""
        self.__dict__.pop("constants", None)
        self._shared.clear()

    def marked(self, tag: str) -> Iterator[Text]:
        """The texts in which the hint with this tag matched, in reading order."""
        return (self.document.texts[number] for number, tags in self.marks.items() if tag in tags)

    def once(self, work: Callable[..., T], *about: Hashable) -> T:
        """What `work(self, *about)` makes of the document, worked out once for all that ask."""
        key = work, about
        if key not in self._shared:
            self._shared[key] = work(self, *about)
        result: T = self._shared[key]
        return result

    @cached_property
    def sources(self) -> tuple[Text, ...]:
        """All Python sources, in reading order."""
        return tuple(
            text
            for text in self.document.texts
            if text.language == "python" and text.part in ("source", "file")
        )

    @cached_property
    def constants(self) -> Constants:
        """Names bound to one and the same constant string wherever the document binds them."""
        from jupyter_mlsec.core.constants import Constants

        return Constants(self.sources, self.code)

    @cached_property
    def imports(self) -> Mapping[str, str]:
        """Local name to full name, over all cells: `{"pd": "pandas", "load": "torch.load"}`.

        Empty for a document with more Python than people write (a log saved as a notebook): the
        trees would take fifty times its memory.
        """
        from jupyter_mlsec.core.imports import read

        importing = [text for text in self.sources if "import" in text.text]
        if sum(len(text.text) for text in importing) > MOST_PYTHON:
            return {}
        names: dict[str, str] = {}
        for text in importing:
            found = read(text.text) if id(text) not in self._codes else None
            names.update(self.code(text).imports if found is None else found)
        return names


class View:
    """One text of a document, for one rule after another."""

    def __init__(self, text: Text, context: Context, marks: Mapping[str, tuple[Span, ...]]) -> None:
        self.text = text
        self.context = context
        self.marks = marks
        self._shared: dict[Callable[[View], Any], Any] = {}

    @property
    def source(self) -> str:
        return self.text.text

    def marked(self, tag: str) -> tuple[Span, ...]:
        """The lines (without their ends) on which the hint with this tag matched, in order."""
        return self.marks.get(tag, ())

    def once(self, work: Callable[[View], T]) -> T:
        """What `work` makes of this view, worked out once for all the rules that ask for it."""
        if work not in self._shared:
            self._shared[work] = work(self)
        result: T = self._shared[work]
        return result

    @property
    def code(self) -> Code:
        """The syntax tree of this text, magics and shell lines blanked."""
        return self.context.code(self.text)

    def calls(self, *full_names: str) -> Iterator[Call]:
        """The calls of these functions in this text, seen through the whole document's imports."""
        return self.code.calls(*full_names, imports=self.context.imports)

    @property
    def commands(self) -> tuple[Command, ...]:
        """The shell commands in this text, wherever they hide (see `core.shell`)."""
        return self.context.commands(self.text)
