"""Indexes of packages and images."""

from __future__ import annotations

from jupyter_mlsec.rules.secrets import checksums
from jupyter_mlsec.rules.secrets.kind import Kind

KINDS: tuple[Kind, ...] = (
    Kind(
        id="pypi-api-token",
        vendor="PyPI",
        format=("pypi-AgEIcHlwaS5vcmc{w:70-1024}", "pypi-AgENdGVzdC5weXBpLm9yZw{w:70-1024}"),
        revoke="Delete the token in the account settings of the index: https://packaging.python.org/en/latest/guides/distributing-packages-using-setuptools/.",
        source="https://github.com/pypi/warehouse",
        check=checksums.is_pypi_token,
        rarity=False,
        detect_secrets="PyPI Token",
    ),
    Kind(
        id="npm-access-token",
        vendor="npm",
        format=("npm_{an:36}",),
        revoke="Revoke the token; see https://docs.npmjs.com/revoking-access-tokens.",
        source="https://github.blog/2021-09-23-announcing-npms-new-access-token-format/",
        check=checksums.is_github_token,
        rarity=False,
        detect_secrets="NPM tokens",
    ),
    Kind(
        id="npm-legacy-access-token",
        vendor="npm",
        format=("[:_authToken=]{uuid}",),
        revoke="Revoke the token; see https://docs.npmjs.com/revoking-access-tokens.",
        source="https://docs.npmjs.com/about-access-tokens",
        detect_secrets="NPM tokens",
    ),
    Kind(
        id="rubygems-api-key",
        vendor="RubyGems",
        format=("rubygems_{hex:48}",),
        revoke="Delete the key in the account's settings; see https://github.com/rubygems/guides.",
        source="https://github.com/rubygems/guides",
    ),
    Kind(
        id="crates-io-api-token",
        vendor="crates.io",
        format=("cio{an:32}",),
        revoke="Revoke the token at https://doc.rust-lang.org/cargo/reference/publishing.html.",
        source="https://doc.rust-lang.org/cargo/reference/publishing.html",
    ),
    Kind(
        id="nuget-api-key",
        vendor="NuGet",
        format=("oy2{lan:43}",),
        revoke="Delete the key; see https://learn.microsoft.com/nuget/nuget-org/scoped-api-keys.",
        source="https://github.com/microsoft/security-utilities",
    ),
    Kind(
        id="docker-personal-access-token",
        vendor="Docker",
        format=("dckr_pat_{w:27}",),
        revoke="Revoke the token; see https://docs.docker.com/security/access-tokens/.",
        source="https://docs.docker.com/security/access-tokens/",
    ),
    Kind(
        id="docker-organization-access-token",
        vendor="Docker",
        format=("dckr_oat_{w:32}",),
        revoke="Revoke the token; see https://docs.docker.com/enterprise/security/access-tokens/.",
        source="https://docs.docker.com/enterprise/security/access-tokens/",
    ),
    Kind(
        id="artifactory-api-key",
        vendor="Artifactory",
        format=("AKCp{an:69}",),
        revoke="Delete the key; see https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-key.",
        source="https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-key",
        detect_secrets="Artifactory Credentials",
    ),
    Kind(
        id="artifactory-reference-token",
        vendor="Artifactory",
        format=("cmVmdGtu{an:56}",),
        revoke="Revoke the token; see https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens.",
        source="https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens",
        detect_secrets="Artifactory Credentials",
    ),
    Kind(
        id="clojars-deploy-token",
        vendor="Clojars",
        format=("CLOJARS_{hex:60}",),
        revoke="Revoke the token; see https://github.com/clojars/clojars-web/wiki/Deploy-Tokens.",
        source="https://github.com/clojars/clojars-web/wiki/Deploy-Tokens",
    ),
    Kind(
        id="hex-api-key",
        vendor="Hex",
        format=("{hex:32}",),
        revoke="Delete the key; see https://hexdocs.pm/hex/Mix.Tasks.Hex.User.html.",
        source="https://hexdocs.pm/hex/Mix.Tasks.Hex.User.html",
        context=("hex_api_key", "hex_pm"),
    ),
    Kind(
        id="anaconda-access-token",
        vendor="Anaconda",
        format=("[/t/]{lan:2}-{uuid}",),
        revoke="Remove the token with `anaconda auth --remove NAME`: https://www.anaconda.com/docs/.",
        source="https://www.anaconda.com/docs/",
    ),
    Kind(
        id="cloudsmith-api-key",
        vendor="Cloudsmith",
        format=("{hex:40}",),
        revoke="Delete the key; see https://help.cloudsmith.io/reference/authentication.",
        source="https://help.cloudsmith.io/reference/authentication",
        context=("cloudsmith",),
    ),
    Kind(
        id="jetbrains-permanent-token",
        vendor="JetBrains",
        format=(
            "perm:{b64=:8-200}.{b64=:4-60}.{an:30-60}",
            "perm-{b64=:8-200}.{b64=:4-60}.{an:30-60}",
        ),
        revoke="Revoke the token; see https://www.jetbrains.com/help/youtrack/server/manage-permanent-token.html.",
        source="https://www.jetbrains.com/help/youtrack/server/manage-permanent-token.html",
    ),
)
