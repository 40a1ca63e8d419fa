"""What `mlsec strip` and the git filter are told: nbstripout's options, and what is our own.

No `typing` or `dataclasses` here: git's filter starts with this module, in milliseconds.
"""

from __future__ import annotations

from jupyter_mlsec.core.errors import MlsecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from jupyter_mlsec.core.strip.clean import Clean

MODES = ("sensitive", "all")
# Tags with which a cell is stripped in the other mode than its notebook.
SENSITIVE_TAG = "mlsec-strip-sensitive"
ALL_TAG = "mlsec-strip-all"

# What nbstripout drops by default (0.9.1), and the metadata in which others keep what a run left
# behind: papermill its parameters and environment, Colab its user and the ids of outputs.
DROPPED = (
    "metadata.signature",
    "metadata.widgets",
    "metadata.papermill",
    "cell.metadata.collapsed",
    "cell.metadata.ExecuteTime",
    "cell.metadata.execution",
    "cell.metadata.executionInfo",
    "cell.metadata.execution_millis",
    "cell.metadata.execution_start",
    "cell.metadata.heading_collapsed",
    "cell.metadata.hidden",
    "cell.metadata.outputId",
    "cell.metadata.papermill",
    "cell.metadata.scrolled",
)
KERNELSPEC = ("metadata.kernelspec", "metadata.language_info.version")
# What is redacted only on request: it is sensitive to some, and useful to the others.
OPTIONAL = ("user-path", "host-name", "account-id")

# The key of the configuration under which options stand by path; see `core.strip.settings`.
PER_PATH = "per-path"

# Name to kind of value, default, and what it is for. Kinds: flag, names (a list of strings, or
# one string with spaces), size (a number, or text such as 10k), mode.
TABLE: dict[str, tuple[str, Any, str]] = {
    "mode": (
        "mode",
        "sensitive",
        "sensitive: outputs stay, except what is sensitive in them. all: every output and "
        "execution count is removed.",
    ),
    "block": ("flag", False, "Fail if a source holds a secret, instead of naming it on stderr."),
    "also": (
        "names",
        (),
        "Mode sensitive: redact these as well: user-path (local paths with a user's name), "
        "host-name, account-id (cloud accounts).",
    ),
    "allow": (
        "names",
        (),
        "Mode sensitive: leave these kinds where they are, such as e-mail or openai-api-key.",
    ),
    "keep_output": ("flag", False, "Mode all: keep outputs, as the cells' keep_output does."),
    "keep_count": ("flag", False, "Mode all: keep execution counts."),
    "keep_id": (
        "flag",
        True,
        "Mode all: keep the cells' ids. false numbers them anew, as nbstripout does.",
    ),
    "keep_kernelspec": (
        "flag",
        True,
        "Mode all: keep the kernel's name and the version of its language.",
    ),
    "extra_keys": (
        "names",
        (),
        "Mode all: metadata to drop too, such as metadata.foo or cell.metadata.bar.",
    ),
    "keep_metadata_keys": (
        "names",
        (),
        "Mode all: metadata and cell fields to keep, such as cell.metadata.scrolled or "
        "metadata.widgets.",
    ),
    "keep_output_tags": (
        "names",
        ("keep_output",),
        "Mode all: cells with one of these tags keep their outputs.",
    ),
    "keep_output_type": (
        "names",
        (),
        "Mode all: types of outputs to keep, such as error or stream:stderr.",
    ),
    "drop_output_type": (
        "names",
        (),
        "Mode all: types of outputs to drop where outputs are kept.",
    ),
    "max_size": (
        "size",
        0,
        "Mode all: keep outputs up to this size, in characters, or such as 10k or 1M.",
    ),
    "strip_init_cells": (
        "flag",
        True,
        "Mode all: initialization cells lose their outputs too. false keeps them, as nbstripout.",
    ),
    "drop_empty_cells": ("flag", False, "Mode all: drop cells without any source."),
    "drop_tagged_cells": ("names", (), "Mode all: drop cells with one of these tags."),
    "keep_attachments": (
        "flag",
        False,
        "Mode all: keep attachments that no text refers to. Those that a text shows always stay.",
    ),
}
# nbstripout's own names in git's configuration.
_ALIASES = {
    "extrakeys": "extra_keys",
    "keepmetadatakeys": "keep_metadata_keys",
    "drop_output_types": "drop_output_type",
    "keep_output_types": "keep_output_type",
}
_UNITS = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_EXPECTED = {
    "mode": f"one of {', '.join(MODES)}",
    "flag": "true or false",
    "names": "a list of strings",
    "size": "a number of characters, or such as 10k",
}


class Options:
    """All options, by the names in `TABLE`. Not to be changed once it is in use."""

    __slots__ = ("_plan", *TABLE)

    if TYPE_CHECKING:
        mode: str
        block: bool
        also: tuple[str, ...]
        allow: tuple[str, ...]
        keep_output: bool
        keep_count: bool
        keep_id: bool
        keep_kernelspec: bool
        extra_keys: tuple[str, ...]
        keep_metadata_keys: tuple[str, ...]
        keep_output_tags: tuple[str, ...]
        keep_output_type: tuple[str, ...]
        drop_output_type: tuple[str, ...]
        max_size: int
        strip_init_cells: bool
        drop_empty_cells: bool
        drop_tagged_cells: tuple[str, ...]
        keep_attachments: bool

    def __init__(self, **given: Any) -> None:
        """Options by keyword, the others as by default. Raises MlsecError as `from_mapping`."""
        self._plan: Plan | None = None
        for name, (kind, default, _) in TABLE.items():
            value = read(name, kind, given.pop(name)) if name in given else default
            setattr(self, name, value)
        for name in given:
            raise _unknown(name)

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Options:
        """Options as a configuration file or git says them: kebab-case or nbstripout's names.

        What a configuration says by path is left out: `files.stripping.options_for` sees to it.
        Raises MlsecError for an unknown name or a wrong value, with a suggestion.
        """
        return cls(**{field_of(name): v for name, v in settings.items() if name != PER_PATH})

    def but(self, **changes: Any) -> Options:
        """These options with some changed."""
        return Options(**{name: getattr(self, name) for name in TABLE} | changes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        given = (n for n, row in TABLE.items() if getattr(self, n) != row[1])
        return f"Options({', '.join(f'{n}={getattr(self, n)!r}' for n in given)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self._values(),)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in TABLE)

    @property
    def plan(self) -> Plan:
        """What follows from the options, worked out once."""
        if self._plan is None:
            self._plan = Plan(self)
        return self._plan


def _made(values: tuple[Any, ...]) -> Options:
    return Options(**dict(zip(TABLE, values, strict=True)))


class Plan:
    """Which keys go and which stay, ready to be looked up.

    Paths are what follows `metadata.` for the notebook's, and `cell.` for a cell's.
    """

    __slots__ = (
        "cell",
        "cell_heads",
        "cell_kept",
        "cell_metadata",
        "cell_metadata_kept",
        "clean",
        "drops_cells",
        "filters",
        "notebook",
        "notebook_heads",
        "notebook_kept",
        "plain",
    )

    def __init__(self, options: Options) -> None:
        kept = options.keep_metadata_keys
        dropped = [*DROPPED, *options.extra_keys]
        if not options.keep_kernelspec:
            dropped += KERNELSPEC
        dropped = [key for key in dropped if key not in kept]
        self.notebook = _below("metadata.", dropped)
        self.cell = _below("cell.", dropped)
        self.notebook_kept = _below("metadata.", kept)
        self.cell_kept = _below("cell.", kept)
        self.cell_metadata = _below("metadata.", self.cell)
        self.cell_metadata_kept = _below("metadata.", self.cell_kept)
        self.cell_heads = _heads(self.cell_metadata)
        self.notebook_heads = _heads(self.notebook)
        self.filters = bool(
            options.max_size or options.keep_output_type or options.drop_output_type
        )
        self.drops_cells = bool(options.drop_empty_cells or options.drop_tagged_cells)
        # whether nothing is kept or dropped by a condition
        self.plain = not (
            self.drops_cells
            or self.filters
            or options.keep_output
            or options.keep_count
            or not options.keep_id
        )
        self.clean: Clean | None = None  # see `document`


def _heads(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(head for key in keys for head in (key, key.partition(".")[0]))


def _below(start: str, keys: Iterable[str]) -> tuple[str, ...]:
    """What follows `start` in the keys, also as the walker reads keys that are not ASCII."""
    below = [key[len(start) :] for key in keys if key.startswith(start)]
    return (*below, *(k.encode().decode("latin-1") for k in below if not k.isascii()))


def field_of(name: str) -> str:
    """The field of an option as users write it. Raises MlsecError with a suggestion."""
    field = name.replace("-", "_")
    field = _ALIASES.get(field, field)
    if field not in TABLE:
        raise _unknown(name)
    return field


def read(name: str, kind: str, value: Any) -> Any:
    """The value of an option as its field holds it. Raises MlsecError."""
    try:
        read = _READERS[kind](value)
    except (TypeError, ValueError):
        shown = name.replace("_", "-")
        raise MlsecError(f"strip.{shown} must be {_EXPECTED[kind]}, not {value!r}") from None
    if name == "also":
        for word in read:
            if word not in OPTIONAL:
                raise MlsecError(
                    f"strip.also: {word!r} is none of {', '.join(OPTIONAL)}", _near(word, OPTIONAL)
                )
    if name in ("extra_keys", "keep_metadata_keys"):
        for key in read:
            if not key.startswith(("metadata.", "cell.")):
                raise MlsecError(
                    f"strip.{name.replace('_', '-')}: {key!r} is no key",
                    "write metadata.NAME or cell.metadata.NAME",
                )
    return read


def _flag(value: Any) -> bool:
    # git's configuration says flags as words
    if isinstance(value, str) and value.lower() in ("true", "false", "yes", "no", "on", "off"):
        return value.lower() in ("true", "yes", "on")
    if not isinstance(value, bool):
        raise TypeError
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = value.split() if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        raise TypeError
    return tuple(names)


def _size(value: Any) -> int:
    if isinstance(value, str):
        unit = _UNITS.get(value[-1:].lower())
        value = int(value[:-1]) * unit if unit else int(value)
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _mode(value: Any) -> str:
    if value not in MODES:
        raise ValueError
    return str(value)


_READERS: dict[str, Any] = {"flag": _flag, "names": _names, "size": _size, "mode": _mode}


def _unknown(name: str) -> MlsecError:
    known = [field.replace("_", "-") for field in TABLE]
    return MlsecError(
        f"unknown option strip.{name.replace('_', '-')}",
        _near(name.replace("_", "-"), known) or f"the options are {', '.join(known)}",
    )


def _near(word: str, words: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1)
    return f'did you mean "{near[0]}"?' if near else None
