"""What a rule says about itself: its page in the documentation, and `mlsec explain`.

Both come from the rule's own facts, reason and examples, so that they can't grow apart from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from jupyter_mlsec.core.findings import DOCS
from jupyter_mlsec.core.formats import CLASSES
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.report.references import address, title
from jupyter_mlsec.report.terminal import link, style

if TYPE_CHECKING:
    from jupyter_mlsec.rules.secrets.kind import Kind

# what to call the classes of `core.formats`; the others are just "characters"
_CLASSES = {
    "d": "digits",
    "hex": "hex digits",
    "HEX": "upper-case hex digits",
    "xX": "hex digits",
    "a": "lower-case letters",
    "A": "upper-case letters",
    "aA": "letters",
    "an": "letters and digits",
    "lan": "lower-case letters and digits",
    "AN": "upper-case letters and digits",
    "B32": "base32 characters",
    "b58": "base58 characters",
    "b64": "base64 characters",
    "b64=": "base64 characters",
    "u": "letters, digits and underscores",
    "w": "letters, digits, hyphens and underscores",
}
_CLASS = lazy(r"\{([A-Za-z0-9=]+):(\d+)(?:-(\d+)|(\+))?\}")
_FENCES = {
    "shell": "bash",
    "dockerfile": "dockerfile",
    "conda": "yaml",
    "actions": "yaml",
    "requirements": "text",
    "dotenv": "bash",
}


def placeholders(template: str) -> str:
    """A format for readers: `ghp_{an:36}` becomes `ghp_<36 letters and digits>`."""

    def words(match: re.Match[str]) -> str:
        name, least, most, more = match.groups()
        if name not in CLASSES:
            return match[0]
        if least == "1" and not most and not more:
            return "<1 character>"
        count = f"{least} to {most}" if most else f"{least} or more" if more else least
        return f"<{count} {_CLASSES.get(name, 'characters')}>"

    return _CLASS.sub(words, template)


def reason(rule: Rule) -> str:
    """Why the rule is there: its docstring without the indentation of the source."""
    from inspect import cleandoc

    return cleandoc(rule.reason)


def _code(example: Bad | Good, code: str) -> str:
    return placeholders(code) if example.secret else code


def rule_page(rule: Rule) -> str:
    """The rule's page in Markdown."""
    sections = [
        f"# {rule.id}",
        f"**{_sentence(rule.summary)}.**",
        reason(rule),
        f"Severity **{rule.severity.label}**, confidence **{rule.confidence.label}**, "
        f"family **{rule.family}**{_runs(rule)}.",
        _examples(rule),
        _silencing(rule),
    ]
    if rule.references:
        links = "\n".join(f"- {_link(reference)}" for reference in rule.references)
        sections.append(f"## References\n\n{links}")
    return "\n\n".join(section for section in sections if section) + "\n"


def _runs(rule: Rule) -> str:
    if rule.needs:
        return f", only where the setting `{rule.needs}` is given"
    return "" if rule.default else ", only when selected"


def _examples(rule: Rule) -> str:
    parts: list[str] = []
    bad = [e for e in rule.examples if isinstance(e, Bad)]
    good = [e for e in rule.examples if isinstance(e, Good)]
    if bad:
        parts.append("## Reported")
    for wrong in bad:
        parts.append(_fenced(_code(wrong, wrong.code), wrong.language))
        if wrong.fixed is not None:
            parts.append("`mlsec fix` makes it")
            parts.append(_fenced(_code(wrong, wrong.fixed), wrong.language))
    if good:
        parts.append("## Not reported")
    for right in good:
        parts.append(f"{_sentence(right.because)}:")
        parts.append(_fenced(_code(right, right.code), right.language))
    return "\n\n".join(parts)


def _fenced(code: str, language: str) -> str:
    # a fence must be longer than any run of backticks inside
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{_FENCES.get(language, language)}\n{code}\n{fence}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".:")


def _silencing(rule: Rule) -> str:
    return (
        "## When it is meant\n\n"
        f"End the line with `# mlsec: ignore[{rule.id}]` and the reason, or give the cell the tag "
        f"`mlsec-ignore-{rule.id}`. To turn the rule off everywhere, list it under `ignore` in "
        "`[tool.mlsec]`."
    )


def _link(reference: str) -> str:
    target = address(reference)
    return f"[{title(reference)}]({target})" if target else reference


def rules_index(rules: Iterable[Rule]) -> str:
    """The page that lists all rules, a table per family, in the order given."""
    families: dict[str, list[Rule]] = {}
    for rule in rules:
        families.setdefault(rule.family, []).append(rule)
    parts = ["# Rules"]
    for name, members in families.items():
        rows = "\n".join(
            f"| [{r.id}]({r.id}.md) | {_cell(r.summary)} | {r.severity.label} "
            f"| {r.confidence.label} | {_on(r)} "
            f"| {'yes' if _fixable(r) else ''} |"
            for r in members
        )
        head = "| rule | what | severity | confidence | on | fix |\n|---|---|---|---|---|---|"
        parts.append(f"## {name}\n\n{head}\n{rows}")
    return "\n\n".join(parts) + "\n"


def _on(rule: Rule) -> str:
    if rule.needs:
        return f"with `{rule.needs}`"
    return "yes" if rule.default else "when selected"


def _fixable(rule: Rule) -> bool:
    return any(isinstance(e, Bad) and e.fixed is not None for e in rule.examples)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def kinds_page(kinds: Iterable[Kind]) -> str:
    """The page that lists every kind of credential: its format, and what to do when it leaked."""
    vendors: dict[str, list[Kind]] = {}
    for kind in kinds:
        vendors.setdefault(kind.vendor, []).append(kind)
    parts = [
        "# Kinds of credentials",
        "A kind is selected or silenced together with its rule: "
        "`provider-token:openai-api-key`. Formats are those that the vendors publish.",
    ]
    for vendor in sorted(vendors, key=str.casefold):
        parts.append(f"## {vendor}")
        parts += [_kind(kind) for kind in sorted(vendors[vendor], key=lambda k: k.id)]
    return "\n\n".join(parts) + "\n"


def _kind(kind: Kind) -> str:
    formats = " or ".join(f"`{placeholders(template)}`" for template in kind.format)
    near = ", ".join(f"`{word}`" for word in kind.context)
    lines = [f"### {kind.id}", f"- Format: {formats}" + (f", near {near}" if near else "")]
    if kind.check is not None:
        lines.append("- Its checksum is verified.")
    lines.append(f"- If it leaked: {kind.revoke}")
    lines.append(f"- Published at: {kind.source}")
    return lines[0] + "\n\n" + "\n".join(lines[1:])


def explain_kind(kind: Kind, color: bool = False) -> str:
    """A kind of credential for the terminal, the same facts as in the list of kinds."""
    _, _, facts = _kind(kind).partition("\n\n")
    name = style(kind.id, "bold", color=color)
    severity = style(kind.severity.label, kind.severity, color=color)
    lines = [f"{name}: a kind of credential of {kind.vendor}", severity, "", facts.replace("`", "")]
    lines += ["", f"Selected or silenced as provider-token:{kind.id}"]
    return "\n".join(lines) + "\n"


def explain(rule: Rule, color: bool = False) -> str:
    """A rule for the terminal, the same facts as on its page."""
    severity = style(rule.severity.label, rule.severity, color=color)
    lines = [
        f"{style(rule.id, 'bold', color=color)}: {rule.summary}",
        f"{severity}, {rule.confidence.label} confidence, family {rule.family}",
        "",
        reason(rule),
    ]
    heading = ""
    for example in rule.examples:
        before = heading
        heading = "Reported:" if isinstance(example, Bad) else f"Not reported ({example.because}):"
        lines += [""] if heading == before else ["", style(heading, "bold", color=color)]
        lines += _indented(_code(example, example.code))
        if isinstance(example, Bad) and example.fixed is not None:
            lines += ["  fixed:", *_indented(_code(example, example.fixed))]
    lines += ["", style("When it is meant:", "bold", color=color)]
    lines += [f"    # mlsec: ignore[{rule.id}] the reason     (at the end of the line)"]
    lines += [f"    mlsec-ignore-{rule.id}     (as a tag of the cell)"]
    if rule.references:
        lines += ["", style("References:", "bold", color=color)]
        for reference in rule.references:
            target = address(reference)
            lines.append(f"    {title(reference)}" + (f"  {target}" if target else ""))
    page = DOCS.format(rule.id)
    lines += ["", link(page, page, color=color)]
    return "\n".join(lines) + "\n"


def _indented(code: str) -> list[str]:
    return [f"    {line}" for line in code.splitlines()]
