"""KV of both versions, against a real server."""

import json
import secrets

import pytest

from jupyter_mlsec.core.errors import MlsecError
from jupyter_mlsec.credentials.provider import Provider, open_provider
from jupyter_mlsec.credentials.reference import parse
from tests.credentials.vault.conftest import Open
from tests.credentials.vault.server import Server

MOUNTS = ("kv", "old")


@pytest.fixture
def path() -> str:
    return "t" + secrets.token_hex(4)


def test_is_the_default_provider() -> None:
    assert isinstance(open_provider("vault"), Provider)


@pytest.mark.parametrize("mount", MOUNTS)
def test_what_was_put_is_got(opened: Open, path: str, mount: str) -> None:
    vault = opened()
    value, other = secrets.token_hex(), secrets.token_hex()
    assert vault.put(parse(f"{mount}/{path}/a#one"), value) == 1
    vault.put(parse(f"{mount}/{path}/a#two"), other)
    assert vault.get(parse(f"{mount}/{path}/a#one")).data == {"one": value}
    assert vault.get(parse(f"{mount}/{path}/a")).data == {"one": value, "two": other}


@pytest.mark.parametrize(
    ("stored", "text"), [(5, "5"), (True, "true"), (None, "null"), ({"a": [1]}, '{"a": [1]}')]
)
def test_what_is_no_text_is_json(
    opened: Open, server: Server, path: str, stored: object, text: str
) -> None:
    server("POST", f"kv/data/{path}", {"data": {"k": stored}})
    assert opened().get(parse(f"kv/{path}#k")).data["k"] == text


def test_names_with_other_characters(opened: Open, path: str) -> None:
    vault = opened()
    reference = parse(f"kv/{path}/ü%20é%23x#k%20k")
    vault.put(reference, "v")
    assert vault.get(reference).data == {"k k": "v"}


def test_versions(opened: Open, server: Server, path: str) -> None:
    vault = opened()
    reference = parse(f"kv/{path}#k")
    assert [vault.put(reference, value) for value in ("a", "b", "c")] == [1, 2, 3]
    assert vault.get(parse(f"kv/{path}#k@2")).data["k"] == "b"
    assert vault.get(reference).version == 3
    server("POST", f"kv/delete/{path}", {"versions": [2]})
    server("POST", f"kv/destroy/{path}", {"versions": [1]})
    assert vault.versions(reference) == {1: "destroyed", 2: "deleted", 3: "kept"}
    assert vault.put(reference, "d") == 4


@pytest.mark.parametrize(
    ("there", "cas", "written"),
    [
        (0, 0, True),
        (0, None, True),
        (2, 2, True),
        (2, None, True),
        (2, 0, False),
        (2, 1, False),
        (0, 1, False),
    ],
)
def test_cas(opened: Open, path: str, there: int, cas: int | None, written: bool) -> None:
    vault = opened()
    reference = parse(f"kv/{path}#k")
    for number in range(there):
        vault.put(reference, f"before {number}")
    if written:
        assert vault.put(reference, "after", cas) == there + 1
        assert vault.get(reference).data["k"] == "after"
        return
    with pytest.raises(MlsecError, match=rf"version {there}"):
        vault.put(reference, "after", cas)
    if there:
        assert vault.get(reference).data["k"] == f"before {there - 1}"


def test_cas_0_after_a_deletion_is_refused(opened: Open, server: Server, path: str) -> None:
    vault = opened()
    vault.put(parse(f"kv/{path}#k"), "a")
    server("DELETE", f"kv/data/{path}")
    with pytest.raises(MlsecError, match="exists already"):
        vault.put(parse(f"kv/{path}#k"), "b", 0)


def test_no_key_is_lost_when_the_value_may_not_be_read(
    opened: Open, server: Server, path: str
) -> None:
    server.policy("write-only", "kv/data/*: create update")
    opened().put(parse(f"kv/{path}#kept"), "a")
    writer = opened(VAULT_TOKEN=server.token("write-only"))
    with pytest.raises(MlsecError):
        writer.put(parse(f"kv/{path}#k"), "b")
    assert opened().get(parse(f"kv/{path}")).data == {"kept": "a"}
    assert writer.put(parse(f"kv/{path}-new#k"), "b") == 1


def test_without_versions_0_still_does_not_overwrite(opened: Open, path: str) -> None:
    vault = opened()
    vault.put(parse(f"old/{path}#k"), "a", 0)
    with pytest.raises(MlsecError, match="already"):
        vault.put(parse(f"old/{path}#k"), "b", 0)
    with pytest.raises(MlsecError, match="no versions"):
        vault.put(parse(f"old/{path}#k"), "b", 3)
    assert vault.get(parse(f"old/{path}#k")).data["k"] == "a"


@pytest.mark.parametrize("mount", MOUNTS)
def test_list(opened: Open, path: str, mount: str) -> None:
    vault = opened()
    for name in ("one#a", "one#b", "two#c", "in/ner#d"):
        vault.put(parse(f"{mount}/{path}/{name}"), "value")
    top = f"{mount}/{path}/"
    table = {
        top: [f"{top}in/", f"{top}one", f"{top}two"],
        f"{top}o": [f"{top}one"],
        f"{top}one#": [f"{top}one#a", f"{top}one#b"],
        f"{top}one#b": [f"{top}one#b"],
        f"{top}nothing/": [],
        f"{top}nothing#": [],
    }
    assert {prefix: vault.list(prefix) for prefix in table} == table
    assert {"kv/", "old/"} <= set(vault.list())
    assert vault.list("ol") == ["old/"]


def test_values_are_not_in_what_is_listed_or_shown(opened: Open, path: str) -> None:
    vault = opened()
    value = secrets.token_hex()
    vault.put(parse(f"kv/{path}#k"), value)
    fetched = vault.get(parse(f"kv/{path}#k"))
    shown = json.dumps([vault.list(f"kv/{path}#"), vault.list("kv/"), repr(fetched), repr(vault)])
    shown += repr(fetched.data) + str(vault.status())
    assert value not in shown
    assert vault.tokens()[0] not in shown


def test_nothing_that_holds_a_value_is_pickled(opened: Open, path: str) -> None:
    import pickle

    vault = opened()
    vault.put(parse(f"kv/{path}#k"), "value")
    for one in (vault, vault.get(parse(f"kv/{path}#k"))):
        with pytest.raises(TypeError):
            pickle.dumps(one)
