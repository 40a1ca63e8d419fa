"""E-mail addresses and telephone numbers."""

from __future__ import annotations

from jupyter_mlsec.core.patterns import lazy
from jupyter_mlsec.core.rule import Hint
from jupyter_mlsec.rules.outputs.detector import NAMED, Detector

HINTS = (
    Hint("outputs.e-mail", r"[\w.%+-]@[A-Za-z0-9-]+\.[A-Za-z0-9]", ("@",)),
    Hint("outputs.phone", r"\+[1-9][0-9 ().-]{8}", ("+",), leading=True),
    Hint("outputs.phone", r"\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}", ("(",), leading=True),
)

# Of nobody: reserved (RFC 2606 and 6761), or made up by everybody's documentation.
_NOBODY = frozenset(
    "example.com example.org example.net example.edu email.com mail.com domain.com test.com "
    "company.com yourdomain.com mydomain.com host.com acme.com foo.com bar.com".split()
)
_NO_DOMAIN = frozenset(
    "example test invalid localhost local internal lan png jpg jpeg gif svg webp pdf py pyc ipynb "
    "js ts css html json yaml yml toml txt csv md so whl gz zip tar sh cfg ini log onnx pt pth "
    "ckpt safetensors gguf bin parquet pkl h5 npy npz prod staging".split()
)
# Offices, machines and lists, not people.
_OFFICES = frozenset(
    "info support contact help sales admin administrator webmaster noreply no-reply donotreply "
    "do-not-reply postmaster abuse security press office hello team git root user username "
    "mailer-daemon notifications bot dev developers users announce opensource oss".split()
)


def _is_address(value: str) -> bool:
    local, _, domain = value.lower().rpartition("@")
    host, _, ending = domain.rpartition(".")
    return (
        ending not in _NO_DOMAIN
        and len(host) > 1
        and not host.replace(".", "").isdigit()  # a version: torch@2.1.0.dev
        and not local.endswith(("-unsubscribe", "-subscribe", "-request", "-owner"))
        and domain not in _NOBODY
        and not domain.startswith("example.")
        and ".." not in value
        and local.strip("._") not in _OFFICES
        and not local.startswith("your")
    )


def _is_phone(value: str) -> bool:
    """By the numbering plan of its country (libphonenumber)."""
    from phonenumbers import NumberParseException, is_valid_number, parse

    whole, point, fraction = value.partition(".")
    if point and fraction.isdigit() and whole.lstrip("+").isdigit():
        return False  # a number with its sign, such as a coordinate: +48.856614123
    try:
        return is_valid_number(parse(value, None if value.startswith("+") else "US"))
    except NumberParseException:
        return False


DETECTORS = (
    Detector(
        "e-mail",
        "outputs.e-mail",
        # not the user in an address such as ssh://user@host, nor a password before one: those go by
        # as a whole, without a value
        lazy(
            r"://[^\s/@?#\"'<>]{1,200}@|(?<![\w.%+/@-])([\w.%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)"
            r"{1,4}[A-Za-z]{2,24})(?![\w@-]|\.\w)"
        ),
        _is_address,
        checked=False,
    ),
    Detector(
        "phone",
        "outputs.phone",
        lazy(r"(?<![\w+.-])(\+[1-9]\d{0,3}(?:[ .-]?\(?\d{1,5}\)?){1,6})(?![\w.-]*\d)"),
        _is_phone,
    ),
    Detector(
        "phone",
        "outputs.phone",
        lazy(r"(?<![\w.-])(\([2-9]\d\d\) ?\d{3}-\d{4})(?![\w-])"),
        _is_phone,
    ),
    Detector(
        "phone",
        NAMED,
        lazy(r"(?<![\w.-])([2-9]\d\d-[2-9]\d\d-\d{4})(?![\w-])"),
        _is_phone,
        ("phone", "phones", "tel", "telephone", "mobile", "fax"),
    ),
)
