"""Stores on this machine."""

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials import keyrings
from jupyter_mlsec.credentials.local import DotenvProvider, EnvProvider, KeyringProvider
from jupyter_mlsec.credentials.provider import (
    Fetched,
    Hidden,
    Provider,
    open_provider,
)
from jupyter_mlsec.credentials.reference import EXAMPLES, parse


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_provider_of_the_references_is_there(name: str) -> None:
    provider = open_provider(name)
    assert isinstance(provider, Provider)
    assert provider.name == name


def test_a_provider_that_is_not_there() -> None:
    with pytest.raises(MlsecError, match="'vualt'") as caught:
        open_provider("vualt")
    assert "aws-sm" in caught.value.full
    assert "vault" in caught.value.full


class TestThirdParties:
    """Entry points, from a distribution in a folder of the test's own."""

    @pytest.fixture
    def install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
        def make(code: str) -> None:
            (tmp_path / "theirs_mlsec.py").write_text(code)
            info = tmp_path / "theirs-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text("Name: theirs\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(
                "[jupyter_mlsec.providers]\ntheirs = theirs_mlsec:Theirs\n"
            )
            monkeypatch.syspath_prepend(tmp_path)
            monkeypatch.delitem(sys.modules, "theirs_mlsec", raising=False)

        return make

    def test_is_found(self, install: Callable[[str], None]) -> None:
        install(
            "from jupyter_mlsec.credentials.provider import Fetched\n"
            "class Theirs:\n"
            "    name = 'theirs'\n"
            "    def get(self, ref): return Fetched({'k': ref.path})\n"
            "    def put(self, ref, value, cas=None): return 1\n"
            "    def list(self, prefix=''): return []\n"
        )
        assert open_provider("theirs").get(parse("theirs://a/b#k")).data == {"k": "a/b"}

    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("class Theirs: name = 'theirs'\n", "it lacks get, put or list"),
            ("import nothing_like_that\n", "ModuleNotFoundError"),
        ],
    )
    def test_that_does_not_work_says_so(
        self, install: Callable[[str], None], code: str, why: str
    ) -> None:
        install(code)
        with pytest.raises(MlsecError, match=why):
            open_provider("theirs")


def test_what_was_fetched_does_not_show_values() -> None:
    value = secrets.token_hex()
    fetched = Fetched({"k": value})
    assert isinstance(fetched.data, Hidden)
    assert value not in repr(fetched) + str(fetched) + repr(fetched.data)
    assert fetched.data["k"] == value
    with pytest.raises(KeyError):
        fetched.data["other"]


def test_env() -> None:
    provider = EnvProvider({"A_KEY": "value", "EMPTY": ""})
    assert provider.get(parse("env://A_KEY")).data == {"A_KEY": "value"}
    assert provider.get(parse("env://EMPTY")).data == {"EMPTY": ""}
    assert provider.list("A") == ["env://A_KEY"]
    with pytest.raises(MlsecError, match="B_KEY is not set"):
        provider.get(parse("env://B_KEY"))
    with pytest.raises(MlsecError, match="can't be written"):
        provider.put(parse("env://A_KEY"), "other")


LINES = [
    ("K=plain", "plain"),
    ("export K = spaced ", "spaced"),
    ("K=", ""),
    ("K=a#b", None),
    ("K=a # b", "a"),
    ("K='a # b'", "a # b"),
    (r"K='it\'s'", "it's"),
    ('K="two\\nlines"', "two\nlines"),
    ('K="two\nlines"', "two\nlines"),
    (r'K="q\"q \\ $HOME"', 'q"q \\ $HOME'),
    ("K=a=b==", "a=b=="),
    ("# K=no\nK=yes", "yes"),
    ("K=first\nK=last", "last"),
    ("\ufeffK=bom\r\nL=x", "bom"),
    ("KK=other\nXK=other", None),
]


@pytest.mark.parametrize(("text", "value"), LINES)
def test_dotenv_is_read(tmp_path: Path, text: str, value: str | None) -> None:
    file = tmp_path / ".env"
    file.write_bytes(text.encode())
    reference = parse(f"dotenv://{file}#K")
    if value is None:
        with pytest.raises(MlsecError, match="has no K"):
            DotenvProvider().get(reference)
    else:
        assert DotenvProvider().get(reference).data == {"K": value}


@pytest.mark.parametrize(
    "value", ["plain", "", "with space", "q'\"\\", "two\nlines\r\tx", "#no", " $X ", "ü"]
)
def test_dotenv_gives_back_what_was_put(tmp_path: Path, value: str) -> None:
    provider = DotenvProvider()
    file = tmp_path / ".env"
    file.write_text("# mine\nA=1\nK=old # x\nB=2")
    reference = parse(f"dotenv://{file}#K")
    provider.put(reference, value)
    provider.put(parse(f"dotenv://{file}#NEW"), value)
    assert provider.get(reference).data == {"K": value}
    assert provider.get(parse(f"dotenv://{file}#NEW")).data == {"NEW": value}
    assert provider.get(parse(f"dotenv://{file}#B")).data == {"B": "2"}
    assert file.read_text().startswith("# mine\nA=1\n")
    assert provider.list(f"{file}#") == [f"dotenv://{file}#{n}" for n in ("A", "B", "K", "NEW")]


def test_dotenv_that_is_made_is_for_its_owner(tmp_path: Path) -> None:
    provider = DotenvProvider()
    reference = parse(f"dotenv://{tmp_path}/.env#K")
    with pytest.raises(MlsecError, match="can't be read"):
        provider.get(reference)
    provider.put(reference, "value", 0)
    if os.name == "posix":
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    with pytest.raises(MlsecError, match="exists already"):
        provider.put(reference, "other", 0)
    assert provider.get(reference).data == {"K": "value"}


class TestKeyring:
    """With backends of the tests' own: the machine's may ask its user."""

    @staticmethod
    def use(monkeypatch: pytest.MonkeyPatch, priority: float, module: str = "safe") -> None:
        import keyring
        from keyring.backend import KeyringBackend

        kept: dict[tuple[str, str], str] = {}

        class Backend(KeyringBackend):
            def get_password(self, service: str, username: str) -> str | None:
                return kept.get((service, username))

            def set_password(self, service: str, username: str, password: str) -> None:
                kept[service, username] = password

        Backend.priority = priority  # type: ignore[assignment]
        Backend.__module__ = module
        monkeypatch.setattr(keyring.core, "_keyring_backend", Backend())
        KeyringBackend._classes.discard(Backend)

    def test_keeps_what_it_gets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.use(monkeypatch, 5)
        provider = KeyringProvider()
        reference = parse("keyring://my/service/me")
        with pytest.raises(MlsecError, match="nothing for me at my/service"):
            provider.get(reference)
        provider.put(reference, "value", 0)
        assert provider.get(reference).data == {"me": "value"}
        with pytest.raises(MlsecError, match="exists already"):
            provider.put(reference, "other", 0)

    @pytest.mark.parametrize(
        ("priority", "module"), [(0.5, "safe"), (0, "safe"), (9, "keyrings.alt.file")]
    )
    def test_plain_text_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, priority: float, module: str
    ) -> None:
        self.use(monkeypatch, priority, module)
        assert keyrings.safe() is None
        with pytest.raises(MlsecError, match="no keyring that encrypts"):
            KeyringProvider().put(parse("keyring://a/b"), "value")

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "keyring", None)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MlsecError) as caught:
            KeyringProvider().get(parse("keyring://a/b"))
        assert "pip install 'jupyter-mlsec[secrets]'" in caught.value.full


def module(monkeypatch: pytest.MonkeyPatch, name: str, **parts: object) -> None:
    made = ModuleType(name)
    vars(made).update(parts)
    monkeypatch.setitem(sys.modules, name, made)


class SecretNotFoundError(Exception):
    pass


def test_colab(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for google.colab (its documented interface): it exists there only."""
    with pytest.raises(MlsecError, match="works on Colab only"):
        open_provider("colab").get(parse("colab://A"))

    class UserData:
        @staticmethod
        def get(name: str) -> str:
            if name != "A":
                raise SecretNotFoundError(name)
            return "value"

    module(monkeypatch, "google.colab", userdata=UserData)
    assert open_provider("colab").get(parse("colab://A")).data == {"A": "value"}
    with pytest.raises(MlsecError, match=r"does not give B \(SecretNotFoundError\)") as caught:
        open_provider("colab").get(parse("colab://B"))
    assert "add it in the panel" in caught.value.full


def test_kaggle(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for kaggle_secrets, which exists there only."""
    with pytest.raises(MlsecError, match="works on Kaggle only"):
        open_provider("kaggle").get(parse("kaggle://A"))

    class UserSecretsClient:
        def get_secret(self, name: str) -> str:
            if name != "A":
                raise ValueError(name)
            return "value"

    module(monkeypatch, "kaggle_secrets", UserSecretsClient=UserSecretsClient)
    assert open_provider("kaggle").get(parse("kaggle://A")).data == {"A": "value"}
    with pytest.raises(MlsecError, match=r"does not give B \(ValueError\)") as caught:
        open_provider("kaggle").get(parse("kaggle://B"))
    assert "attach it under Add-ons, Secrets" in caught.value.full
