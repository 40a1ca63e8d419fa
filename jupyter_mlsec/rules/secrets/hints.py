"""The lines on which a credential may be bound to a name: cheap patterns for the prefilter.

`key` and `token` are words of every second notebook, so a name alone is no hint: there must be
an operator and a value with a digit beside a letter in it.
"""

from __future__ import annotations

from jupyter_mlsec.core.rule import Hint

_PASSWORD = r"(?:passw|passphrase|passcode|passe?\b|pwd|pswd|kennwort|senha|contrase(?:ñ)?)"  # noqa: S105
# not `tokenizer`, `keyboard`, `author`
_KEY = r"(?:(?:key|token|auth|pat)(?:\b|_|[0-9]|s\b)|secret|credential|authorization|bearer|jwt)"
_PASSWORD_WORDS = ("pass", "pwd", "pswd", "kennwort", "senha", "contrase")
_KEY_WORDS = ("key", "token", "secret", "credential", "auth", "bearer", "jwt", "pat")

_NAME_END = r"[\w.\\-]{0,24}[\"'`\])*\\]{0,4}(?:</\w{1,8}>(?:<\w[^>\n]{0,60}>)?)?[ \t]{0,40}"
_TYPE = r"(?::[ \t]?[\w.\[\]| ]{1,30})?"
_OPERATOR = (
    rf"{_TYPE}(?:<-|<<<|=|:|,)[=>]?[*_]{{0,3}}[ \t]{{0,8}}"
    r"(?:\\?[\"']?value\\?[\"'][ \t]?[:=,][ \t]?)?"
    r"(?:<[^>\n]{1,60}>){0,3}(?:&#39;|&quot;)?"
)
# from a label to its value: `</td><td>`, `</dt><dd>`, `</label> <input>`
_CELL = r"</\w{1,8}>[ \t]*<\w{1,8}[^>\n]{0,60}>[ \t]*"
# `SecretStr("x")`, `["x", "y"]`
_CALL = r"[\w.]{1,30}\((?:\w{1,16}=)?(?:lambda:[ \t])?"
_OPENED = rf"(?:{_CALL}|lambda:[ \t])?[rbuf(\[{{]{{0,3}}"
_DIGIT_OR_SIGN = r"[0-9!@#$%^&*+?~]"
_PHRASE = r"[a-z]{3,10}(?:-[a-z]{3,10}){3}"  # `amber-badger-cactus-delta`
_SIGN = r"[\w+/=.~:@!#$%^&*?-]"
# a digit beside a letter
_PAIR = r"(?:[0-9][a-z]|[a-z][0-9])"
_MIXED = rf"(?:{_SIGN}{{0,48}}{_PAIR}{_SIGN}{{2}}|{_SIGN}{{14,48}}{_PAIR})"


def _hint(tag: str, pattern: str, literals: tuple[str, ...], *, leading: bool = True) -> Hint:
    return Hint(f"secrets.{tag}", pattern, literals, ignore_case=True, leading=leading)


HINTS = (
    _hint(
        "password-literal",
        rf"{_PASSWORD}{_NAME_END}{_OPERATOR}(?:[rbuf(\[{{]{{0,3}}\\?[\"'`][^\"'\n]{{4}}"
        rf"|(?:{_CALL}|lambda:[ \t])[rbu]?[\"'][^\s\"'\n]{{0,30}}{_DIGIT_OR_SIGN})",
        _PASSWORD_WORDS,
    ),
    _hint(
        "password-bare",
        rf"{_PASSWORD}{_NAME_END}(?:{_OPERATOR}|is |[ \t|]{{2}}| & |{_CELL})[*`]{{0,3}}"
        rf"(?:[^\s\"'<>(){{}}\[\],;=:]{{0,30}}{_DIGIT_OR_SIGN}|{_PHRASE})",
        _PASSWORD_WORDS,
    ),
    _hint(
        "key-value",
        rf"{_KEY}{_NAME_END}(?:{_OPERATOR}|is |[ \t|]{{2}}| & |{_CELL})[*`]{{0,3}}"
        rf"{_OPENED}\\?[\"'`]?(?:bearer |basic |token |apikey )?{_MIXED}",
        _KEY_WORDS,
    ),
    _hint(
        "header",
        rf"(?:bearer|basic|token|apikey)[ \t]{{1,2}}{_MIXED}{_SIGN}{{4}}",
        ("bearer", "basic", "token", "apikey"),
    ),
    _hint(  # put together from parts, or on the next line
        "open",
        rf"(?:{_PASSWORD}|{_KEY}){_NAME_END}{_TYPE}[=:,][ \t]{{0,4}}"
        r"(?:[(\[\\]+[ \t]*$|[a-z_]\w{0,30}[ \t]?\+"
        r"|[rbuf(]{0,3}[\"'][^\"'\n]{0,60}[\"'][ \t]{0,2}"
        r"(?:\+|\"[^\"\n]|'[^'\n]|\.join\(|\.format\([\"']|%[ \t]?\(|$))",
        (*_PASSWORD_WORDS, *_KEY_WORDS),
    ),
    _hint(
        "variable",
        r"(?:passw(?:or)?d|pwd|api_?key|secret|access_?key|(?:api|auth|access)_?token)"
        r"[\"'\]]{0,2}[ \t]?[=:][ \t]?[a-z_]\w{0,30}(?:\[[0-9]\])?[ \t]{0,2}(?:[,)}]|$)",
        ("passw", "pwd", "api", "secret", "access", "auth"),
    ),
    _hint(
        "call",
        r"(?:client\w{0,4}|login|openai|anthropic|groq|mistral\w{0,5}|together|pinecone|cohere"
        r"|api_?key|auth\w{0,12}|token|connect|init|api|secret)\([ \t]?[\"']"
        rf"{_MIXED}{_SIGN}{{8}}",
        (
            *("client", "login", "openai", "anthropic", "groq", "mistral", "together", "pinecone"),
            *("cohere", "api", "auth", "token", "connect", "init", "secret"),
        ),
    ),
    _hint(
        "pair",
        r"(?:auth\w{0,16}|login|credentials|creds|username_pw_set|userpassword)[\"']?"
        r"(?:[ \t]?[=:][ \t]?)?[\[(]{1,2}[\"'][^\"'\n]{1,60}[\"'],[ \t]?[\"'][^\"'\n]{4}",
        ("auth", "login", "credentials", "creds", "username_pw_set", "userpassword"),
    ),
    _hint(  # `user, password = "me", "x"`
        "tuple",
        # a repeated group with repetitions in it would make this the slowest hint of all
        rf"(?:{_PASSWORD}|{_KEY})\w*[ \t]?(?:,[\w, \t]{{1,60}})?=[ \t]?\(?"
        r"[rbuf]?[\"'][^\"'\n]{1,60}[\"'],[ \t]?[rbuf]?[\"'][^\"'\n]{4}",
        (*_PASSWORD_WORDS, *_KEY_WORDS),
    ),
    _hint(
        "element",
        rf"(?:{_PASSWORD}|{_KEY})[\w.-]{{0,20}}>[^<>\s]{{4,200}}</",
        (*_PASSWORD_WORDS, *_KEY_WORDS),
    ),
    _hint(  # a storage account's key, under a name longer than others
        "azure",
        r"account\.key\.[\w.]{1,80}[\"'],[ \t]?[rbu]?[\"'][^\s\"']{16}",
        ("account.key.",),
    ),
    _hint(  # `.netrc`, `.pgpass`, notes
        "login",
        r"(?:login[ \t]+[^\s]{1,60}[ \t]+password[ \t]+[^\s]{4}"
        rf"|(?:authtoken|passw(?:or)?d|secret|(?:api|access)[_-]?key)[ \t]{{1,4}}[\"']?"
        rf"[^\s\"'=:-][^\s\"']{{0,30}}{_DIGIT_OR_SIGN}"
        r"|(?:login|logins|credentials|creds|account|user(?:name)?[ \t]?/[ \t]?pass\w{0,6})"
        r"[\"'`*]{0,4}[ \t]?[:=][ \t*`]{0,4}[\w.@+-]{1,60}[ \t`*]{0,4}/[ \t`*]{0,4}[^\s/`]{4})",
        (
            *("login", "credentials", "creds", "account", "user"),
            *("authtoken", "pass", "secret", "api", "access"),
        ),
    ),
    _hint(
        "pgpass",
        r":(?:[0-9]{2,5}|\*):[\w*-]{1,60}:[\w*.-]{1,60}:[^\s:\"']{4,128}[\"']?[ \t]*(?:$|[|>])",
        (":543", ":643", ":*:"),
    ),
    _hint(  # what other languages call it
        "foreign",
        r"(?:密码|密碼|口令|パスワード|ароль|비밀번호|mdp|(?:\b|_)pw|\bpsw|wachtwoord"
        r"|haslo|hasło|heslo|ifre|senord|adgangskode|parola)"
        "[*`\"' \t]{0,4}(?:[:=]|\uff1a)"
        rf"[>=]?[*_]{{0,3}}[ \t]{{0,4}}[*`\"']{{0,3}}[^\s\"'`]{{0,30}}{_DIGIT_OR_SIGN}",
        (
            *("密码", "密碼", "口令", "パスワード", "ароль", "비밀번호", "mdp"),
            *("pw", "_pw", "psw", "wachtwoord", "haslo", "hasło", "heslo", "ifre", "senord"),
            *("adgangskode", "parola"),
        ),
    ),
    _hint(  # an option or a field, with what it has at first
        "default",
        rf"(?:{_PASSWORD}|{_KEY})[\w -]{{0,24}}[: ]{{0,2}}[\"'][^\n]{{0,200}}"
        r"[ \t,(](?:default|value|default_value|initial|fallback)[ \t]?=[ \t]?"
        r"[rbu]?[\"'][^\"'\n]{4}",
        (*_PASSWORD_WORDS, *_KEY_WORDS),
    ),
    _hint(  # the other way round
        "default",
        r"(?:value|default)[ \t]?=[ \t]?[\"'][^\"'\n]{4,100}[\"'],[^\n]{0,100}"
        rf"(?:description|label|placeholder|name)[ \t]?=[ \t]?[\"'][\w -]{{0,24}}"
        rf"(?:{_PASSWORD}|{_KEY})",
        ("value", "default"),
    ),
    _hint(
        "default",
        rf"[^\s][\"'],[ \t]?[\"']--[\w-]{{0,24}}(?:{_PASSWORD}|{_KEY})",
        ("--",),
        leading=False,
    ),
    _hint(  # its value is on one of the next lines
        "option",
        rf"--[\w-]{{0,24}}(?:{_PASSWORD}|{_KEY})[\w-]{{0,10}}[\"'],[ \t]*$",
        ("--",),
    ),
    _hint(  # by a function whose name may say what it is
        "return",
        rf"return[ \t]{{1,2}}[rbu]?[\"'](?:{_MIXED}|[^\s\"'\n]{{4,30}}[!@#$^&*?~])"
        r"[^\s\"'\n]*[\"'][ \t]*$",
        ("return",),
    ),
    _hint(
        "position",
        r"(?:set_password|ftp|ftp_tls|fernet|minio|oauth1?|oauth\w{0,6}handler|hmac\.new|jwt\.encode"
        r"|jwt\.decode|azurekeycredential|clientsecretcredential|urlsafe\w{0,5}serializer)"
        r"\([^\n]{0,200}[rbu]?[\"'][^\s\"']{6}"
        r"|(?:pymysql|mysqldb|pymssql|cx_oracle|oracledb)\.connect\([^\n]{0,200}[\"'][^\s\"']{6}"
        rf"|zip\([^\n]{{0,100}}(?:{_PASSWORD}|{_KEY})[^\n]{{0,60}}[\])],[ \t]?[\[(][\"']",
        (
            *("set_password", "ftp", "fernet", "minio", "oauth", "hmac.new", "jwt."),
            *("pymysql", "mysqldb", "pymssql", "cx_oracle", "oracledb", "zip("),
            *("azurekeycredential", "clientsecretcredential", "urlsafe"),
        ),
    ),
    _hint(
        "fallback",
        rf"(?:{_PASSWORD}|{_KEY})[^\n]{{0,80}}[ \t)](?:or|else)[ \t]{{1,2}}[rbuf]?[\"']"
        r"[^\"'\s]{0,24}[0-9!@#$%^&*+?~]",
        (*_PASSWORD_WORDS, *_KEY_WORDS),
    ),
    _hint(
        "attribute",
        rf"(?:name|id|for)=[\"'][\w.-]{{0,40}}(?:{_PASSWORD}|{_KEY})[\w.-]{{0,20}}[\"']"
        r"[^<>\n]{0,80}[ \t]value=[\"'][^\"'\n]{6}",
        ("name=", "id=", "for="),
    ),
    _hint(  # the value is on the next line: lists of variables, widgets' state
        "paired",
        rf"(?:name|key|description|placeholder)\\?[\"']?[ \t]?[:=][ \t]?\\?[\"']?[\w .-]{{0,40}}"
        rf"(?:{_PASSWORD}|{_KEY}|password)[\w .-]{{0,20}}:?\\?[\"']?,?[ \t]*$",
        ("name", "key", "description", "placeholder"),
    ),
    _hint(
        "set",
        r"(?:%env|%set_env|\benv|\bsetx?|setenv)[ \t]+\w{0,40}"
        r"(?:pass|pwd|senha|mdp|key|token|secret|auth|cred)\w{0,20}[ \t]+[^\s=]{6}",
        ("%env", "%set_env", "env", "set"),
    ),
    _hint(
        "flag",
        r"(?:^|[^\w-])-(?:[\w-]{0,40}-)?(?:pass|token|api|secret|key|auth|access|user|pw|mdp|senha)"
        r"[\w-]{0,24}"
        r"[= ][ \t]?[\"']?[^\s\"'-][^\s\"']{3}",
        (
            "-pass",
            "-token",
            "-api",
            "-secret",
            "-key",
            "-auth",
            "-access",
            "-user",
            "-pw",
            "-mdp",
            "-senha",
        ),
        leading=False,
    ),
    _hint(
        "flag",
        r"(?:sshpass[ \t]+-p"
        r"|(?:curl|wget|http)\b[^\n]{0,300}[ \t]-u[ \t]?[\"']?[^\s:]{1,60}:[^\s]"
        r"|(?:mysql|mysqldump|mariadb|mongo\w{0,4}|login)\b[^\n]{0,200}[ \t]-p[ \t]?[\"']?[^\s-]{4}"
        r"|echo[ \t][^|\n]{6,300}\|[^\n]{0,100}"
        r"(?:password-stdin|login|with-token|--auth|sudo[ \t]+-s)"
        r"|(?:unzip|zip|sqlcmd|bcp)\b[^\n]{0,200}[ \t]-P[ \t]?[^\s-]{4}"
        r"|redis-cli[^\n]{0,200}[ \t]-a"
        r"|wandb[ \t]+login|configure[ \t]+set|config[ \t]+set)",
        (
            *(
                "sshpass",
                "zip",
                "unzip",
                "sqlcmd",
                "bcp",
                "redis-cli",
                "curl",
                "wget",
                "http",
                "mysql",
                "mariadb",
                "mongo",
                "login",
                "echo",
            ),
            *("wandb", "config"),
        ),
    ),
    _hint(
        "sql",
        r"(?:identified[ \t]+(?:with[ \t]+\w+[ \t]+)?by|password|secret)[ \t]+"
        r"[\"'][^\"'\n]{4,80}[\"']",
        ("identified", "password", "secret"),
    ),
    _hint(  # chosen by people: `Thistle@8835+`
        "key-value",
        rf"secret{_NAME_END}{_OPERATOR}[rbuf]?\\?[\"'][^\s\"'\n]{{6,30}}{_DIGIT_OR_SIGN}",
        ("secret",),
    ),
    _hint(
        "tuple",
        r"\bpw\b[\w, \t]*=[ \t]?\(?[rbuf]?[\"'][^\"'\n]*[\"'],[ \t]?[rbuf]?[\"'][^\"'\n]{4}",
        ("pw",),
    ),
    _hint(
        "position",
        r"(?:setpassword|send_keys)\([rbu]?[\"'][^\s\"']{4}"
        r"|subscription[ \t]?=[ \t]?[\"'][0-9a-f]{32}"
        r"|(?:timeseries|foreignexchange|fundamentaldata|techindicators)\([\"'][a-z0-9]{16}[\"']"
        r"|(?:fred|bing)\([\"'][a-z0-9]{20}"
        r"|telegramclient\([^\n]{0,80}[\"'][0-9a-f]{32}",
        (
            *("setpassword", "send_keys", "subscription", "timeseries", "foreignexchange"),
            *("fundamentaldata", "techindicators", "fred", "bing", "telegramclient"),
        ),
    ),
    _hint("position", r"appid\\?[\"']?[ \t]?[=:,][ \t]?\\?[\"']?[0-9a-f]{32}", ("appid",)),
    _hint(
        "flag",
        r"mc[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)[ \t]",
        ("mc alias", "mc config"),
    ),
)
TAGS = tuple(dict.fromkeys(hint.tag for hint in HINTS))
# The hints for what commands are handed; without them no command is looked for.
FLAG_TAGS = ("secrets.flag", "secrets.login")
# What these mark is a credential only by the name that stands on the same line.
BY_NAME = frozenset(
    f"secrets.{tag}" for tag in ("open", "key-value", "variable", "password-literal")
)

_COLUMN = (
    r"(?:\w{1,24}_)?(?:password|passwd|pwd|passwort|kennwort|senha|contrasena|passe|passphrase"
    r"|secret|api_?key|key|token)"
)
TABLE_HINTS = (
    _hint(
        "column",
        rf"^(?:[^\n\"'=,.:;()]{{0,300}}(?:[ \t]{{2}}|[|│┆\t][ \t]?))?{_COLUMN}"
        r"(?:[ \t]?$|[ \t]{2}|[ \t]?[|│┆\t])",
        ("pass", "pwd", "kennwort", "senha", "contrasena", "secret", "key", "token"),
        leading=False,
    ),
    _hint(
        "html-column",
        rf"<t[hd][^>\n]{{0,60}}>[ \t]?{_COLUMN}[ \t]?</t[hd]>",
        ("</t",),
        leading=False,
    ),
    _hint(
        "csv-column",
        rf"^(?:[\w \",;.-]{{0,100}}[,;]\"?)?{_COLUMN}\"?(?:[,;][\w \",;.-]{{0,100}})?[ \t]?$",
        ("pass", "pwd", "kennwort", "senha", "contrasena", "secret", "key", "token"),
        leading=False,
    ),
)
TABLE_TAGS = tuple(hint.tag for hint in TABLE_HINTS)
