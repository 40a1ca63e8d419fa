"""Rules about who else can read the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Edit, Fix, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint
from jupyter_mlsec.rules.data.family import rule

if TYPE_CHECKING:
    import ast

    from jupyter_mlsec.core.python import Call
    from jupyter_mlsec.core.shellwords import Command
    from jupyter_mlsec.core.view import View

_PUBLIC = lazy(r"public-read(?:-write)?|publicRead(?:Write)?|authenticated-read")
_EVERYBODY = lazy(r"(?:group:)?all(?:Authenticated)?Users(?::\w+)?", re.IGNORECASE)
_ACCESS = frozenset(("acl", "predefined_acl", "default_acl", "predefinedacl"))


@rule(
    "public-bucket-or-acl",
    "Everybody on the internet can read the data",
    severity=Severity.HIGH,
    hints=(
        Hint(
            "public-access",
            r"public-read|publicRead|[aA]ll(?:Authenticated)?Users|make_public[ \t]*\(|"
            r"public[_-]access|PublicAccess\.",
            (
                "public-read",
                "publicread",
                "allusers",
                "allauthenticatedusers",
                "make_public",
                "public_access",
                "public-access",
                "publicaccess.",
            ),
        ),
    ),
    languages=("python", "shell", "dockerfile"),
    references=("CWE-732", "AML.T0025"),
    examples=(
        Bad(
            's3.put_object(Bucket=b, Key="train.csv", Body=f, ACL="public-read")',
            at='"public-read"',
            fixed='s3.put_object(Bucket=b, Key="train.csv", Body=f)',
        ),
        Bad(
            's3.upload_file("a.csv", b, "a.csv", ExtraArgs={"ACL": "public-read"})',
            at='"public-read"',
        ),
        Bad("blob.make_public()", at="blob.make_public()"),
        Bad(
            "!gsutil acl ch -u AllUsers:R gs://acme/train.csv",
            at="AllUsers:R",
        ),
        Bad(
            "!aws s3 cp a.csv s3://acme/a.csv --acl public-read",
            at="public-read",
            fixed="!aws s3 cp a.csv s3://acme/a.csv",
        ),
        Bad(
            'policy.bindings.append({"role": "roles/viewer", "members": {"allUsers"}})',
            at='"allUsers"',
        ),
        Bad(
            'service.create_container("data", public_access="container")',
            at='"container"',
            fixed='service.create_container("data")',
        ),
        Good('s3.put_object(Bucket=b, Key=k, Body=f, ACL="private")', because="private"),
        Good("# never use public-read here", because="a comment"),
        Good('print("public-read is refused")', because="a text"),
        Good("!gsutil acl ch -u ann@example.org:R gs://acme/a.csv", because="one person"),
        Good("!gsutil acl ch -d AllUsers gs://acme/a.csv", because="access is taken away"),
        Good(
            "s3.put_public_access_block(Bucket=b, PublicAccessBlockConfiguration=c)",
            because="it forbids public access",
        ),
    ),
)
def public_bucket_or_acl(view: View) -> Iterator[Hit]:
    """Buckets are searched by machines all the time: what is public is copied within hours, and
    training data often holds what its owners would not publish. Keep the bucket private and share
    a signed URL with an end date, or grant single accounts.
    """
    if view.text.language == "python":
        for call in view.calls():
            yield from _in_call(view, call)
        yield from _members(view)
    for command in view.commands:
        yield from _in_command(view, command)


_MESSAGE = "everybody on the internet can read this; keep it private and share a signed URL"


def _in_call(view: View, call: Call) -> Iterator[Hit]:
    import ast

    if call.name.endswith(".make_public"):
        yield Hit(call.span, _MESSAGE)
    for keyword in call.node.keywords:
        name, value = keyword.arg or "", keyword.value
        text = view.code.constant(value, view.context.constants)
        public = name.lower() in _ACCESS and text is not None and _PUBLIC.fullmatch(text)
        if public or (name == "public_access" and text in ("blob", "container")):
            yield Hit(view.code.span(value), _MESSAGE, _without(view, call, keyword))
        elif isinstance(value, ast.Dict):
            yield from _in_dict(view, value)


def _in_dict(view: View, node: ast.Dict) -> Iterator[Hit]:
    for key, value in zip(node.keys, node.values, strict=True):
        named = key is not None and (view.code.constant(key) or "").lower() in _ACCESS
        text = view.code.constant(value, view.context.constants)
        if named and text is not None and _PUBLIC.fullmatch(text):
            yield Hit(view.code.span(value), _MESSAGE)


def _members(view: View) -> Iterator[Hit]:
    """`"members": {"allUsers"}` of a policy, wherever it stands."""
    import ast

    for node in view.code.nodes:
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None or view.code.constant(key) not in ("members", "member", "entity"):
                continue
            listed = value.elts if isinstance(value, ast.Set | ast.List | ast.Tuple) else [value]
            for member in listed:
                text = view.code.constant(member, view.context.constants)
                if text is not None and _EVERYBODY.fullmatch(text):
                    yield Hit(view.code.span(member), _MESSAGE)


def _without(view: View, call: Call, keyword: ast.keyword) -> Fix | None:
    """The fix that drops a keyword argument with the comma before or behind it."""
    span = view.code.span(keyword)
    before = view.source[call.span.start : span.start]
    after = view.source[span.end : call.span.end]
    lead, trail = re.search(r",\s*$", before), re.match(r"\s*,\s*", after)
    if lead:
        place = Span(span.start - len(lead[0]), span.end)
    elif trail:
        place = Span(span.start, span.end + len(trail[0]))
    else:
        place = span
    return Fix((Edit(place, "", view.text.cell),), False, "leave the access as it is: private")


def _in_command(view: View, command: Command) -> Iterator[Hit]:
    words = command.argv
    texts = [word.text for word in words]
    program = texts[0].rpartition("/")[2] if texts else ""
    if program not in ("gsutil", "aws", "gcloud", "az", "s3cmd", "bq"):
        return
    if any(text in ("-d", "remove-iam-policy-binding", "--remove-acl-grant") for text in texts):
        return
    for before, word in zip((None, *words), words, strict=False):
        _, _, value = word.text.rpartition("=")
        public = _PUBLIC.fullmatch(value) or _EVERYBODY.fullmatch(value)
        azure = program == "az" and (before and before.text) == "--public-access"
        if public or (azure and value in ("blob", "container")):
            fix = None
            if before is not None and before.text == "--acl":
                lead = re.search(r"\s*$", view.source[: before.span.start])
                start = before.span.start - len(lead[0] if lead else "")
                edit = Edit(Span(start, word.span.end), "", view.text.cell)
                fix = Fix((edit,), False, "leave the access as it is: private")
            yield Hit(word.span, _MESSAGE, fix)


RULES = (public_bucket_or_acl,)
