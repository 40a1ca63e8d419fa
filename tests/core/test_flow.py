"""The data-flow analysis, with a small language: `load` brings data, `check` checks it, `fit` and
`upload` are strong uses, `predict` a weak one. Cells are divided by lines of `---`."""

from __future__ import annotations

import ast
import re

import pytest

from jupyter_mlsec.core.flow.analysis import Found, flows
from jupyter_mlsec.core.flow.facts import EYEBALLED, INTEGRITY, SCHEMA, Format, Kind, Origin
from jupyter_mlsec.core.flow.knowledge import (
    Argument,
    Fetched,
    Judged,
    Knowledge,
    Load,
    Role,
    find,
)
from jupyter_mlsec.core.flow.texts import Texts, Written
from jupyter_mlsec.core.model import Document, Span, Text
from jupyter_mlsec.core.python import Call
from jupyter_mlsec.core.shellwords import Command
from jupyter_mlsec.core.view import Context


def judge(call: Call, load: Load, written: Written, what: ast.expr | None) -> Judged | None:
    if call.name == "open":
        return None  # what is at hand does not matter here
    return Judged(written.text or (ast.unparse(what) if what else "?"), Origin.REMOTE)


def judge_url(text: str) -> Judged | None:
    return Judged(text, Origin.REMOTE)


def fetched(command: Command) -> list[Fetched]:
    program, *words = [word.text for word in command.argv]
    if program == "fetch":
        return [Fetched("fetch", words[1], words[0])]
    if program == "unpack":
        return [Fetched("unpack", words[0], to=words[1])]
    return [Fetched("check", "")] if program == "sums" else []


LOADS = {
    "load": Load(Format.TABLE, hashes=("digest",), schemas=("schema",)),
    "acme.load_it": Load(Format.TABLE),
    "open": Load(Format.TEXT),
    "unpickle": Load(Format.OBJECTS),
    "download": Load(Format.TEXT, saves=Argument(1, ("to",))),
}
USES = {
    "fit": Kind.TRAINING,
    "upload": Kind.UPLOAD,
    "exec": Kind.EXECUTION,
    "predict": Kind.PREDICTION,
}


def role(name: str) -> Role:
    last = name.rpartition(".")[2]
    return Role(
        load=find(LOADS, name),
        checks={"check": SCHEMA, "checking": SCHEMA, "report": EYEBALLED}.get(last, 0),
        use=Kind.TRAINING if last.endswith("Trainer") else USES.get(last),
        saves=Argument(0) if last == "to_csv" else None,
        unpacks=Argument(0) if last == "extractall" else None,
        shows=last in ("print", "info"),
        clean=last in ("len", "print"),
    )


KNOWLEDGE = Knowledge(
    role, lambda: frozenset(("Row",)), judge, judge_url, lambda _: False, fetched, ("!",)
)


def context(source: str, counts: tuple[int | None, ...] = ()) -> Context:
    cells = source.split("\n---\n")
    counts = counts or (None,) * len(cells)
    texts = tuple(
        Text("source", "python", cell, number, execution=count)
        for number, (cell, count) in enumerate(zip(cells, counts, strict=True))
    )
    made = Context(Document("a", "notebook", texts, len(texts)))
    made.marks = {
        number: {"load": tuple(Span(*m.span()) for m in re.finditer(pattern, text.text))}
        for number, text in enumerate(texts)
        if re.search(pattern := r"load\(|import load_it as|unpickle\(|!fetch[^\n]*", text.text)
    }
    return made


def found(source: str, counts: tuple[int | None, ...] = ()) -> tuple[Found, ...]:
    return flows(context(source, counts), KNOWLEDGE, ("load",))


def said(source: str, counts: tuple[int | None, ...] = ()) -> str:
    """`name: use [cells of the way] checks`, of each flow."""
    lines = []
    for flow, sure in found(source, counts):
        checks = {EYEBALLED: " looked at", SCHEMA: " schema", INTEGRITY: " digest"}
        words = "".join(word for bit, word in checks.items() if flow.checks & bit)
        cells = ",".join(str(step.text) for step in flow.way)
        unsure = "" if sure else " unsure"
        lines.append(f"{flow.source.name}: {flow.kind.name.lower()} [{cells}]{words}{unsure}")
    return "; ".join(lines)


REACHES = [
    ("d = load('a')\nm.fit(d)", "a: training [0,0]"),
    ("d = load('a')\n---\nm.fit(d)", "a: training [0,1]"),
    ("d = load('a')\n---\nx = d['c']\n---\nm.fit(x)", "a: training [0,1,2]"),
    ("d = load('a')\n---\nprint(1)\n---\nm.fit(d.values)", "a: training [0,2]"),
    ("m.fit(load('a'))", "a: training [0,0]"),
    ("m.fit(data=load('a'))", "a: training [0,0]"),
    ("m.fit(*load('a'))", "a: training [0,0]"),
    ("m.fit(**load('a'))", "a: training [0,0]"),
    ("load('a').clean().pipe(f).upload()", "a: upload [0,0]"),
    ("d = load('a')\nd.upload()", "a: upload [0,0]"),
    ("d = load('a')\nexec(d.code)", "a: execution [0,0]"),
    ("d = load('a')\np = m.predict(d)", "a: prediction [0,0]"),
    ("d = load('a')\nm.predict(d)\nm.fit(d)", "a: training [0,0]"),
    ("x, y = split(load('a'))\nm.fit(x, y)", "a: training [0,0]"),
    ("(x, y), z = load('a')\nm.fit(y)", "a: training [0,0]"),
    ("x, *y = load('a')\nm.fit(y)", "a: training [0,0]"),
    ("x, y = 1, load('a')\nm.fit(y)", "a: training [0,0]"),
    ("d: Table = load('a')\nm.fit(d)", "a: training [0,0]"),
    ("d = []\nd += load('a')\nm.fit(d)", "a: training [0,0]"),
    ("m.fit(d := load('a'))", "a: training [0,0]"),
    ("d = {}\nd['k'] = load('a')\nm.fit(d)", "a: training [0,0]"),
    ("c.data = load('a')\nm.fit(c.data)", "a: training [0,0]"),
    ("rows = []\nrows.append(load('a'))\nm.fit(rows)", "a: training [0,0]"),
    ("m.fit([r.x for r in load('a')])", "a: training [0,0]"),
    ("m.fit({k: v for k, v in load('a')})", "a: training [0,0]"),
    ("d = load('a')\nm.fit(d if big else d[:3])", "a: training [0,0]"),
    ("with load('a') as d:\n    m.fit(d)", "a: training [0,0]"),
    ("for row in load('a'):\n    m.fit(row)", "a: training [0,0]"),
    ("while True:\n    m.fit(load('a'))", "a: training [0,0]"),
    ("if x:\n    d = load('a')\nelse:\n    d = None\nm.fit(d)", "a: training [0,0]"),
    ("try:\n    d = load('a')\nexcept OSError:\n    d = load('b')\nm.fit(d)",
     "a: training [0,0]; b: training [0,0]"),
    ("match x:\n    case 1:\n        d = load('a')\nm.fit(d)", "a: training [0,0]"),
    ("async def f():\n    m.fit(await load('a'))", "a: training [0,0]"),
    ("d = load('a').map(lambda r: r.x)\nm.fit(d)", "a: training [0,0]"),
    ("load('a').map(lambda r: m.fit(r))", "a: training [0,0]"),
    ("loader = DataLoader(load('a'))\n---\nfor b in loader:\n    m.fit(b)", "a: training [0,1]"),
    ("t = MyTrainer(m, train_dataset=load('a'))", "a: training [0,0]"),
    # functions of the notebook
    ("def get():\n    return load('a')\n---\nm.fit(get())", "a: training [0,1]"),
    ("def get(n):\n    return load(n)\n---\nm.fit(get('a'))", "a: training [0,1]"),
    ("def get(n='a'):\n    return load(n)\n---\nm.fit(get())", "a: training [0,1]"),
    ("def train(d):\n    m.fit(d)\n---\ntrain(load('a'))", "a: training [1,0]"),
    ("def main():\n    d = load('a')\n    m.fit(d)\nlaunch(main)", "a: training [0,0]"),
    ("def rows():\n    yield load('a')\nm.fit(rows())", "a: training [0,0]"),
    ("d = load('a')\ndef get():\n    return d\n---\nm.fit(get())", "a: training [0,1]"),
    ("!fetch a f.csv\n---\np = 'f.csv'\n---\nm.fit(q(p))", "a: training [0,1,2]"),
    ("def train(m, d):\n    m.fit(d)\nd = load('a')\n---\nlaunch(train, (m, d))",
     "a: training [0,0]"),
    ("def train(m, d):\n    m.fit(d)\nd = load('a')\n---\nargs = (m, d)\nlaunch(train, args)",
     "a: training [0,0]"),
    ("def train(d):\n    m.fit(d)\nThread(target=train, args=(load('a'),))", "a: training [0,0]"),
    ("class D:\n    def setup(self):\n        self.d = load('a')\n---\nm.fit(D())",
     "a: training [0,1]"),
    # names of imports, and files
    ("from acme import load_it as l\n---\nm.fit(l('a'))", "a: training [1,1]"),
    ("download('a', 'f.csv')\nm.fit(open('f.csv').read())", "a: training [0,0]"),
    ("download('a', path)\nm.fit(open(path).read())", "a: training [0,0]"),
    ("p = download('a')\nm.fit(p)", "a: training [0,0]"),
    ("!fetch a f.csv\n---\nm.fit(open('f.csv'))", "a: training [1,1]"),
    ("!fetch a f.zip\n!unpack f.zip data\n---\nm.fit(open('data/f.csv'))", "a: training [1,1]"),
    ("download('a', 'f.tar')\nopen('f.tar').extractall('d')\nm.fit(open('d/x'))",
     "a: training [0,0]"),
    ("load('a').to_csv('b.csv')\n---\nm.fit('b.csv')", "a: training [0,1]"),
    ("load('a').to_csv(f'{r}/b')\n---\np = f'{r}/b'\n---\nm.fit(p)", "a: training [0,1,2]"),
    ("!fetch a f.zip\n!unpack f.zip .\nr = 'd'\n---\nm.fit(open(os.path.join(r, 'x')))",
     "a: training [1,1]"),
    ("with open('f.bin', 'wb') as f:\n    f.write(load('a'))\nm.fit(open('f.bin'))",
     "a: training [0,0]"),
    # a cell that does not parse neither hides nor clears
    ("d = load('a')\n---\nthis is no Python\n---\nm.fit(d)", "a: training [0,2]"),
    ("d = load('a')\n---\nassert d.x ==\n---\nm.fit(d)", "a: training [0,2]"),
    ("d = load('a')\n---\nassert d.x ==\nd = 1\n---\nm.fit(d)", ""),
    ("this is no Python\nd = load('a')\nm.fit(d)", "a: training [0,0]"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), REACHES)
def test_data_reaches_its_uses(source: str, expected: str) -> None:
    assert said(source) == expected


STOPS = [
    "d = load('a')",
    "d = load('a')\nd = 1\nm.fit(d)",
    "d = load('a')\ndel d\nm.fit(d)",
    "d = load('a')\n---\nd = other()\n---\nm.fit(d)",
    "d = load('a')\nfor d in others:\n    pass\nd = 3\nm.fit(d)",
    "d = load('a')\nm.fit(len(d))",
    "d = load('a')\nm.fit(e)",
    "d = load('a')\nm.fit(big=d.n > 3)",
    "def f(d):\n    m.fit(d)\nd = load('a')",
    "x, y = load('a'), 1\nm.fit(y)",
    "t = MyTrainer(args=load('a'))",
    "m.fit(d)\nd = load('a')",
    "d = load('a')\nraise SystemExit\nm.fit(d)",
    "download('a', 'f.csv')\nm.fit(open('g.csv'))",
    "def get():\n    d = load('a')\n    return 1\nm.fit(get())",
    "[d for d in load('a')]\nm.fit(d)",
]


@pytest.mark.parametrize("source", STOPS)
def test_other_values_do_not(source: str) -> None:
    assert said(source) == ""


CHECKED = [
    ("check(d)", "schema"),
    ("x = d.y\ncheck(x)", "schema"),
    ("Row(**d[0])", "schema"),
    ("Row.of(d)", "schema"),
    ("assert d.shape == (3,)", "schema"),
    ("assert len(d) > 3", "schema"),
    ("if d.empty:\n    raise ValueError", "schema"),
    ("if not d.empty:\n    pass\nelse:\n    raise ValueError", "schema"),
    ("if d.empty:\n    print('no')\n    sys.exit(1)", "schema"),
    ("ok = d.x\nassert ok", "schema"),
    ("for row in d:\n    check(row)", "schema"),
    ("for row in d:\n    assert row.x", "schema"),
    ("if x:\n    check(d)\nelse:\n    check(d)", "schema"),
    ("if x:\n    check(d)\nelse:\n    raise ValueError", "schema"),
    ("with c:\n    check(d)", "schema"),
    ("try:\n    check(d)\nfinally:\n    pass", "schema"),
    ("try:\n    check(d)\nexcept ValueError:\n    raise", "schema"),
    ("def look(t):\n    assert t.x\nlook(d)", "schema"),
    (
        "def look(t):\n    if not t.x:\n        raise ValueError\n    return t\nd = look(d)",
        "schema",
    ),
    ("d = d.pipe(look)\ndef look(t):\n    assert t.x\n    return t", "schema"),
    ("@checking\ndef clean(t):\n    return t\nd = clean(d)", "schema"),
    ("import hashlib\nassert hashlib.sha256(d).hexdigest() == 'f'", "digest"),
    ("h = sha256(d)\nif h != 'f':\n    raise ValueError", "digest"),
    ("d.info()", "looked at"),
    ("print(d.x)", "looked at"),
    ("d.head()\n---\n", "looked at"),
    ("d\n---\n", "looked at"),
    ("report(d)", "looked at"),
    ("check(d)\nd.info()", "looked at schema"),
    # no checks: not on every way, not able to stop it, of other data
    ("if x:\n    check(d)", ""),
    ("try:\n    check(d)\nexcept ValueError:\n    pass", ""),
    ("try:\n    pass\nexcept ValueError:\n    check(d)", ""),
    ("def look(t):\n    if t:\n        return\n    check(t)\nlook(d)", ""),
    ("if d.empty:\n    print('empty')", ""),
    ("if d.empty:\n    raise ValueError\nelse:\n    raise ValueError\n---\n", ""),
    ("check(e)", ""),
    ("assert n <= len(d)", ""),
    ("assert 100 <= len(d)", "schema"),
    ("assert d.n <= len(d)", "schema"),
    ("assert e.x", ""),
    ("x = d.dropna()\ncheck(x.y) if False else None", "schema"),
    ("d = d.dropna().fillna(0).astype(int)", ""),
    ("d.head()\nx = 1", ""),
    ("check(d)\nd = load('a')", ""),
    ("assert d.x ==", ""),
]


@pytest.mark.parametrize(("middle", "checks"), CHECKED)
def test_checks_count_where_they_can_stop_it(middle: str, checks: str) -> None:
    (flow,) = found(f"d = load('a')\n{middle}\nm.fit(d)")
    words = said(f"d = load('a')\n{middle}\nm.fit(d)").partition("]")[2].strip()
    assert (flow.flow.source.name, words) == ("a", checks)


FILES_CHECKED = [
    ("!fetch a f.csv\n!sums -c\nm.fit(open('f.csv'))", "digest"),
    ("!fetch a f.csv\nassert sha256(open('f.csv')) == 'f'\nm.fit(open('f.csv'))", "digest"),
    ("download('a', 'f.csv')\nm.fit(open('f.csv'))", ""),
    ("m.fit(load('a', digest='f'))", "digest"),
    ("m.fit(load('a', schema=s))", "schema"),
]


@pytest.mark.parametrize(("source", "checks"), FILES_CHECKED)
def test_digests_of_files(source: str, checks: str) -> None:
    assert said(source).partition("]")[2].strip() == checks


def test_each_source_is_told_once_by_its_worst_use() -> None:
    assert said("d = load('a')\nm.fit(d)\nm.fit(d)") == "a: training [0,0]"
    assert said("m.predict(load('a'))\n---\nm.fit(load('a'))") == "a: training [1,1]"
    assert said("d = load('a')\ncheck(d)\nm.fit(d)\n---\nm.fit(load('a'))") == "a: training [1,1]"
    two = "a: training [0,0]; b: upload [0,0]"
    assert said("m.fit(load('a'))\nupload(load('b'))") == two


@pytest.mark.parametrize(
    ("source", "counts", "expected"),
    [
        ("d = load('a')\n---\nm.fit(d)", (1, 2), "a: training [0,1]"),
        ("d = load('a')\n---\nm.fit(d)", (2, 1), "a: training [0,1] unsure"),
        ("m.fit(d)\n---\nd = load('a')", (2, 1), "a: training [1,0] unsure"),
        ("d = load('a')\n---\nm.fit(d)\n---\ncheck(d)", (1, 3, 2), "a: training [0,1] unsure"),
        ("d = load('a')\n---\nm.fit(d)\n---\nx", (1, 2, 1), "a: training [0,1]"),
        ("d = load('a')\n---\nm.fit(d)\n---\nx", (4, None, 3), "a: training [0,1]"),
    ],
)
def test_the_order_in_which_cells_ran_counts_too(
    source: str, counts: tuple[int | None, ...], expected: str
) -> None:
    assert said(source, counts) == expected


def test_formats_get_worse_where_objects_are_read() -> None:
    (one,) = found("m.fit(unpickle(load('a')))")
    assert one.flow.source.format is Format.OBJECTS
    assert one.flow.source.step.span == Span(15, 24)


NAMES = [
    ("u = 'a'\nload(u)", "a"),
    ("u = 'a'\n---\nu = 'b'\n---\nload(u)", "b"),
    ("u = 'a'\nu = 'b'\nload(u)\nu = 'c'", "b"),
    ("load('a' + x)", "a"),
    ("load(f'a/{x}')", "a/"),
    ("r = 'a'\nfor n in names:\n    u = r + '/' + n\n    load(u)", "a/"),
    ("us = ['a', 'b']\nload(us[0])", "a"),
    ("load(Path('a') / n)", "a"),
    ("load('a/{}'.format(n))", "a/"),
    ("for n, u in ((1, 'a'), (2, 'b')):\n    load(u)", "a"),
    ("load(unknown)", "unknown"),
    ("load(c.path)", "c.path"),
    ("u = u + 'a'\nload(u)", "u"),
]


@pytest.mark.parametrize(("source", "name"), NAMES)
def test_what_is_loaded_has_a_name(source: str, name: str) -> None:
    last = source.rpartition("load(")
    (one,) = found(
        f"{last[0]}m.fit(load({last[2]}".replace(")\nu = 'c'", "))\nu = 'c'")
        + ("" if "'c'" in source else ")")
    )
    assert one.flow.source.name == name


def test_nothing_is_done_without_a_load() -> None:
    made = context("m.fit(d)")
    assert flows(made, KNOWLEDGE, ("load",)) == ()
    assert made._codes == {}


def test_cells_that_do_not_matter_are_not_parsed() -> None:
    made = context("x = 1\n---\nd = load('a')\n---\ny = 2\n---\nm.fit(d)\n---\nz = d")
    flows(made, KNOWLEDGE, ("load",))
    parsed = {text.text for text in made.document.texts if id(text) in made._codes}
    assert parsed == {"d = load('a')", "m.fit(d)"}


@pytest.mark.parametrize(
    "source",
    [
        "d = load('a')\n" + "d = f(" * 90 + "d" + ")" * 90,
        "d = load('a')\nm.fit(" + " + ".join(["d"] * 3000) + ")",
        "def f():\n    return f(load('a'))\nm.fit(f())",
        "def f(x):\n    g(x); g(x)\ndef g(x):\n    f(x); f(x)\nf(load('a'))",
        "d = load('a')\n" + "if d:\n    d = g(d)\n" * 300 + "m.fit(d)",
    ],
)
def test_hard_code_is_analysed_in_time(source: str) -> None:
    assert len(found(source)) <= 1


def test_what_is_too_deep_spoils_nothing_behind_it() -> None:
    deep = "f(" * 2000 + "d" + ")" * 2000
    function = "def g(d):\n    x = " + " + ".join(["d"] * 2000)
    source = f"{function}\nd = load('a')\n---\ng(d)\n---\nm.fit(d)"
    assert said(source) == "a: training [0,2]"
    assert said(f"d = load('a')\n---\nd = {deep}\n---\nm.fit(d)").startswith("a: training")


def test_strings_are_known_at_a_point() -> None:
    made = context("a = 'x'\na = 'y'\nb = a\n---\na = 'z'")
    texts = Texts(made, made.document.texts)
    lines = []
    for text, line in ((0, 2), (0, 3), (1, 1), (1, 2)):
        texts.move(made.document.texts[text], line)
        lines.append(texts.get("a"))
    assert lines == ["x", "y", "y", "z"]
