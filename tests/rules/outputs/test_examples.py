"""The examples of the rules about outputs, through the prefilter, and more of each kind."""

from __future__ import annotations

import re
import time
from random import Random

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.model import Document, Hit, Text
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.rules import outputs

BAD = [(r, e) for r in outputs.RULES for e in r.examples if isinstance(e, Bad)]
GOOD = [(r, e) for r in outputs.RULES for e in r.examples if isinstance(e, Good)]
SCANNER = Scanner(outputs.RULES, Config(select=tuple(rule.id for rule in outputs.RULES)))


def hits(text: str, rule: str | None = None, language: str = "text") -> list[Hit]:
    document = Document("a", "notebook", (Text("output", language, text, 0, None, 0),), 1)
    return [p.hit for p in SCANNER.hits(document) if rule in (None, p.rule.id)]


@pytest.mark.parametrize(("rule", "example"), BAD, ids=lambda v: getattr(v, "id", None))
def test_bad(rule: Rule, example: Bad) -> None:
    found = hits(example.code, rule.id, example.language)
    assert [example.code[h.span.start : h.span.end] for h in found] == [example.at]


@pytest.mark.parametrize(("rule", "example"), GOOD, ids=lambda v: getattr(v, "id", None))
def test_good(rule: Rule, example: Good) -> None:
    assert hits(example.code, rule.id, example.language) == []


@pytest.mark.parametrize("rule", outputs.RULES, ids=lambda rule: rule.id)
def test_rule_is_documented(rule: Rule) -> None:
    assert rule.reason
    assert any(isinstance(e, Bad) for e in rule.examples)
    assert any(isinstance(e, Good) for e in rule.examples)
    assert all(re.fullmatch(r"CWE-\d+|ML\d\d|AML\.T\d{4}(\.\d{3})?", r) for r in rule.references)


def luhn(body: str) -> str:
    """The digits with the checksum that makes them valid."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return body + str(-total % 10)


def card(random: Random) -> str:
    return luhn("4539" + "".join(random.choices("0123456789", k=11)))


PERSONAL = [
    # kind, text
    ("e-mail", "From: Ann <ann.smith@contoso.de>"),
    ("e-mail", "<td>ann.smith@contoso.co.uk</td>"),
    ("e-mail", "('ann_smith+news@contoso.fr', 3)"),
    ("e-mail", "mailto:ann.smith@contoso.fr"),
    ("e-mail", "contact:ann.smith@contoso.fr,"),
    ("e-mail", "https://contoso.fr?to=ann.smith@contoso.fr"),
    ("e-mail", "postgres://u:p@db.contoso.fr/x ann.smith@contoso.fr"),
    ("phone", "+1.650.253.0000"),
    ("phone", "tel. +1 650-253-0000"),
    ("phone", "+442083661177"),
    ("phone", "(650) 253-0000"),
    ("phone", "       phone\n0  650-253-0000"),
    ("iban", "DE75 5121 0800 1245 1261 99"),
    ("iban", "FR1420041010050500013M02606"),
    ("us-ssn", "name,ssn\nAnn,536-90-4399"),
    ("spain-dni", "dni: 54362315K"),
    ("italy-codice-fiscale", "codice fiscale: RCCMNL83S18D969H"),
    ("denmark-cpr", "cpr 130161-4633"),
    ("denmark-cpr", "cpr 2110625629"),
    ("poland-pesel", "  pesel\n0 44051401359"),
    ("netherlands-bsn", "bsn 111222333"),
    ("china-id", "360426199101010071"),
    ("mexico-curp", "CURP BOXW310820HNERXN09"),
    ("chile-rut", "12.531.909-2"),
]


@pytest.mark.parametrize(
    ("kind", "text"), PERSONAL, ids=[f"{k}-{n}" for n, (k, _) in enumerate(PERSONAL)]
)
def test_personal_data(kind: str, text: str) -> None:
    assert [h.kind for h in hits(text, "pii-in-output")] == [kind]


@pytest.mark.parametrize("seed", range(5))
def test_cards(seed: int) -> None:
    number = card(Random(seed))
    spaced = " ".join(number[i : i + 4] for i in range(0, 16, 4))
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert [h.kind for h in hits(spaced)] == ["payment-card"]
    assert [h.kind for h in hits(f"  card_number\n0 {number}")] == ["payment-card"]
    assert hits(f"  id\n0 {number}") == []
    assert hits(f"  card_number\n0 {wrong}") == []
    assert hits(f"card weights 0.{number}") == []


def test_a_word_on_each_line_is_looked_behind_once() -> None:
    """It took a minute for a hundred thousand lines."""
    lines = [f"ssn phone card {n}" for n in range(30_000)]
    lines[20_000] = "ssn 536-90-4399 phone 650-253-0000"
    begin = time.process_time()
    assert sorted(h.kind or "" for h in hits("\n".join(lines))) == ["phone", "us-ssn"]
    assert time.process_time() - begin < 15


def test_a_word_in_the_middle_of_a_long_line() -> None:
    text = "ssn " + "x " * 10_000 + "ssn 536-90-4399"
    assert [h.kind for h in hits(text)] == ["us-ssn"]


# kind, header, python-stdnum's module, how the numbers are written
COLUMNS = [
    ("uk-nhs-number", "nhs", "gb.nhs", "{:010}"),
    ("poland-pesel", "pesel", "pl.pesel", "{:011}"),
    ("netherlands-bsn", "bsn", "nl.bsn", "{:09}"),
    ("brazil-cpf", "cpf", "br.cpf", "{:011}"),
    ("payment-card", "card_number", "luhn", "4{:015}"),
    ("iban", "account", "iban", "DE{:020}"),
    ("chile-rut", "rut", "cl.rut", "{0:08}"),
]


def _number(random: Random, module: str, form: str, *, valid: bool) -> str:
    """A number that the checksum holds for, or any that looks like it."""
    from importlib import import_module

    check = import_module(f"stdnum.{module}").is_valid
    while True:
        number = form.format(random.randrange(10 ** int(form[-3:].strip(":}") or 8)))
        if form == "{0:08}":  # 12.345.678-9
            number = f"{number[:2]}.{number[2:5]}.{number[5:]}-{random.randrange(10)}"
        if not valid or check(number):
            return number


def _printed(rows: list[list[str]], header: list[str], kind: str) -> str:
    if kind == "text":
        return "\n".join(" ".join(f"{cell:>28}" for cell in row) for row in [header, *rows])
    lines = [[f"<td>{cell}</td>" for cell in row] for row in [header, *rows]]
    return "<table>\n" + "\n".join("<tr>\n" + "\n".join(row) + "\n</tr>" for row in lines)


@pytest.mark.parametrize("printed", ["text", "html"])
@pytest.mark.parametrize("column", COLUMNS, ids=[row[0] for row in COLUMNS])
def test_a_column_is_told_by_its_checksums(column: tuple[str, str, str, str], printed: str) -> None:
    kind, name, module, form = column
    random = Random(name)
    real, other = (
        [_number(random, module, form, valid=valid) for _ in range(12)] for valid in (True, False)
    )
    rows = [list(pair) for pair in zip(real, other, strict=True)]
    found = hits(_printed(rows, [name, "x"], printed), "pii-in-output", printed)
    text = _printed(rows, [name, "x"], printed)
    assert {text[h.span.start : h.span.end] for h in found if h.kind == kind} == set(real)
    alone = [[number] for number in other]
    assert hits(_printed(alone, [name], printed), "pii-in-output", printed) == []


NOTHING = [
    "NHS trust spend\n" + "\n".join(str(7899619912 + 1111 * n) for n in range(40)),
    "NIR band\n" + "\n".join(str(1600000000123 + 7919 * n) for n in range(40)),
    "visa applications\n" + "\n".join(str(4821635251162378 + 977 * n) for n in range(40)),
    "\n".join(f"delta +{Random(n).randrange(10**10, 10**11)} bytes" for n in range(99)),
    "\n".join(f"4539-{1488 + n}-0343-{6467 + 3 * n}" for n in range(40)),
    "@decorator.property",
    "git@github.com:org/repo.git",
    "https://user@host.example.org/x",
    "icon@2x.png",
    "package@1.2.3",
    "noreply@contoso.de",
    "a@b.com",
    "list-unsubscribe@contoso.de",
    "ann@contoso.invalid",
    "loss: +1.0000 2.0000 3.0000",
    "shape (512, 512) 123-4567",
    "2023-10-11 12:30:00",
    "536-90-439",
    "checksum 360426199101010072",
    "sha1 DE75512108001245126199abc",
    "1234 5678 9012 3456",
    "6011000000000000",
    "00000000-0000-0000-0000-000000000000",
    "[[4.1 5.2] [4000 4000 4000 4000]]",
    "[[4539 1488 0343 6467]\n [1024 4539 1488 0343 6467]]",
    "+48.856614123 +2.352221900",
    "position +43.50451316+007.4105/",
    "CPR by time of admission\n1301614633",
    "ftp://ann:secret@files.contoso.de/x",
    "model@v1.onnx torch@2.1.0.dev ann@cluster.prod",
]


@pytest.mark.parametrize("text", NOTHING)
def test_nothing(text: str) -> None:
    assert hits(text, "pii-in-output") == []


def test_hints_compile_for_hyperscan() -> None:
    hyperscan = pytest.importorskip("hyperscan")
    hints = [hint for rule in outputs.RULES for hint in rule.hints]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[hint.pattern.encode() for hint in hints],
        ids=list(range(len(hints))),
        elements=len(hints),
        flags=[hyperscan.HS_FLAG_MULTILINE] * len(hints),
    )
    found: list[int] = []
    database.scan(b"ann@contoso.de", match_event_handler=lambda i, *_: found.append(i))
    assert found
