"""Write what comes from the code: documentation and TypeScript types. `--check` says what is stale.

The pages are pure functions of the rules, the credential kinds and the configuration; this script
only knows where they belong. `make gen` runs it, `make test` runs the check.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the table of channels

import wire_ts

from jupyter_mlsec.core.settings import json_schema
from jupyter_mlsec.report import docs
from jupyter_mlsec.report.schema import schema
from jupyter_mlsec.rules import ALL
from jupyter_mlsec.rules.detect_secrets import plugin_rule
from jupyter_mlsec.rules.secrets import KINDS
from tests.leaks import listing

ROOT = Path(__file__).parent


def generated() -> dict[Path, str]:
    """What belongs in each generated file."""
    rules = (*ALL, plugin_rule())
    pages = {ROOT / "rules" / f"{rule.id}.md": docs.rule_page(rule) for rule in rules}
    pages[ROOT / "rules" / "README.md"] = docs.rules_index(rules)
    pages[ROOT / "kinds.md"] = docs.kinds_page(KINDS)
    pages[ROOT / "decisions" / "README.md"] = decisions()
    model = ROOT / "threat-model.md"
    pages[model] = listing.page(model.read_text("utf-8"))
    pages[ROOT / "config.schema.json"] = json.dumps(json_schema(), indent=2) + "\n"
    pages[ROOT / "report.schema.json"] = json.dumps(schema(), indent=2) + "\n"
    pages[ROOT.parent / "labextension" / "src" / "wire.ts"] = wire_ts.render()
    return pages


def decisions() -> str:
    """The page that lists the decision records."""
    records = sorted((ROOT / "decisions").glob("[0-9]*.md"))
    titles = {path.name: path.read_text("utf-8").partition("\n")[0][2:] for path in records}
    rows = "".join(f"- [{title}]({name})\n" for name, title in titles.items())
    return f"# Decisions\n\nWhy things are as they are, half a page each.\n\n{rows}"


def stale(pages: dict[Path, str]) -> list[Path]:
    """The files that are missing, differ, or belong to no rule any more."""
    differing = [
        path
        for path, text in pages.items()
        if not path.exists() or path.read_bytes() != text.encode()
    ]
    return sorted(differing + [p for p in (ROOT / "rules").glob("*.md") if p not in pages])


def main(arguments: list[str]) -> int:
    pages = generated()
    paths = stale(pages)
    if arguments == ["--check"]:
        for path in paths:
            print(f"{path.relative_to(ROOT.parent)}: stale, run `make gen`", file=sys.stderr)
        return 1 if paths else 0
    for path in paths:
        if path in pages:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pages[path].encode())
        else:
            path.unlink()
        print(path.relative_to(ROOT.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
