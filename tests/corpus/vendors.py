"""Credentials in their vendors' published formats, weighted to what notebooks hold.

Written from what is known of the vendors' published formats, not checked row by row against
their pages, and on purpose without looking at the rules: where both say the same, two readers
agree.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, NamedTuple

from jupyter_mlsec.core.formats import CLASSES, sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


class Vendor(NamedTuple):
    """A kind of credential.

    `name` is the Python variable it is usually bound to, its upper case the environment
    variable. `call` is how a notebook passes it to the vendor's library (`@v@` is the value).
    `bare` is true where the value is recognised without its surroundings. `weight`: 3 for what
    notebooks hold most, 1 for the rest.
    """

    id: str
    format: str
    name: str
    call: str = 'Client(api_key="@v@")'
    bare: bool = True
    weight: int = 1


def base62_crc32(body: str) -> str:
    """Six base62 digits of the CRC32 of `body`.

    Source: GitHub's engineering blog, "Behind GitHub's new authentication token formats" (2021),
    which npm's tokens follow.
    """
    digits = CLASSES["d"] + CLASSES["A"] + CLASSES["a"]
    number, out = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        out = digits[rest] + out
    return out.rjust(6, "0")


def _checksummed(prefix: str) -> Callable[[Random], str]:
    def build(random: Random) -> str:
        body = sample("{an:30}", random)
        return prefix + body + base62_crc32(body)

    return build


def _segment(value: object) -> str:
    text = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _jwt(random: Random) -> str:
    header = _segment({"alg": "HS256", "typ": "JWT"})
    claims = _segment({"sub": sample("{d:10}", random), "iat": random.randint(10**9, 2 * 10**9)})
    return f"{header}.{claims}.{sample('{w:43}', random)}"


def _neptune(random: Random) -> str:
    key = sample("{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", random)
    app = "https://app.neptune.ai"
    return base64.b64encode(
        json.dumps({"api_address": app, "api_url": app, "api_key": key}).encode()
    ).decode()


def _pypi(random: Random) -> str:
    """A macaroon in its second binary format: location, identifier, one caveat, signature.

    Written from memory of libmacaroons' format and of what PyPI puts into it.
    """
    identifier = sample("{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", random).encode()
    caveat = b'{"permissions": "user", "version": 1}'
    packed = b"".join(
        (
            b"\x02",
            *(b"\x01", bytes([8]), b"pypi" + b".org"),
            *(b"\x02", bytes([len(identifier)]), identifier, b"\x00"),
            *(b"\x02", bytes([len(caveat)]), caveat, b"\x00\x00"),
            *(b"\x06", bytes([32]), random.randbytes(32)),
        )
    )
    return "pypi-" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _grafana(random: Random) -> str:
    """Ends in the CRC32 of all before it, in little-endian hex.

    Source: Grafana's own code, `pkg/components/satokengen`.
    """
    body = sample("glsa_{an:32}", random)
    return f"{body}_{zlib.crc32(body.encode()).to_bytes(4, 'little').hex()}"


def _pem(label: str) -> Callable[[Random], str]:
    def build(random: Random) -> str:
        lines = [sample("{b64:64}", random) for _ in range(9)]
        return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])

    return build


# What a format in the notation of core.formats can't say.
BUILT: dict[str, Callable[[Random], str]] = {
    "github-pat": _checksummed("ghp_"),
    "github-oauth": _checksummed("gho_"),
    "github-server": _checksummed("ghs_"),
    "npm": _checksummed("npm_"),
    "jwt": _jwt,
    "qdrant": _jwt,
    "neptune": _neptune,
    "pypi": _pypi,
    "grafana": _grafana,
}
MULTI_LINE: dict[str, Callable[[Random], str]] = {
    "rsa-key": _pem("RSA PRIVATE KEY"),
    "pkcs8-key": _pem("PRIVATE KEY"),
    "ec-key": _pem("EC PRIVATE KEY"),
    "openssh-key": _pem("OPENSSH PRIVATE KEY"),
}

V = Vendor
_FLAG = "T3Blbk" + "FJ"  # "OpenAI" in base64: the middle of every OpenAI key
VENDORS: tuple[Vendor, ...] = (
    # Models and inference
    V("openai", f"sk-{{an:20}}{_FLAG}{{an:20}}", "openai_api_key", 'OpenAI(api_key="@v@")', weight=3),
    V("openai-project", f"sk-proj-{{w:74}}{_FLAG}{{w:74}}", "openai_api_key",
      'openai.OpenAI(api_key="@v@")', weight=3),
    V("openai-service", f"sk-svcacct-{{w:74}}{_FLAG}{{w:74}}", "openai_api_key"),
    V("anthropic", "sk-ant-api03-{w:93}AA", "anthropic_api_key",
      'anthropic.Anthropic(api_key="@v@")', weight=3),
    V("huggingface", "hf_{aA:34}", "hf_token", 'login(token="@v@")', weight=3),
    V("huggingface-org", "api_org_{aA:34}", "hf_org_token", 'HfApi(token="@v@")'),
    V("google-ai", "AIza{w:35}", "google_api_key", 'genai.configure(api_key="@v@")', weight=3),
    V("groq", "gsk_{an:20}WGdyb3FY{an:24}", "groq_api_key", 'Groq(api_key="@v@")', weight=2),
    V("replicate", "r8_{an:37}", "replicate_api_token", weight=2),
    V("perplexity", "pplx-{an:48}", "pplx_api_key", weight=2),
    V("nvidia", "nvapi-{w:64}", "nvidia_api_key", 'ChatNVIDIA(nvidia_api_key="@v@")', weight=2),
    V("langsmith", "lsv2_pt_{hex:32}_{hex:10}", "langsmith_api_key", weight=2),
    V("xai", "xai-{an:80}", "xai_api_key"),
    V("openrouter", "sk-or-v1-{hex:64}", "openrouter_api_key", weight=2),
    V("pinecone", "pcsk_{an:6}_{an:63}", "pinecone_api_key", 'Pinecone(api_key="@v@")', weight=2),
    V("tavily", "tvly-{an:32}", "tavily_api_key", 'TavilyClient(api_key="@v@")', weight=2),
    V("llamacloud", "llx-{an:48}", "llama_cloud_api_key", 'LlamaParse(api_key="@v@")'),
    V("cerebras", "csk-{lan:48}", "cerebras_api_key"),
    V("jina", "jina_{hex:32}{w:28}", "jina_api_key"),
    V("elevenlabs", "sk_{hex:48}", "elevenlabs_api_key", 'ElevenLabs(api_key="@v@")'),
    V("firecrawl", "fc-{hex:32}", "firecrawl_api_key", 'FirecrawlApp(api_key="@v@")'),
    V("langfuse", "sk-lf-{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", "langfuse_secret_key"),
    V("cohere", "{an:40}", "cohere_api_key", 'cohere.Client("@v@")', bare=False, weight=3),
    V("mistral", "{an:32}", "mistral_api_key", 'Mistral(api_key="@v@")', bare=False, weight=2),
    V("together", "{hex:64}", "together_api_key", 'Together(api_key="@v@")', bare=False, weight=2),
    V("azure-openai", "{hex:32}", "azure_openai_api_key", 'AzureOpenAI(api_key="@v@")', bare=False,
      weight=2),
    V("deepseek", "sk-{hex:32}", "deepseek_api_key", bare=False),
    V("stability", "sk-{an:48}", "stability_api_key", bare=False),
    V("assemblyai", "{hex:32}", "assemblyai_api_key", bare=False),
    V("deepgram", "{hex:40}", "deepgram_api_key", 'DeepgramClient("@v@")', bare=False),
    V("serpapi", "{hex:64}", "serpapi_api_key", bare=False),
    V("voyage", "pa-{w:43}", "voyage_api_key", 'voyageai.Client(api_key="@v@")', bare=False),
    # Tracking, data and labelling
    V("wandb", "{hex:40}", "wandb_api_key", 'wandb.login(key="@v@")', bare=False, weight=3),
    V("comet", "{an:25}", "comet_api_key", 'comet_ml.init(api_key="@v@")', bare=False, weight=2),
    V("neptune", "", "neptune_api_token", 'neptune.init_run(api_token="@v@")', weight=2),
    V("databricks", "dapi{hex:32}", "databricks_token", 'WorkspaceClient(token="@v@")', weight=3),
    V("kaggle", "{hex:32}", "kaggle_key", bare=False, weight=3),
    V("roboflow", "{an:20}", "roboflow_api_key", 'Roboflow(api_key="@v@")', bare=False, weight=2),
    V("labelstudio", "{hex:40}", "label_studio_api_key", 'LabelStudio(api_key="@v@")', bare=False),
    V("qdrant", "", "qdrant_api_key", 'QdrantClient(url=url, api_key="@v@")', weight=2),
    V("weaviate", "{an:36}", "weaviate_api_key", 'AuthApiKey("@v@")', bare=False),
    V("dagshub", "{hex:40}", "dagshub_token", 'dagshub.auth.add_app_token("@v@")', bare=False),
    V("prefect", "pnu_{an:36}", "prefect_api_key"),
    V("alphavantage", "{AN:16}", "alpha_vantage_api_key", bare=False),
    V("newsapi", "{hex:32}", "newsapi_key", 'NewsApiClient(api_key="@v@")', bare=False),
    V("openweather", "{hex:32}", "openweather_api_key", bare=False),
    # Clouds
    V("aws-id", "AKIA{B32:16}", "aws_access_key_id",
      'boto3.client("s3", aws_access_key_id="@v@")', weight=3),
    V("aws-temporary-id", "ASIA{B32:16}", "aws_access_key_id"),
    V("aws-secret", "{b64:40}", "aws_secret_access_key",
      'boto3.client("s3", aws_secret_access_key="@v@")', bare=False, weight=3),
    V("gcp-oauth-client", "GOCSPX-{w:28}", "google_client_secret"),
    V("gcp-access-token", "ya29.a0{w:160}", "gcp_access_token"),
    V("azure-storage", "{b64:86}==", "azure_storage_account_key",
      'BlobServiceClient(url, credential="@v@")', bare=False, weight=2),
    V("azure-client-secret", "{an:3}8Q~{w:34}", "azure_client_secret",
      'ClientSecretCredential(tenant, client, client_secret="@v@")', weight=2),
    V("digitalocean", "dop_v1_{hex:64}", "digitalocean_token"),
    V("alibaba-id", "LTAI{an:20}", "alibaba_access_key_id"),
    V("supabase", "sbp_{hex:40}", "supabase_access_token"),
    V("cloudflare", "{w:40}", "cloudflare_api_token", bare=False),
    V("heroku", "{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", "heroku_api_key", bare=False),
    V("netlify", "nfp_{an:36}", "netlify_auth_token"),
    # Source and packages
    V("github-pat", "", "github_token", 'Github("@v@")', weight=3),
    V("github-oauth", "", "gh_token"),
    V("github-server", "", "gh_token"),
    V("github-fine-grained", "github_pat_{an:22}_{an:59}", "github_token", weight=2),
    V("gitlab", "glpat-{w:20}", "gitlab_token", 'gitlab.Gitlab(url, private_token="@v@")', weight=2),
    V("pypi", "", "twine_password"),
    V("npm", "", "npm_token"),
    V("docker", "dckr_pat_{w:27}", "docker_password"),
    V("rubygems", "rubygems_{hex:48}", "gem_host_api_key"),
    # Messages
    V("slack-bot", "xoxb-{d:12}-{d:13}-{an:24}", "slack_bot_token", 'WebClient(token="@v@")',
      weight=2),
    V("slack-user", "xoxp-{d:12}-{d:12}-{d:12}-{hex:32}", "slack_token"),
    V("slack-webhook", "https://hooks.slack.com/services/T{AN:8}/B{AN:10}/{an:24}",
      "slack_webhook_url", 'requests.post("@v@", json=m)', weight=2),
    V("discord-webhook", "https://discord.com/api/webhooks/{d:19}/{w:68}", "discord_webhook",
      'requests.post("@v@", json=m)'),
    V("telegram", "{d:10}:AA{w:33}", "telegram_bot_token", 'Bot(token="@v@")', weight=2),
    V("sendgrid", "SG.{w:22}.{w:43}", "sendgrid_api_key"),
    V("mailgun", "key-{hex:32}", "mailgun_api_key"),
    V("mailchimp", "{hex:32}-us12", "mailchimp_api_key"),
    V("twilio", "SK{hex:32}", "twilio_api_key"),
    # Payment and business
    V("stripe", "sk_live_{an:24}", "stripe_api_key", 'stripe.StripeClient("@v@")'),
    V("stripe-restricted", "rk_live_{an:24}", "stripe_api_key"),
    V("shopify", "shpat_{hex:32}", "shopify_access_token"),
    V("square", "sq0csp-{w:43}", "square_client_secret"),
    V("airtable", "pat{an:14}.{hex:64}", "airtable_api_key", 'Api("@v@")'),
    V("notion", "ntn_{d:11}{an:35}", "notion_token", 'Client(auth="@v@")'),
    V("linear", "lin_api_{an:40}", "linear_api_key"),
    V("figma", "figd_{w:40}", "figma_token"),
    # Operations
    V("vault", "hvs.{w:92}", "vault_token", 'hvac.Client(url=url, token="@v@")'),
    V("terraform", "{an:14}.atlasv1.{w:67}", "tfe_token"),
    V("grafana", "", "grafana_token"),
    V("newrelic", "NRAK-{AN:27}", "new_relic_api_key"),
    V("datadog", "{hex:32}", "datadog_api_key", bare=False),
    V("sentry", "sntryu_{hex:64}", "sentry_auth_token"),
    V("postman", "PMAK-{hex:24}-{hex:34}", "postman_api_key"),
    V("doppler", "dp.pt.{an:43}", "doppler_token"),
    V("pulumi", "pul-{hex:40}", "pulumi_access_token"),
    V("planetscale", "pscale_pw_{w:43}", "planetscale_password"),
    V("atlassian", "ATATT3xFfGF0{w:171}={HEX:8}", "jira_api_token"),
    V("jwt", "", "access_token", 'Session(access_token="@v@")', weight=2),
)  # fmt: skip


def value(vendor: Vendor, random: Random) -> str:
    """A fresh credential of this kind."""
    build = BUILT.get(vendor.id)
    return build(random) if build else sample(vendor.format, random)
