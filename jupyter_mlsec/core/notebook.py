"""Bytes to texts.

`read` takes a notebook or a file beside notebooks apart into texts that can hold something worth
a finding; binary payloads (images, audio, fonts, archives) are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jupyter_mlsec.core import jsontext
from jupyter_mlsec.core.cells import Cell, Output, parse
from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.patterns import lazy

ANSI = lazy(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")

LANGUAGES = {"ipython": "python", "python3": "python", "bash": "shell", "sh": "shell"}
_FILE_LANGUAGES = {"python": "python", "markdown": "markdown"}
_TEXTUAL = ("text/", "application/json", "application/javascript", "application/xml", "image/svg")
# metadata that is made by machines and never typed: ids, layout, versions
NOISE = frozenset(
    "id outputId base_uri referenced_widgets colab_type _model_module _view_module "
    "_model_module_version _view_module_version _model_name _view_name _view_count "
    "mimetype file_extension pygments_lexer nbconvert_exporter codemirror_mode".split()
)
# widgets' models that say how something looks: two thirds of a saved widget state
LOOKS = (
    *("LayoutModel", "ProgressStyleModel", "DescriptionStyleModel", "SliderStyleModel"),
    *("HBoxModel", "VBoxModel"),
)
BINARY = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/", "font/")
_new = tuple.__new__  # a third of the time of a named tuple's own constructor
_BASE64 = lazy(r"[A-Za-z0-9+/\s]+={0,2}\s*\Z")


def read(data: bytes, path: str, kind: str = "notebook") -> Document:
    """The texts of a file. Raises MlsecError where it can't be read as what it should be."""
    if kind != "notebook":
        return _read_file(data, path, kind)
    notebook = parse(data)
    metadata = notebook.metadata
    language = _kernel_language(metadata)
    texts: list[Text] = []
    number = 0
    for number, cell in enumerate(notebook.cells, 1):
        if cell is not None:
            _read_cell(cell, number - 1, language, notebook.load, texts)
    texts += _metadata(metadata)
    return Document(path, kind, tuple(texts), number, language, _kernel_name(metadata))


def _read_file(data: bytes, path: str, kind: str) -> Document:
    if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MlsecError("a binary file, not text", "exclude it")
    text = _normal(jsontext.decode(data))
    language = _FILE_LANGUAGES.get(kind, kind)
    return Document(path, kind, (Text("file", language, text),), 0, language)


def _kernel_language(metadata: Any) -> str:
    if not isinstance(metadata, dict):
        return "python"
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        section = metadata.get(key)
        if isinstance(section, dict) and isinstance(section.get(name), str):
            language: str = section[name].lower()
            return LANGUAGES.get(language, language)
    return "python"


def _kernel_name(metadata: Any) -> str | None:
    kernelspec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = kernelspec.get("name") if isinstance(kernelspec, dict) else None
    return name if isinstance(name, str) else None


def _read_cell(
    cell: Cell, index: int, language: str, load: Callable[[Any], Any], texts: list[Text]
) -> None:
    """Append the texts of one cell. A notebook has thousands: no call without a need."""
    cell_id, kind = cell.id, cell.cell_type
    if cell.language is not None:
        language = _language_name(cell.language) or language
    spoken = language if kind == "code" else "text" if kind == "raw" else "markdown"
    metadata = cell.metadata
    tags: tuple[str, ...] = ()
    if metadata and type(metadata) is dict:
        if "tags" in metadata:
            tags = _tags(metadata)
        if "vscode" in metadata and kind == "code":
            vscode = metadata["vscode"]  # a notebook of several languages
            named = vscode.get("languageId") if isinstance(vscode, dict) else None
            spoken = _language_name(named) or spoken
    text = _joined(cell.source)
    if text:
        count = cell.execution_count
        texts.append(_new(Text, ("source", spoken, text, index, cell_id, None, None, tags, count)))
    for number, output in enumerate(cell.outputs) if cell.outputs else ():
        for mime, content in _output_texts(output, load) if output is not None else ():
            if content:
                spoken = _mime_language(mime)
                fields = ("output", spoken, content, index, cell_id, number, mime, tags, None)
                texts.append(_new(Text, fields))
    if cell.attachments is not None:
        for mime, content in _attachment_texts(load(cell.attachments)):
            spoken = _mime_language(mime)
            texts.append(Text("attachment", spoken, content, index, cell_id, None, mime, tags))
    if metadata:
        texts += _metadata(metadata, index, cell_id, tags)


def _tags(metadata: dict[str, Any]) -> tuple[str, ...]:
    tags = metadata["tags"]
    return tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else ()


def _language_name(language: Any) -> str | None:
    if not isinstance(language, str):
        return None
    return LANGUAGES.get(language.lower(), language.lower())


def _joined(source: Any) -> str:
    """A multi-line string as one, line ends as \\n. Lines and columns stay what they were."""
    if type(source) is list:
        try:
            text = "".join(source)
        except TypeError:
            text = "".join(part for part in source if isinstance(part, str))
    elif type(source) is str:
        text = source
    else:
        return ""
    return text.replace("\r\n", "\n") if "\r" in text else text


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n") if "\r" in text else text


def _plain(text: str) -> str:
    """Without ANSI codes, which may have hidden the two characters of a line end."""
    return _normal(ANSI.sub("", text)) if "\x1b" in text else text


def _output_texts(output: Output, load: Callable[[Any], Any]) -> list[tuple[str, str]]:
    """MIME type and text of what can be read in an output."""
    kind = output.output_type
    found = []
    if kind == "error":
        parts = [_joined(output.evalue), *(output.traceback or ())]
        found.append(("text/x-traceback", _plain(_normal("\n".join(parts)))))
    elif kind == "stream" or output.data is None:
        found.append(("text/plain", _plain(_joined(output.text))))
    else:
        for mime, content in (output.data or {}).items():
            if _is_textual(mime):
                found.append((mime, _readable(load(content))))
    metadata = output.metadata
    if metadata and isinstance(metadata, dict):
        found.append(("application/json", flatten(metadata)))
    return found


def _readable(content: Any) -> str:
    """The text of one MIME bundle entry that is no binary."""
    if type(content) is list:
        try:
            return _plain(_normal("".join(content)))
        except TypeError:
            return flatten(content)
    return flatten(content) if type(content) is dict else _plain(_joined(content))


@lru_cache(maxsize=256)
def _is_textual(mime: str) -> bool:
    return mime.startswith(_TEXTUAL) or mime.endswith(("+json", "+xml"))


def _attachment_texts(attachments: Any) -> Iterator[tuple[str, str]]:
    for bundle in attachments.values() if isinstance(attachments, dict) else ():
        if isinstance(bundle, dict):
            for mime, content in bundle.items():
                text = _readable(content) if _is_textual(mime) else ""
                if text:
                    yield mime, from_base64(text)


def from_base64(text: str) -> str:
    """Text attachments are base64 in some front ends and plain in others."""
    if len(text) % 4 == 0 and _BASE64.match(text):
        import base64

        try:
            return base64.b64decode(text).decode("utf-8")
        except ValueError:
            pass
    return text


@lru_cache(maxsize=256)
def _mime_language(mime: str) -> str:
    if "html" in mime:
        return "html"
    if "json" in mime:
        return "json"
    return "text"


def _metadata(
    metadata: Any,
    cell: int | None = None,
    cell_id: str | None = None,
    tags: tuple[str, ...] = (),
) -> list[Text]:
    # most cells' metadata hold an id that a machine has made, and nothing else
    if type(metadata) is not dict or NOISE.issuperset(metadata):
        return []
    text = flatten(metadata)
    if not text:
        return []
    return [Text("metadata", "json", text, cell, cell_id, None, "application/json", tags)]


def flatten(value: Any) -> str:
    """The strings of a JSON value, a line each behind its key: `"key": "text"`.

    Strings keep their own quotes and line ends, unlike in JSON, where escapes would hide what
    they say. Strings under six characters, machine-made ids and binary data are left out; the
    strings of an object come before those of the objects in it.
    """
    lines: list[str] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        key, item = stack.pop()
        members = item.items() if type(item) is dict else [(key, member) for member in item]
        inner = []
        for name, member in members:
            # a widget's state has 20 numbers and nulls for one string
            kind = type(member)
            if kind is str:
                if len(member) >= 6 and name not in NOISE and not name.startswith(BINARY):
                    lines.append(f'"{name}": "{_plain(_normal(member))}"')
            elif kind is dict:
                if member and name not in NOISE and member.get("model_name") not in LOOKS:
                    inner.append((name, member))
            elif kind is list and member and name not in NOISE:
                inner.append((name, member))
        if inner:
            inner.reverse()
            stack += inner
    return "\n".join(lines)
