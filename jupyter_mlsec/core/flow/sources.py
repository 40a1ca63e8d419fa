"""Calls by what they give: bytes from the network, what a user types, the answer of a model.

For `core.flow.origins`; names are full ones, as `Code.name` gives them.
"""

from __future__ import annotations

from jupyter_mlsec.core.patterns import lazy

_NETWORK = lazy(
    r"(?:requests|httpx|session|s|client)\.(?:get|post|put|patch|request|stream)"
    r"|requests\.Session\(\)\.\w+|httpx\.(?:Async)?Client\(\)\.\w+"
    r"|(?:urllib\.request\.)?urlopen|urllib2\.urlopen|urllib3\.\w+\(\)\.request"
    r"|(?:.*\.)?(?:get_object|download_as_bytes|download_as_string|download_as_text|download_blob)"
    r"|socket\.socket\(\)|(?:\w+\.)*recv(?:from)?|websocket\.create_connection|feedparser\.parse"
)
# These give a path, which is no text of others; what is in the file is.
_FETCHED_FILE = lazy(
    r"(?:urllib\.request\.)?urlretrieve|wget\.download|gdown\.download|(?:\w+\.)*hf_hub_download"
    r"|(?:\w+\.)*cached_download|(?:\w+\.)*snapshot_download|torch\.hub\.download_url_to_file"
    r"|(?:\w+\.)*get_file"
)
_TYPED = lazy(
    r"input|raw_input|sys\.argv|(?:builtins\.)?input|getpass\.getpass"
    r"|(?:flask\.)?request\.(?:args|form|json|values|data|get_json|query_params|files|cookies)(?:\..*)?"
    r"|(?:streamlit|st)\.(?:text_input|text_area|chat_input|file_uploader)"
    r"|(?:ipywidgets|widgets)\.(?:Text|Textarea|Combobox)|click\.prompt|questionary\.text"
)
_READ = lazy(
    r"(?:pandas|pd|polars|pl|dask\.dataframe|dd)\.(?:read_|scan_)\w+|json\.loads?|csv\.(?:reader|DictReader)"
    r"|(?:datasets\.)?load_dataset|yaml\.safe_load|(?:.*\.)?(?:fetchone|fetchall|fetchmany)"
)
_LOADED = lazy(
    r"(?:.*\.)?(?:WebBaseLoader|UnstructuredURLLoader|AsyncHtmlLoader|PyPDFLoader|TextLoader"
    r"|DirectoryLoader|SimpleDirectoryReader|SimpleWebPageReader|PdfReader|BeautifulSoup)"
    r"|(?:pathlib\.)?Path\(\)\.read_text|open\(\)\.read|open|trafilatura\.\w+"
)
# Clients of language models and what makes chains of them: all that is made with these is the
# model's answer, as far as it ends in a text.
_MODEL = lazy(
    r"(?:.*\.)?(?:(?:Async)?(?:Azure)?OpenAI|(?:Async)?Anthropic(?:Bedrock|Vertex)?|Chat(?:OpenAI"
    r"|Anthropic|Ollama|Groq|Cohere|Mistral(?:AI)?|VertexAI|GoogleGenerativeAI|Bedrock(?:Converse)?"
    r"|HuggingFace|Fireworks|Together|LiteLLM|Perplexity)|AzureChatOpenAI|OllamaLLM|Ollama|Groq"
    r"|Mistral(?:Client)?|InferenceClient(?:Model)?|AsyncInferenceClient|HuggingFacePipeline"
    r"|HuggingFaceEndpoint|HuggingFaceHub|LlamaCpp|GenerativeModel|LLMChain|init_chat_model"
    r"|AutoModelForCausalLM\.from_pretrained|AutoModelForSeq2SeqLM\.from_pretrained"
    r"|ConversationChain|Llama(?:\.from_pretrained)?|LLM|Together|Replicate|BedrockLLM)"
    r"|openai\.(?:ChatCompletion|Completion|chat\.completions|completions|responses)\.a?create"
    r"|ollama\.(?:chat|generate)|litellm\.a?(?:text_)?completion|replicate\.(?:run|stream)"
    r"|anthropic\.(?:messages|completions)\.create|cohere\.(?:Async)?Client(?:V2)?"
    r"|(?:google\.)?(?:generativeai|genai)\.(?:Client|GenerativeModel|generate_text)|genai\.\w+"
    r"|(?:.*\.)?chat\.completions\.create|(?:.*\.)?generate_content"
)


def from_network(name: str) -> bool:
    """Whether a call fetches something from the network, or a path of what it has fetched."""
    return any(p.fullmatch(name) is not None for p in (_NETWORK, _FETCHED_FILE))


def from_outside(name: str) -> bool:
    """Whether a value is typed by a user, sent by a client, fetched, or read from data."""
    return any(p.fullmatch(name) is not None for p in (_TYPED, _NETWORK, _READ))


def untrusted_text(name: str) -> bool:
    """Whether a value is text that others have written: as `from_outside`, or a document."""
    return from_outside(name) or _LOADED.fullmatch(name) is not None


def from_model(name: str) -> bool:
    """Whether a call gives a language model, a chain with one, or its answer."""
    return _MODEL.fullmatch(name) is not None
