"""What the catalogue of rules promises: enough examples of either kind, and each rule's fix."""

from __future__ import annotations

import pytest

from jupyter_mlsec.core.config import Config
from jupyter_mlsec.core.engine import Scanner
from jupyter_mlsec.core.fixes import spliced
from jupyter_mlsec.core.model import Document, Text
from jupyter_mlsec.core.rule import Bad, Good, Rule
from jupyter_mlsec.core.view import Context
from jupyter_mlsec.rules import ALL

ENOUGH = 4
BY_ID = {rule.id: rule for rule in ALL}
COMMIT, DIGEST = "0a1b2c3d" * 5, "0a1b2c3d" * 8

# The fix of each rule but those about credentials, which are moved out of the notebook as a whole
# (`mlsec fix --to-vault`) and have tests of their own.
IN_PLACE = """
    active-content-output archive-extract-unsafe artifact-format-unsafe
    bang-pip-wrong-environment bind-all-interfaces cors-wildcard eval-on-data flask-debug
    gradio-share hidden-instructions-in-notebook import-name-not-package-name
    jupyter-server-misconfig keras-unsafe-load known-vulnerable-pin no-timeout
    numpy-allow-pickle plain-http-data plain-http-index-or-url public-bucket-or-acl
    tls-verify-disabled
    torch-load-without-weights-only trust-remote-code unpinned-install
    unvalidated-local-load-to-train unvalidated-remote-load-to-train upgrade-flag-defeats-pin
    weak-hash yaml-unsafe-load
""".split()
# With what this machine has: versions, commits, digests.
FROM_HERE = [
    ("unpinned-install", "%pip install torch", "%pip install torch==2.4.1"),
    ("open-ended-install", "%pip install 'torch>=2'", "%pip install 'torch==2.4.1'"),
    (
        "requirements-file-unpinned",
        "%%writefile requirements.txt\ntorch\n",
        "%%writefile requirements.txt\ntorch==2.4.1\n",
    ),
    (
        "dataset-revision-not-pinned",
        'load_dataset("acme/a")',
        f'load_dataset("acme/a", revision="{COMMIT}")',
    ),
    (
        "model-revision-not-pinned",
        'AutoModel.from_pretrained("acme/a")',
        f'AutoModel.from_pretrained("acme/a", revision="{COMMIT}")',
    ),
    (
        "model-revision-not-pinned",
        'AutoModel.from_pretrained("acme/a", revision="main")',
        f'AutoModel.from_pretrained("acme/a", revision="{COMMIT}")',
    ),
    (
        "download-without-checksum",
        'tf.keras.utils.get_file("a.csv", "https://example.org/a.csv")',
        f'tf.keras.utils.get_file("a.csv", "https://example.org/a.csv", file_hash="{DIGEST}")',
    ),
    (
        "download-without-checksum",
        'torch.hub.download_url_to_file("https://example.org/a.pt", "a.pt")',
        'torch.hub.download_url_to_file("https://example.org/a.pt", "a.pt", '
        f'hash_prefix="{DIGEST}")',
    ),
]
# Outputs are stripped as a whole or masked: `mlsec strip`.
BY_STRIPPING = """
    absolute-path-or-username account-or-resource-id internal-host-or-ip pii-in-output
""".split()
# What nobody but the author can say: the message tells what to do.
BY_HAND = """
    agent-dangerous-tool allow-dangerous-deserialization cloud-metadata-access curl-pipe-shell
    destructive-shell dev-server-in-production dockerfile-unpinned-base endpoint-without-auth
    extra-index-dependency-confusion git-clone-unpinned known-malicious-package
    llm-output-executed mutable-action-reference ngrok-or-tunnel obfuscated-code
    over-broad-iam pickle-family-load
    pickle-from-network public-endpoint-network remote-module-execution shell-fetched-code-executed
    shell-injection sql-built-from-string typosquat-or-unknown-name unhashed-install
    untrusted-text-in-prompt url-or-wheel-install-unhashed vcs-install-mutable-ref
""".split()


def test_every_rule_has_enough_examples_of_either_kind() -> None:
    few = {
        rule.id
        for rule in ALL
        for kind in (Bad, Good)
        if sum(isinstance(example, kind) for example in rule.examples) < ENOUGH
    }
    assert few == set()


def test_every_rule_is_in_the_table_of_fixes_once() -> None:
    from_here = {rule for rule, _, _ in FROM_HERE} - set(IN_PLACE)
    listed = [*IN_PLACE, *from_here, *BY_STRIPPING, *BY_HAND]
    assert sorted(listed) == sorted(rule.id for rule in ALL if rule.family != "secrets")


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.id)
def test_examples_show_the_fix_that_needs_nothing_else(rule: Rule) -> None:
    shown = any(isinstance(e, Bad) and e.fixed is not None for e in rule.examples)
    if rule.family != "secrets":
        assert shown == (rule.id in IN_PLACE)


@pytest.mark.parametrize(("name", "before", "after"), FROM_HERE)
def test_fixes_from_what_this_machine_has(name: str, before: str, after: str) -> None:
    document = Document("a", "notebook", (Text("source", "python", before, 0),), 1)
    context = Context(document, versions={"torch": "2.4.1"}, versions_from="here")
    context.commit_of = lambda kind, repository: COMMIT
    context.digest_of = lambda function, path: DIGEST
    scanner = Scanner([BY_ID[name]], Config(profile="auditor", extend_select=(name,)))
    (placed,) = scanner.hits(document, context)
    assert placed.hit.fix is not None
    assert not placed.hit.fix.safe
    assert spliced(before, placed.hit.fix.edits) == after


@pytest.mark.parametrize(("name", "before", "after"), FROM_HERE)
def test_without_it_there_is_no_such_fix(name: str, before: str, after: str) -> None:
    document = Document("a", "notebook", (Text("source", "python", before, 0),), 1)
    scanner = Scanner([BY_ID[name]], Config(profile="auditor", extend_select=(name,)))
    (placed,) = scanner.hits(document)
    assert placed.hit.fix is None
