"""What outputs tell of the machine: users' names in paths, hosts, accounts in the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_mlsec.core.model import Confidence, Hit, Severity, Span
from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Bad, Good, Hint, family

if TYPE_CHECKING:
    from jupyter_mlsec.core.view import View

rule = family("outputs")

_PATH_HINTS = (
    Hint("outputs.path", r"/(?:home|Users)/[A-Za-z]", ("/home/", "/users/")),
    Hint("outputs.path", r"[A-Za-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/)[A-Za-z]", ("users",)),
)
_PATH = lazy(
    r"(?<![\w.])(?:/(?:home|Users)/|[A-Za-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/))"
    r"(?P<user>[A-Za-z][\w.-]*)"
)
# Users of images and of everybody's documentation.
_NOBODY = frozenset(
    "user users username me you your yourname runner runneradmin ubuntu jovyan root colab jupyter "
    "ec2-user vscode codespace studio-lab-user sagemaker-user app admin administrator default "
    "public shared guest test docker conda linuxbrew circleci travis node student name xxx "
    "zeus".split()
)
_HOST_HINTS = (
    Hint(
        "outputs.host",
        r"(?:10\.[0-9]{1,3}|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))\.[0-9]{1,3}\.[0-9]{1,3}",
        ("10.", "192.168", "172."),
    ),
    Hint(
        "outputs.host",
        r"[A-Za-z0-9-]\.(?:internal|corp|intranet|lan|local)(?:$|[^A-Za-z0-9_.-])",
        (".internal", ".corp", ".intranet", ".lan", ".local"),
        ignore_case=True,
    ),
)
_HOST = lazy(
    r"(?<![\w.-])(?P<host>(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}"
    r"|(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}(?:internal|corp|intranet|lan|local))"
    r"(?![\w-]|\.\w|\()"
)
# Accounts of AWS itself, which publish images and base systems for everybody
# (https://aws.github.io/deep-learning-containers/, Amazon EKS and SageMaker's user guides).
_PUBLIC = frozenset("763104351884 137112412989 602401143452 683313688378".split())
_ACCOUNT_HINTS = (
    Hint("outputs.account", r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]{12}", ("arn:aws",)),
    Hint("outputs.account", r"[0-9]{12}\.dkr\.ecr\.", (".dkr.ecr.",)),
    Hint("outputs.account", r"sagemaker-[a-z0-9-]{5,20}-[0-9]{12}", ("sagemaker-",)),
    Hint("outputs.account", r"/subscriptions/[0-9a-fA-F]{8}-", ("/subscriptions/",)),
    Hint(
        "outputs.account",
        r"[0-9]{10}-compute@developer|projects/[0-9]{10}",
        ("-compute@developer", "projects/"),
    ),
)
_ACCOUNT = lazy(
    r"(?:arn:aws[\w-]*:[a-z0-9-]*:[a-z0-9-]*:|sagemaker-[a-z0-9-]{5,20}-)(?P<aws>\d{12})(?!\d)"
    r"|(?<!\d)(?P<ecr>\d{12})(?=\.dkr\.ecr\.)"
    r"|/subscriptions/(?P<azure>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?<!\d)(?P<gcp>\d{10,13})(?=-compute@developer)"
    r"|projects/(?P<project>\d{10,13})(?!\d)"
)


@rule(
    "absolute-path-or-username",
    "An output shows a path with a user's name",
    severity=Severity.LOW,
    hints=_PATH_HINTS,
    parts=("output",),
    references=("CWE-200", "AML.T0036"),
    examples=(
        Bad('File "/home/akowalski/x.py", line 3', at="/home/akowalski", language="text"),
        Bad(r"C:\Users\akowalski\data.csv", at=r"C:\Users\akowalski", language="text"),
        Bad("PosixPath('/Users/akowalski/data')", at="/Users/akowalski", language="text"),
        Bad("saved to file:///home/akowalski/a.csv", at="/home/akowalski", language="text"),
        Good('File "/home/jovyan/x.py", line 3', because="the user of an image", language="text"),
        Good("/usr/lib/python3/x.py", because="nobody's folder", language="text"),
        Good("https://example.org/home/akowalski/", because="a page", language="text"),
        Good("cp a.csv /home/user/", because="nobody's name", language="text"),
    ),
    aggregate="{count} paths with a user's name in outputs",
)
def absolute_path_or_username(view: View) -> Iterator[Hit]:
    """A user's name is half of what a log-in takes, and paths tell how a machine is laid out."""
    for line in view.marked("outputs.path"):
        for match in _PATH.finditer(view.source, line.start, line.end):
            if match["user"].lower().strip(".") not in _NOBODY:
                yield Hit(
                    Span(*match.span()),
                    "a path with a user's name: run in a neutral folder, or strip it",
                    kind="user-path",
                    subject="user-path",
                )


@rule(
    "internal-host-or-ip",
    "An output shows an internal host or address",
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    hints=_HOST_HINTS,
    parts=("output",),
    references=("CWE-200",),
    examples=(
        Bad("connected to db1.prod.internal:5432", at="db1.prod.internal", language="text"),
        Bad("worker at 10.20.30.40", at="10.20.30.40", language="text"),
        Bad("http://192.168.4.17:8888/lab", at="192.168.4.17", language="text"),
        Bad("ping wiki.corp failed", at="wiki.corp", language="text"),
        Good("version 10.2.3", because="three numbers", language="text"),
        Good("worker at 127.0.0.1", because="every machine's own address", language="text"),
        Good("10.300.2.1 rows", because="no address", language="text"),
        Good("a local.internalize call", because="a longer word", language="text"),
    ),
    aggregate="{count} internal hosts or addresses in outputs",
    default=False,
)
def internal_host_or_ip(view: View) -> Iterator[Hit]:
    """Names and addresses of internal hosts tell an intruder where to go next."""
    for line in view.marked("outputs.host"):
        for match in _HOST.finditer(view.source, line.start, line.end):
            host = match["host"]
            if host[0].isdigit() and not all(
                int(n) < 256 for n in host.split(".")[:4] if n.isdigit()
            ):
                continue
            yield Hit(
                Span(*match.span("host")),
                "an internal host or address",
                kind="host-name",
                subject="host-name",
            )


@rule(
    "account-or-resource-id",
    "An output shows a cloud account's id",
    severity=Severity.LOW,
    hints=_ACCOUNT_HINTS,
    parts=("output",),
    references=("CWE-200", "AML.T0036"),
    examples=(
        Bad("arn:aws:iam::731946820571:role/sagemaker", at="731946820571", language="text"),
        Bad("731946820571.dkr.ecr.eu-west-1.amazonaws.com/x", at="731946820571", language="text"),
        Bad("s3://sagemaker-eu-west-1-731946820571/data", at="731946820571", language="text"),
        Bad("73194682057-compute@developer.gserviceaccount.com", at="73194682057", language="text"),
        Good("arn:aws:iam::123456789012:role/x", because="documentation's own", language="text"),
        Good("arn:aws:s3:::bucket/key", because="names no account", language="text"),
        Good("763104351884.dkr.ecr.us-east-1.amazonaws.com/x", because="AWS's", language="text"),
        Good("step 731946820571", because="a number", language="text"),
    ),
    aggregate="{count} ids of cloud accounts in outputs",
)
def account_or_resource_id(view: View) -> Iterator[Hit]:
    """An account's id is no secret by itself, but every attack on the account begins with it."""
    for line in view.marked("outputs.account"):
        for match in _ACCOUNT.finditer(view.source, line.start, line.end):
            name = match.lastgroup or ""
            value = match[name]
            made_up = value in "123456789012345678901234" or len(set(value)) < 3
            if made_up or value in _PUBLIC:
                continue
            yield Hit(
                Span(*match.span(name)),
                "the id of a cloud account: strip it",
                kind="account-id",
                subject="account-id",
            )
