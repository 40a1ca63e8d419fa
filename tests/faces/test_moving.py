"""What the scanner finds in the forms of cells, moved: the forms themselves are in core."""

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.credentials.provider import Fetched
from jupyter_mlsec.credentials.reference import Reference
from jupyter_mlsec.faces import moving
from jupyter_mlsec.rules import FAMILIES
from tests.core.test_moving import FORMS, LEFT, value
from tests.faces.command import notebook


class Empty:
    """A store with nothing in it."""

    name = "vault"

    def get(self, ref: Reference) -> Fetched:
        raise AssertionError("nothing was listed")

    def put(self, ref: Reference, value: str, cas: int | None = None) -> int:
        return 1

    def list(self, prefix: str = "") -> list[str]:
        return []


def test_what_is_found_is_moved() -> None:
    scanner = Scanner(tuple(rule for rules in FAMILIES.values() for rule in rules), Config())
    credential = value()
    moved, stayed = set(), set()
    for name, form in FORMS.items():
        source = form.replace("S", credential) if name != "own imports" else form
        data = notebook(source).encode()
        plan = moving.plan(scanner, data, "a.ipynb", "notebook", Empty())
        assert credential not in repr(plan)
        if plan.stayed:
            stayed.add(name)
        elif plan.values:
            moved.add(name)
            assert credential.encode() not in plan.data, name
    assert stayed == LEFT
    # the scanner does not look at parts of strings that are cut out of longer ones
    assert len(moved) > 255
    assert len(moved) / (len(moved) + len(stayed)) >= 0.95
