"""What crosses to the browser: offsets in UTF-16 units, comments that silence, TypeScript types."""

from __future__ import annotations

import json
from random import Random

import pytest

from jupyter_mlsec import wire
from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.ignoring import Comments
from jupyter_mlsec.core.model import Document, Span, Text
from jupyter_mlsec.core.suppress import suppression
from jupyter_mlsec.faces.server.wirer import Units, Wirer
from jupyter_mlsec.rules import ALL
from tests.server.documents import spliced

SCANNER = Scanner(ALL, Config(profile="pedantic"))


def document(*sources: str, language: str = "python") -> Document:
    texts = tuple(
        Text("source", language, source, number, f"c{number}")
        for number, source in enumerate(sources)
    )
    return Document("a.ipynb", "notebook", texts, len(texts), language)


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class TestUnits:
    @pytest.mark.parametrize(
        "text", ["", "abc", "äöü\nß", "😀", "a😀b\n😀😀c\n\nd", "\ud83d alone", "\u2028\r x\n😀"]
    )
    def test_every_place(self, text: str) -> None:
        found = Units(text)
        for at in range(len(text) + 1):
            assert found.offset(at) == units(text[:at])
            line, column = found.position(at)
            before = text[:at]
            start = before.rfind("\n") + 1
            assert line == before.count("\n") + 1
            assert column == units(before[start:]) + 1
            assert found.at(line, len(before) - start + 1) == at

    def test_random_texts(self) -> None:
        random = Random(1)
        for _ in range(200):
            text = "".join(random.choices("ab \nä😀\U0001f1e9é", k=random.randrange(60)))
            at = random.randint(0, len(text))
            assert Units(text).offset(at) == units(text[:at])


def test_equal_findings_have_ids_of_their_own() -> None:
    line = "!pip install --index-url http://packages.example.org/simple numpy==1.0"
    found = SCANNER.scan(document(line, f"{line}\n{line}"))
    wired = Wirer(document(line, f"{line}\n{line}")).findings(found)
    assert len({f.id for f in wired}) == len(wired)
    assert len({f.fingerprint for f in wired}) < len(wired)


def test_edits_are_the_fixes() -> None:
    source = "x = '😀'\n!pip install --index-url http://packages.example.org/simple numpy==1.0"
    given = document(source)
    wired = Wirer(given).findings(SCANNER.scan(given))
    (fix,) = [f.fix for f in wired if f.rule == "plain-http-index-or-url"]
    assert fix is not None
    edits = [json.loads(wire_json(edit)) for edit in fix.edits]
    assert spliced(source, *edits) == source.replace("http:", "https:")


def wire_json(value: wire.Wire) -> bytes:
    from msgspec.json import encode

    return encode(value)


# A place is marked by « and »; the comment is what is inserted, `…` for its own text. None: none.
AFTER, ABOVE = "  # mlsec: ignore[a-rule] {reason}", "# mlsec: ignore[a-rule] {reason}\n"


@pytest.mark.parametrize(
    ("language", "marked", "expected"),
    [
        ("python", "x = «1»", f"x = 1{AFTER}"),
        ("python", "x = «1»  # why\ny", f"x = 1  # why{AFTER}\ny"),
        ("python", "f(«1,\n  2»)\ny", f"f(1,{AFTER}\n  2)\ny"),
        ("python", "!pip install «a»\ny", f"!pip install a{AFTER}\ny"),
        ("python", "%pip install «a»", f"%pip install a{AFTER}"),
        ("python", "%env A=«b»", f"{ABOVE}%env A=b"),
        ("python", "if x:\n  %env A=«b»\n", f"if x:\n  {ABOVE}  %env A=b\n"),
        ("python", "%%bash\ncurl «a»", f"%%bash\ncurl a{AFTER}"),
        ("python", "%%time\nx = «1»", f"%%time\nx = 1{AFTER}"),
        ("python", "%%sql\nselect «1»", "%%sql\nselect 1  -- mlsec: ignore[a-rule] {reason}"),
        # an end of line in a string, behind a backslash, or that belongs to a file's text
        ("python", 's = """«a»\nb"""', f'{ABOVE}s = """a\nb"""'),
        ("python", 's = """a\n«b»\nc"""', None),
        ("python", 's = """a\n«b»"""', f's = """a\nb"""{AFTER}'),
        ("python", "x = «1» + \\\n  2", f"{ABOVE}x = 1 + \\\n  2"),
        ("python", "!pip \\\n  install «a» \\\n  b", None),
        ("python", "%%writefile a.py\nx = «1»", None),
        ("python", "%%env «A»", None),
        ("shell", "curl «a»", f"curl a{AFTER}"),
        ("r", "x <- «1»", f"x <- 1{AFTER}"),
        ("javascript", "x = «1»", "x = 1  // mlsec: ignore[a-rule] {reason}"),
        ("markdown", "a «b»\n\nc", "a b  <!-- mlsec: ignore[a-rule] {reason} -->\n\nc"),
        ("requirements", "«numpy»\n", f"numpy{AFTER}\n"),
        ("dotenv", "A=«b»\n", f"{ABOVE}A=b\n"),
        ("dockerfile", "FROM «a»\nRUN b", f"{ABOVE}FROM a\nRUN b"),
    ],
)
def test_where_a_comment_can_stand(language: str, marked: str, expected: str | None) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    source = marked.replace("«", "").replace("»", "")
    part = "source" if language in ("python", "shell", "r", "javascript", "markdown") else "file"
    text = Text(part, language, source, 0)  # type: ignore[arg-type]
    edit = Comments(text).ignore(Span(start, end), "a-rule")
    if expected is None:
        assert edit is None
        return
    assert edit is not None
    at = edit.span.start
    changed = source[:at] + edit.text + source[at:]
    assert changed == expected
    # and it does what it is for
    moved = start + len(edit.text) if at <= start else start
    told = changed.replace("{reason}", "a test")
    moved += len("a test") - len("{reason}") if at <= start else 0
    silenced = suppression(
        text._replace(text=told), Span(moved, moved + end - start), "a-rule", "family"
    )
    assert silenced == ("comment", "a test")


def test_the_typescript_has_every_type() -> None:
    import importlib.util
    from pathlib import Path

    file = Path(__file__).parent.parent / "docs" / "wire_ts.py"
    spec = importlib.util.spec_from_file_location("wire_ts", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.render()
    for cls in wire.TYPES:
        assert f"export interface I{cls.__name__}" in text
    assert "  ignoreComment: IEdit | null;" in text
    assert "  severity: 'critical' | 'high' | 'info' | 'low' | 'medium';" in text
