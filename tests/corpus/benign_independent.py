"""Harmless texts beside the third set of places: of each what it builds, and the text, in which
`«{class:count}»` is filled with random characters."""

from __future__ import annotations

LOOK_ALIKES = (
    ("cell", 'tokenizer.add_special_tokens({"pad_token": "[PAD]", "sep_token": "<|sep|>"})'),
    ("cell", 'key = jax.random.PRNGKey(20240)\nsubkey, key = jax.random.split(key)'),
    ("cell", 'st.text_input("Name", key="name_input_1")\nst.button("Go", key="btn-go-7f3")'),
    ("cell", 's3.get_object(Bucket="lake", Key="raw/2024/05/part-00001-ab12.parquet")'),
    ("cell",
     'secret_name = "prod/warehouse/password"\nsecret_id = "arn:aws:secretsmanager:eu-west-'
     '1:123456789012:secret:db-a1b2c3"'),
    ("cell",
     'token_url = "https://login.lab.org/oauth2/v1/token"\nauth_url = "https://login.lab.or'
     'g/authorize"'),
    ("cell", 'token_env = "HF_TOKEN"\napi_key_var = "OPENAI_API_KEY"'),
    ("cell", 'token_address = "0x«{hex:40}»"'),
    ("cell", 'tx_hash = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060"'),
    ("cell", 'sh = gc.open_by_key("1«{w:43}»")'),
    ("cell", '!gdown --id 1«{w:32}»\nfile_id = "1«{w:32}»"'),
    ("cell", 'run = wandb.init(id="3k2j9x1z", resume="must")\nrun_id = "«{hex:32}»"'),
    ("cell", 'revision = "«{hex:40}»"\n!git checkout «{hex:40}»'),
    ("cell", 'p = pooch.retrieve(u, known_hash="sha256:«{hex:64}»")'),
    ("cell", 'path = "resnet50-19c8e357.pth"\nckpt_key = "model.layers.0.self_attn.q_proj.weight"'),
    ("cell",
     'password = getpass.getpass("Enter your warehouse password: ")\napi_key = getpass("Pas'
     'te the key")'),
    ("cell", 'token = input("Paste your token from https://x.org/tokens: ")'),
    ("cell", 'key = userdata.get("OPENAI_API_KEY")\npw = st.secrets["db_password"]'),
    ("cell", 'pw = dbutils.secrets.get(scope="kv-prod", key="warehouse-password")'),
    ("cell", 'pw = keyring.get_password("warehouse-prod", "etl_user")'),
    ("cell",
     'API_KEY = "<YOUR_API_KEY>"\nPASSWORD = "your-password-here"\nTOKEN = "xxxxxxxxxxxxxxxx'
     '"'),
    ("cell", 'openai.api_key = "sk-..."\nhf = "hf_..."\nkey = "AIza..."'),
    ("cell", 'api_key = "INSERT_KEY_HERE"\nsecret = "REPLACE_ME"\npassword = "********"'),
    ("cell", 'client_secret = "put your client secret here"\napi_token = "my_api_token"'),
    ("cell", 'PASSWORD_RE = r"^(?=.*[A-Z])(?=.*\\d)[A-Za-z\\d@$!%*?&]{8,}$"'),
    ("cell", 'password_column = "user_password_hash"\ndf = df.drop(columns=["password"])'),
    ("cell", 'schema = {"password": {"type": "string", "minLength": 8}, "token": "string"}'),
    ("cell", 'api_key: str = Field(..., description="API key of the service, see the docs")'),
    ("cell",
     'parser.add_argument("--token", help="HF token, from https://huggingface.co/settings/'
     'tokens", default="")'),
    ("cell", 'engine = create_engine(f"postgresql://{user}:{password}@{host}:5432/{db}")'),
    ("cell",
     'dsn = "dbname=dw user=etl password=%s" % pw\nu = "mysql://{}:{}@{}/{}".format(a, b, c'
     ', d)'),
    ("cell",
     '# postgresql://user:password@localhost:5432/mydb\nu = "https://username:password@exam'
     'ple.com/"'),
    ("cell",
     '!curl -H "Authorization: Bearer $TOKEN" -u $USER:$PASS https://x.org\n!mysql -u root '
     '-p$DB_PASS\n!unzip -P "$PW" a.zip'),
    ("cell",
     '%env TOKENIZERS_PARALLELISM=false\n%env CUDA_VISIBLE_DEVICES=0\n%env KERAS_BACKEND=ten'
     'sorflow'),
    ("cell", 'pwd = "/content/drive/MyDrive/project-2024"\n!pwd'),
    ("cell", 'headers = {"Authorization": f"Bearer {token}", "X-Api-Key": api_key}'),
    ("cell",
     'token_type = "Bearer"\ngrant_type = "client_credentials"\nauth_method = "client_secret'
     '_post"'),
    ("cell", 'm = AutoModel.from_pretrained(n, use_auth_token=True, token=os.environ["HF_TOKEN"])'),
    ("cell", 'ssh_key = "~/.ssh/id_ed25519"\nkey_file = "/etc/ssl/private/server.key"'),
    ("cell", 'public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«{b64:43}» anna@lab"'),
    ("cell", 'ca = """-----BEGIN CERTIFICATE-----\n«{b64:38}»\n-----END CERTIFICATE-----"""'),
    ("cell",
     'aws_access_key_id = "AKIAIOSFODNN7«»EXAMPLE"\naws_secret_access_key = "wJalrXUtnFEMI/'
     'K7MDENG/bPxRfiCY«»EXAMPLEKEY"'),
    ("cell", 'password_hash = "$2b$12$«{an:53}»"'),
    ("cell",
     'c.ServerApp.password = "argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdHNhbHQ$aGFzaGhhc'
     '2hoYXNoaGFzaA"'),
    ("stdout", '  token   pos   lemma\n0 running VBG run\n1 quickly RB quickly\n'),
    ("stdout", "token: Ġhello\ntokens: ['▁The', '▁secret', '▁password']\n"),
    ("json",
     '[{"token": 2653, "token_str": "password", "score": 0.91}, {"key": "2024-01-01T00:00:'
     '00Z"}]'),
    ("error",
     'OperationalError: FATAL: password authentication failed for user "postgres"\nHint: se'
     't PGPASSWORD or pass password=...'),
    ("markdown",
     'Passwort: bitte mindestens 12 Zeichen verwenden. Mot de passe oublié ? Contraseña: o'
     'bligatoria'),
    ("markdown", 'パスワード:8文字以上で入力してください。APIキー:管理画面で発行します。'),
    ("markdown",
     'The secret: practice every day. Key: C# minor. Password: see the wiki. Token: one wo'
     'rd piece.'),
    ("cell", 'secret_word = "hangman"\nsecret_message = "meet me at noon"\nsecret_number = "42"'),
    ("cell",
     'key = "DEFGHIJKLMNOPQRSTUVWXYZABC"\nalphabet = "abcdefghijklmnopqrstuvwxyz0123456789"'),
    ("cell", 'key = "ATGGCCATTGTAATGGGCCGCTGAAAGGGTGCCCGATAG"\ngenes = {"key": "ENSG00000139618"}'),
    ("cell",
     'user_id = Column(Integer, ForeignKey("users.id"), primary_key=True)\npartition_key = '
     '"customer_region_v2"'),
    ("cell",
     'next_page_token = "CAUQAA"\nresult_key = "access_token"\ncsrf_field = "csrfmiddlewaret'
     'oken"'),
    ("cell",
     'password = secrets.token_urlsafe(16)\napi_key = str(uuid.uuid4())\nsecret = Fernet.gen'
     'erate_key()'),
    ("cell",
     'client_id = "«{hex:8}»-«{hex:4}»-4«{hex:3}»-a«{hex:3}»-«{hex:12}»"\ntenant_id = "«{he'
     'x:8}»-«{hex:4}»-4«{hex:3}»-a«{hex:3}»-«{hex:12}»"'),
    ("cell",
     'df["password"] = df["password"].str.lower()\ndf["token"] = "unknown"\nrow["secret"] = '
     'row["a"]'),
    ("cell", 'hotkeys = {"key": "ctrl+shift+k"}\nkeyboard.add_hotkey("ctrl+alt+p", f)'),
    ("cell",
     'labels = {"password": "Passwort", "token": "Zugriffstoken", "password_help": "Forgot'
     ' your password?"}'),
    ("stdout", 'api_key=sk-****************abcd\npassword: ******\ntoken=hf_XXXXXXXXXXXX\n'),
    ("cell", 'login("alice", password="password")\nlogin("bob", password="test")'),
    ("cell",
     'metrics.log(key="val/accuracy_top5", value=0.9)\nsort_by = dict(key="n_estimators_200'
     '_depth_8")'),
    ("cell", 'w = widgets.Password(description="Password:", placeholder="Enter password")'),
    ("cell",
     'u = "https://storage.googleapis.com/public/datasets/abc123def456ghi789jkl/train.csv"'),
    ("html", '<img alt="secret key" src="data:image/png;base64,iVBORw0KGgo«{b64:60}»">'),
    ("cell",
     'model_key = "meta-llama/Llama-3.1-8B-Instruct"\ndataset_key = "zillow/zecon"\nexperime'
     'nt_key = "exp-2024-05-baseline-v3"'),
    ("cell",
     'def login(user: str, password: str, token: "Optional[str]" = None) -> "AuthToken":\n '
     '   ...'),
    ("cell",
     'client = OpenAI(base_url="http://localhost:8000/v1", api_key="EMPTY")\nc2 = OpenAI(ba'
     'se_url=u, api_key="not-needed")\nc3 = OpenAI(base_url=u, api_key="ollama")\nc4 = OpenA'
     'I(base_url=u, api_key="lm-studio")'),
    ("cell",
     '%%writefile docker-compose.yml\nservices:\n  db:\n    environment:\n      POSTGRES_PASSW'
     'ORD: ${DB_PASSWORD}\n      API_TOKEN_FILE: /run/secrets/api_token'),
    ("cell",
     '%%writefile ci.yml\nenv:\n  TOKEN: ${{ secrets.GITHUB_TOKEN }}\n  password: ${{ secrets'
     '.PYPI }}'),
    ("cell",
     '%%writefile pod.yml\nenv:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: d'
     'b-credentials, key: password}'),
    ("cell", 'smiles = "CC(=O)Oc1ccccc1C(=O)O"\ninchi_key = "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"'),
    ("cell",
     'ax.legend(title="Key"); ax.set_title("Password entropy by length")\nkeys = "x1 x2 x3"'
     '.split()'),
    ("cell", 'param_grid = {"clf__max_features": ["auto"], "key": ["a1b2"]}'),
    ("cell", 'tokens = ["New", "York2", "3rd"]\nn_tokens = 4096\nmax_tokens="512"'),
    ("cell",
     'SPECIAL = {"bos_token": "<s>", "additional_special_tokens": ["<img1>", "<img2>"], "i'
     'mage_token": "<image_1>"}'),
    ("cell", 'prompt = "The password is the name of the cat. Key: 5 points. Token: abc1"'),
    ("markdown",
     'Set `WIFI_PASSWORD` in settings. Password must have 8-16 characters, e.g. one of A-Z'
     ', a-z, 0-9.'),
    ("cell", 'fake.password(length=12)\ndf["password"] = [fake.password() for _ in range(10)]'),
    ("cell", 'TOKEN_RE = re.compile(r"[A-Za-z0-9_-]{20,}")\nsecret_pattern = r"AKIA[0-9A-Z]{16}"'),
    ("cell", 'assert "password" not in df.columns\nassert token.startswith("hf_")'),
    ("stdout", 'Connecting with password=*** user=etl\nUsing token hf_***\napi_key=[REDACTED]\n'),
    ("cell",
     '%%sql\nSELECT user, password_hash, api_key_id FROM users WHERE password IS NOT NULL;'),
    ("cell", '%%sql\nCREATE TABLE users (id INT, password VARCHAR(255), token TEXT NOT NULL);'),
    ("cell", 'producer.send("topic", key="customer-42-order-17", value=v)'),
    ("cell", 'r.set("user:1001:session", "active")\nr.get("cache:key:2024-05-01")'),
    ("cell", 'table.get_item(Key={"pk": "USER#1001", "sk": "ORDER#2024-05"})'),
    ("cell", 'obj = s3.Object("bucket", key="exports/2024/05/«{hex:32}»/part-0.parquet")'),
    ("cell", 'alt.LookupData(data, key="state_code_2", fields=["x1"])'),
    ("cell",
     'df.merge(b, left_on="key_2021", right_on="key_2022")\nstore = pd.HDFStore("a.h5"); df'
     '.to_hdf("a.h5", key="table_v2")'),
    ("markdown",
     'Never commit `AWS_SECRET_ACCESS_KEY`; use `aws configure`. Example: `export API_KEY='
     '<your key>`.'),
    ("markdown", 'Put `{"username":"YOUR_NAME","key":"YOUR_KEY"}` in `~/.kaggle/kaggle.json`.'),
    ("cell", 'u = "https://accounts.google.com/o/oauth2/token?client_id={cid}&client_secret={cs}"'),
    ("cell",
     'r = requests.get("https://httpbin.org/basic-auth/user/passwd", auth=("user", "passwd'
     '"))'),
    ("cell",
     'r = requests.get("https://httpbin.org/bearer", headers={"Authorization": "Bearer fak'
     'e_token_123"})'),
    ("markdown", '`AIRFLOW_CONN_DB=postgresql://airflow:airflow@localhost/airflow`'),
    ("cell", 'cache_token = "«{hex:32}»"\nchecksum_key = "sha256-«{hex:16}»"'),
    ("json",
     '{"data": [{"uid": "1d6f2a7e-3c", "key": "x1"}], "token": {"index": 3, "text": "Hello'
     '1"}}'),
    ("stdout", 'Token     Score\n[CLS]     0.01\npass      0.22\nword1     0.91\n'),
    ("stdout",
     ' #   Column        Non-Null Count  Dtype \n 0   password      1000 non-null   object\n'
     ' 1   api_key       1000 non-null   object\n'),
    ("stdout",
     '           password\ncount      1000\nunique      998\ntop     123456\nfreq          3\n'),
    ("cell", 'common_passwords = ["123456", "password1", "qwerty123", "letmein1", "iloveyou2"]'),
    ("cell",
     'print(check_strength("Tr0ub4dor&3"))\nprint(check_strength("correct horse battery sta'
     'ple"))'),
    ("cell",
     'for candidate in ("hunter2", "P@ssw0rd", "abc12345"):\n    print(zxcvbn(candidate)["s'
     'core"])'),
    ("cell", 'p = 61; q = 53; public_key = (17, 3233); private_key = (2753, 3233)'),
    ("cell", 'def encrypt(text, key="LEMON"):\n    ...\nencrypt("ATTACKATDAWN", key="CRYPTII")'),
    ("cell", 'key = os.urandom(32)\niv = b"\\x00" * 16'),
    ("cell",
     'model.get_layer("dense_12_key_proj")\nstate["key.weight"] = w\nq, k = "query_1", "key_'
     '1"'),
    ("stdout",
     'keyring                   25.2.1             pyha804496_0    conda-forge\ntokenizers '
     '               0.19.1          py311h6640629_0    conda-forge\nsecretstorage         '
     '    3.3.3           py311h38be061_2    conda-forge\n'),
    ("stdout",
     'Downloading tokenizers-0.19.1-cp311-cp311-manylinux_2_17_x86_64.whl (3.6 MB)\nSuccess'
     'fully installed keyring-25.2.1 pyjwt-2.8.0\n'),
    ("stdout",
     'wandb: Run data is saved locally in /content/wandb/run-20240501_101112-3k2j9x1z\nwand'
     'b: View run at https://wandb.ai/team/proj/runs/3k2j9x1z\nwandb: Currently logged in a'
     's: anna. Use `wandb login --relogin` to force relogin\n'),
    ("stdout",
     'Token has not been saved to git credential helper.\nYour token has been saved to /roo'
     't/.cache/huggingface/token\nLogin successful\nToken is valid (permission: read).\n'),
    ("cell", 'from notebook.auth import passwd\npasswd()'),
    ("markdown", 'A signed URL ends in `&Signature=<signature>` and `X-Amz-Signature=...`.'),
    ("markdown", '[link](https://colab.research.google.com/drive/1«{w:32}»?usp=sharing)'),
    ("cell",
     'url = "https://cdn.host.org/models/«{hex:16}»/model.safetensors?download=true&hash=«'
     '{hex:16}»"'),
    ("cell", 'inchikey = "RYYVLZVUVIJVGH-UHFFFAOYSA-N"\nkey = "CN1C=NC2=C1C(=O)N(C(=O)N2C)C"'),
    ("cell",
     'app.secret_key = os.urandom(24)\napp.config["SECRET_KEY"] = os.environ["SECRET_KEY"]'),
    ("cell",
     'password = db_password\nclient = Client(api_key=api_key, token=hf_token)\nconn = conne'
     'ct(user, password)'),
    ("cell",
     'password: Optional[str] = None\ntoken: Annotated[str, Depends(oauth2_scheme)]\nsecret:'
     ' "SecretStr"'),
    ("cell",
     'username = prompt("Username: ")\npassword = prompt("Password (min 8 chars): ", is_pas'
     'sword=True)'),
    ("html",
     '<form><input type="password" name="password" id="pw1" placeholder="Password (8+ char'
     'acters)"><button>Sign in</button></form>'),
    ("cell", 'cards = {"key": "AS", "token": "10H"}\npasscode_length = 6'),
)  # fmt: skip
