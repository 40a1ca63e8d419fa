"""What a rule is: one function with its facts, its reason and its examples.

The decorator returns a `Rule` and registers nothing; `jupyter_mlsec.rules` lists the families.
"""

# no `from __future__ import annotations`: it makes named tuples twice as slow to define
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.model import Confidence, Hit, Part, Severity

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

Check = Callable[["View"], Iterator[Hit]]

EVERYWHERE: tuple[Part, ...] = ("source", "output", "metadata", "attachment", "file")
IN_CODE: tuple[Part, ...] = ("source", "file")
# Files in which any line may be a requirement: no pattern says less than the file's name. Rules
# that name one of these languages see such files whether a hint matches or not.
UNHINTED = frozenset(("requirements", "conda", "toml"))


class Hint(NamedTuple):
    """A cheap pattern that must match on a line for a rule to have something to look at.

    `tag` names it: a rule asks `view.marked(tag)` for the lines where it matched, and rules may
    share a hint. `pattern` is a regular expression in the subset that Hyperscan and `re` share:
    no look-around, no back-reference, no lazy repeat, never across a line end (say `[^\\n]`, not
    `.` or `\\s`); it is matched over UTF-8 bytes, and must match wherever the exact check would.
    `literals`: lower-case strings of which one must occur where the pattern matches; they make
    the fallback without Hyperscan fast. `solid` says that the literal stands in a stretch of
    at least 16 letters, digits and `_./+=:~@-`, as within a credential;
    `leading` that every match begins with one of the literals.
    """

    tag: str
    pattern: str
    literals: tuple[str, ...]
    ignore_case: bool = False
    solid: bool = False
    leading: bool = False


class Hints(NamedTuple):
    """Hints that are made only where patterns are compiled, which a saved database spares: those
    of 400 kinds of credentials take as long as scanning a notebook. `tags` are theirs."""

    tags: tuple[str, ...]
    make: Callable[[], tuple[Hint, ...]]


class Bad(NamedTuple):
    """An example with exactly one finding, at `at`; `fixed` is what the fix makes of it.

    Parts in `{…}` are format classes (see `core.formats`) when `secret` is set: they are filled
    with random characters at run time, so that no secret-looking literal stands in the source.
    """

    code: str
    at: str
    fixed: str | None = None
    language: str = "python"
    secret: bool = False


class Good(NamedTuple):
    """An example without a finding, and why it is none."""

    code: str
    because: str
    language: str = "python"
    secret: bool = False


class Rule(NamedTuple):
    """A rule with all that is known of it.

    `parts` and `languages` say which texts it looks at (an empty `languages` means any).
    `aggregate` is None, or the message of the one finding that stands for all hits in a
    document, with `{count}` and `{subjects}`. `default` is False for rules that must be selected.
    `needs` is a setting without which the rule has nothing to go by, and does not run.
    """

    id: str
    family: str
    summary: str
    reason: str
    severity: Severity
    confidence: Confidence
    check: Check
    tags: tuple[str, ...]
    make_hints: Callable[[], tuple[Hint, ...]]
    parts: tuple[Part, ...] = IN_CODE
    languages: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    examples: tuple[Bad | Good, ...] = ()
    aggregate: str | None = None
    default: bool = True
    needs: str | None = None

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The patterns of which one must match where the rule is to look; `tags` are theirs."""
        return self.make_hints()


def family(name: str) -> Callable[..., Callable[[Check], Rule]]:
    """The `rule` decorator of one family."""

    def rule(
        id: str,
        summary: str,
        *,
        severity: Severity,
        hints: Iterable[Hint] | Hints,
        confidence: Confidence = Confidence.HIGH,
        parts: tuple[Part, ...] = IN_CODE,
        languages: tuple[str, ...] = (),
        references: tuple[str, ...] = (),
        examples: tuple[Bad | Good, ...] = (),
        aggregate: str | None = None,
        default: bool = True,
        needs: str | None = None,
    ) -> Callable[[Check], Rule]:
        if not isinstance(hints, Hints):
            known = tuple(hints)
            hints = Hints(tuple(dict.fromkeys(hint.tag for hint in known)), lambda: known)
        tags, make_hints = hints

        def make(check: Check) -> Rule:
            return Rule(
                id=id,
                family=name,
                summary=summary,
                reason=(check.__doc__ or "").strip(),
                severity=severity,
                confidence=confidence,
                check=check,
                tags=tags,
                make_hints=make_hints,
                parts=parts,
                languages=languages,
                references=references,
                examples=examples,
                aggregate=aggregate,
                default=default,
                needs=needs,
            )

        return make

    return rule
