"""Problems written by hand for the planted set, apart from the rules' examples.

`CALLS`: Python in which the problem begins at `⟦`. `LINES`: command lines.
"""

from __future__ import annotations

CALLS: dict[str, tuple[str, ...]] = {
    "torch-load-without-weights-only": (
        'import torch\nmodel = ⟦torch.load("checkpoint.pth", map_location=torch.device("cpu"))',
        "import torch\nstate = ⟦torch.load(f=path, weights_only=False)",
    ),
    "pickle-family-load": (
        'import pickle\nclf = ⟦pickle.load(open("clf.bin", "rb"))',
        "import joblib\npipe = ⟦joblib.load(filename=model_file)",
        "import cloudpickle\nfn = ⟦cloudpickle.loads(blob)",
        'import pandas as pd\ntrain = ⟦pd.read_pickle(filepath_or_buffer="train.pkl.gz")',
        'import shelve\ndb = ⟦shelve.open("cache.db")',
    ),
    "pickle-from-network": (
        "import urllib.request, pickle\nw = ⟦pickle.loads(urllib.request.urlopen(address).read())",
        "import requests, joblib, io\nraw = requests.get(address).content\n"
        "est = ⟦joblib.load(io.BytesIO(raw))",
    ),
    "numpy-allow-pickle": ("import numpy as np\nd = ⟦np.load('d.npy', allow_pickle=True).item()",),
    "keras-unsafe-load": (
        "from tensorflow.keras.models import load_model\n"
        'net = ⟦load_model("net.keras", compile=False, safe_mode=False)',
    ),
    "trust-remote-code": (
        "from transformers import AutoModelForCausalLM\n"
        "lm = AutoModelForCausalLM.from_pretrained(name, ⟦trust_remote_code=True)",
        'from datasets import load_dataset\nds = load_dataset("a/b", ⟦trust_remote_code=True)',
    ),
    "flask-debug": (
        'from flask import Flask\nweb = Flask("web")\n⟦web.run(port=5000, debug=True)',
        "import dash\nboard = dash.Dash()\n⟦board.run_server(debug=True, port=8050)",
    ),
    "gradio-share": (
        "import gradio as gr\nui = gr.Blocks()\n⟦ui.launch(share=True, inbrowser=False)",
        "import gradio as gr\n⟦gr.ChatInterface(reply).queue().launch(debug=False, share=True)",
    ),
    "bind-all-interfaces": (
        'from aiohttp import web\nweb.run_app(site, host=⟦"0.0.0.0", port=8080)',
        'import uvicorn\nuvicorn.run("main:app", host=⟦"0.0.0.0")',
    ),
    "ngrok-or-tunnel": (
        "from pyngrok import ngrok\ntunnel = ⟦ngrok.connect(7860, bind_tls=True)",
        "import ngrok\nlistener = ⟦ngrok.forward(9000, authtoken_from_env=True)",
    ),
    "cors-wildcard": (
        "from fastapi.middleware.cors import CORSMiddleware\n"
        'api.add_middleware(CORSMiddleware, ⟦allow_origins=["*"], allow_methods=["GET"])',
        "from flask_cors import CORS\n⟦CORS(web, supports_credentials=True)",
    ),
    "public-endpoint-network": (
        'client.create_notebook_instance(RoleArn=r, ⟦DirectInternetAccess="Enabled")',
        "est = Estimator(image_uri=i, ⟦enable_network_isolation=False)",
    ),
    "over-broad-iam": (
        'iam.attach_user_policy(UserName=u, PolicyArn=⟦"arn:aws:iam::aws:policy/PowerUserAccess")',
        'project.add_iam_policy_binding(member=m, role=⟦"roles/editor")',
    ),
    "llm-output-executed": (
        "from anthropic import Anthropic\nbot = Anthropic()\n"
        "plan = bot.messages.create(model=m, messages=q).content[0].text\n⟦exec(plan)",
        "from langchain_openai import ChatOpenAI\nchat = ChatOpenAI(model=m)\n"
        "answer = chat.invoke(question)\nn = ⟦eval(answer.content)",
        "import google.generativeai as genai\nmodel_g = genai.GenerativeModel(m)\n"
        "script = model_g.generate_content(q).text\nimport subprocess\n"
        "⟦subprocess.run(script, shell=True)",
    ),
    "agent-dangerous-tool": (
        "from langchain_community.tools import ShellTool\nsh = ⟦ShellTool()",
        "from langchain_experimental.utilities import PythonREPL\nrepl = ⟦PythonREPL()",
        "ex = create_csv_agent(llm, path, ⟦allow_dangerous_code=True, verbose=True)",
    ),
    "allow-dangerous-deserialization": (
        "from langchain_community.vectorstores import FAISS\n"
        'vs = FAISS.load_local("idx", emb, ⟦allow_dangerous_deserialization=True)',
    ),
    "tls-verify-disabled": (
        "import requests\nanswer = requests.post(address, json=row, ⟦verify=False)",
        "import ssl\ncontext = ⟦ssl._create_unverified_context()",
        "import httpx\nhttp = httpx.Client(base_url=address, ⟦verify=False)",
        "import boto3\ns3c = boto3.client('s3', ⟦verify=False)",
    ),
    "cloud-metadata-access": (
        'import requests\ntoken = ⟦requests.put("http://169.254.169.254/latest/api/token", '
        "headers=head)",
    ),
    "obfuscated-code": (
        'import base64\n⟦exec(base64.b64decode("aW1wb3J0IHRoaXM=").decode())',
        'import codecs\n⟦eval(codecs.decode("cevag(1)", "rot13"))',
    ),
    "weak-hash": (
        'import hashlib\ndigest = ⟦hashlib.md5(open(path, "rb").read())',
        "import hashlib\ndigest = ⟦hashlib.sha1(password.encode())",
    ),
    "no-timeout": (
        "import requests\npage = ⟦requests.get(address, headers=head)",
        "import requests\n⟦requests.delete(address)",
    ),
    "shell-injection": (
        'import os\nname = input("name: ")\n⟦os.system("grep " + name + " log.txt")',
        "import subprocess, requests\nhost = requests.get(address).text\n"
        '⟦subprocess.check_output(f"ping -c 1 {host}", shell=True)',
    ),
    "remote-module-execution": (
        'import torch\nnet = ⟦torch.hub.load("acme/vision", "small", trust_repo=True)',
    ),
    "artifact-format-unsafe": (
        "import joblib\n⟦joblib.dump(value=est, filename=target)",
        "import torch\n⟦torch.save(net, target)",
    ),
}

LINES: dict[str, tuple[str, ...]] = {
    "tls-verify-disabled": (
        "curl -k https://data.example.org/a.csv -o a.csv",
        "wget -q --no-check-certificate https://data.example.org/a.csv",
        "curl --insecure -L https://data.example.org/a.csv",
        "git -c http.sslVerify=false clone https://git.example.org/a.git",
    ),
    "cloud-metadata-access": ("curl -s http://169.254.169.254/latest/meta-data/",),
    "destructive-shell": ("rm -rf ~", "chmod -R 777 /srv/data", "rm -r -f /home/*"),
    "ngrok-or-tunnel": ("ngrok http 8501", "cloudflared tunnel --url http://localhost:8501",
                        "lt --port 8501", "npx localtunnel --port 7860"),
    "bind-all-interfaces": (
        "uvicorn main:app --host 0.0.0.0 --port 8000",
        "streamlit run app.py --server.address 0.0.0.0",
        "python -m http.server 8000",
    ),
    "trust-remote-code": ("vllm serve acme/chat --trust-remote-code",),
    "over-broad-iam": (
        "aws iam attach-role-policy --role-name r --policy-arn arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    "public-endpoint-network": (
        "aws sagemaker create-notebook-instance --direct-internet-access Enabled",
    ),
    "endpoint-without-auth": ("gcloud run deploy svc --image img --allow-unauthenticated",),
    "jupyter-server-misconfig": (
        "jupyter lab --ip=0.0.0.0 --no-browser",
        "jupyter notebook --NotebookApp.token= --port 9999",
        "jupyter server --ServerApp.allow_origin=*",
    ),
    "obfuscated-code": ("echo aWQK | base64 -d | bash",),
    "unpinned-install": ("pip install -q transformers", "pip install pandas scikit-learn"),
    "vcs-install-mutable-ref": ("pip install git+https://github.com/acme/tool.git",),
    "plain-http-index-or-url": ("pip install --index-url http://pypi.example.org/simple acme==1.0",),
    "extra-index-dependency-confusion": (
        "pip install --extra-index-url https://pypi.example.org/simple acme==1.0",
    ),
    "git-clone-unpinned": ("git clone https://github.com/acme/tool.git",),
}  # fmt: skip
