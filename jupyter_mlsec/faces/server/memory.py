"""What a worker remembers from scan to scan, so that a changed cell costs what it costs.

Of a document in an editor all cells but one are what they were: where hints match in them and
their syntax trees are kept by their text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from time import monotonic

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner, running
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.prefilter import Marks, Prefilter
from jupyter_mlsec.core.python import Code, parse
from jupyter_mlsec.core.view import Context
from jupyter_mlsec.files.cache import folder_of
from jupyter_mlsec.files.database import prefilter_for
from jupyter_mlsec.files.scanner import known_advisories, rules_for
from jupyter_mlsec.files.versions import Versions, from_choice

_MOST_TEXT = 64 << 20  # characters of texts whose marks are kept
_MOST_TREES = 2_000
_VERSIONS_FOR = 300  # seconds, then a kernel's packages are listed anew
# jupyter_client's rule for names of kernelspecs: no path can stand in one
_KERNEL_NAME = lazy(r"[\w.-]+\Z")


class Memory:
    """Scanners by configuration, trees by text, versions by kernel."""

    def __init__(self) -> None:
        self._trees: dict[str, Code] = {}
        self._versions: dict[str, tuple[float, Versions]] = {}
        self.scanner = lru_cache(maxsize=8)(_scanner)

    def context(self, document: Document) -> Context:
        """A context that knows the trees of unchanged cells, and the kernel's packages."""
        return _Context(document, self)

    def tree(self, text: str) -> Code:
        """The syntax tree of a Python text."""
        found = self._trees.get(text)
        if found is None:
            if len(self._trees) >= _MOST_TREES:
                self._trees.clear()
            found = self._trees[text] = parse(text)
        return found

    def versions(self, kernel: str) -> Versions:
        """What is installed where a Python kernel runs; nothing where that can't be told."""
        listed, found = self._versions.get(kernel, (0.0, Versions({}, "")))
        if listed and monotonic() - listed < _VERSIONS_FOR:
            return found
        try:
            found = from_choice("kernel", kernel)
        except MlsecError:
            found = Versions({}, "")
        self._versions[kernel] = monotonic(), found
        return found


class _Context(Context):
    def __init__(self, document: Document, memory: Memory) -> None:
        super().__init__(document)
        self._memory = memory
        kernel = document.kernel or ""
        if document.language == "python" and _KERNEL_NAME.match(kernel):
            self.versions = _Installed(memory, kernel)
            self.versions_from = f"the environment of kernel {kernel}"

    def code(self, text: Text) -> Code:
        return self._memory.tree(text.text)


class _Installed(Mapping[str, str]):
    """A kernel's packages, listed when a rule first asks for one: that starts its Python."""

    def __init__(self, memory: Memory, kernel: str) -> None:
        self._memory = memory
        self._kernel = kernel

    def __getitem__(self, name: str) -> str:
        return self._memory.versions(self._kernel).versions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._memory.versions(self._kernel).versions)

    def __len__(self) -> int:
        return len(self._memory.versions(self._kernel).versions)


class _Remembering(Prefilter):
    """A prefilter that keeps the marks of the texts that it has seen."""

    def __init__(self, inner: Prefilter) -> None:
        self._inner = inner
        self._known: dict[str, Marks] = {}
        self._size = 0

    def marks(
        self, texts: Sequence[Text], wanted: Collection[str] | None = None
    ) -> dict[int, Marks]:
        new = [text for text in texts if text.text not in self._known]
        if new:
            self._size += sum(len(text.text) for text in new)
            if self._size > _MOST_TEXT:
                self._known.clear()
                self._size = sum(len(text.text) for text in texts)
                new = list(texts)
            found = self._inner.marks(new)
            for number, text in enumerate(new):
                self._known[text.text] = found.get(number, {})
        return {  # copies: the scanner adds marks of renamed imports, and takes some away
            number: dict(marks)
            for number, text in enumerate(texts)
            if (marks := self._known[text.text])
        }


def _scanner(config: Config) -> Scanner:
    rules = partial(rules_for, config)
    prefilter = prefilter_for(lambda: running(rules(), config), folder_of(), config.decides)
    known = known_advisories(config, folder_of())
    return Scanner(rules, config, _Remembering(prefilter), known.of if known else None)
