"""Encodings of the value, printed."""

from __future__ import annotations

from tests.leaks.channel import Channel, table

_B = "import base64, binascii, codecs, hashlib, html, json, urllib.parse as u, zlib\n"

_FORMS = {
    "upper case": "s.upper()",
    "lower case": "s.lower()",
    "swapped case": "s.swapcase()",
    "reversed": "s[::-1]",
    "repr": "repr(s)",
    "ascii": "ascii(s)",
    "json": "json.dumps({'k': s})",
    "json twice": "json.dumps(json.dumps(s))",
    "url": "u.quote(s, safe='')",
    "url, all": "''.join(f'%{ord(c):02X}' for c in s)",
    "url, twice": "u.quote(u.quote(s))",
    "url, form": "u.urlencode({'key': s})",
    "html": "html.escape(s)",
    "html, decimal": "''.join(f'&#{ord(c)};' for c in s)",
    "html, hexadecimal": "''.join(f'&#x{ord(c):x};' for c in s)",
    "base64": "base64.b64encode(s.encode()).decode()",
    "base64, after one": "base64.b64encode(b'x' + s.encode()).decode()",
    "base64, after two": "base64.b64encode(b'xy' + s.encode() + b'z').decode()",
    "base64, for urls": "base64.urlsafe_b64encode(s.encode()).decode()",
    "base64, lines": "base64.encodebytes(s.encode() * 3).decode()",
    "base64, twice": "base64.b64encode(base64.b64encode(s.encode())).decode()",
    "base64 of utf-16": "base64.b64encode(s.encode('utf-16')).decode()",
    "base64 of utf-16-be": "base64.b64encode(s.encode('utf-16-be')).decode()",
    "base64 of a piece": "base64.b64encode(s[4:30].encode()).decode()",
    "base64 reversed": "base64.b64encode(s[::-1].encode()).decode()",
    "basic authentication": "'Basic ' + base64.b64encode(f'user:{s}'.encode()).decode()",
    "bytes of base64": "base64.b64encode(s.encode())",
    "base32": "base64.b32encode(s.encode()).decode()",
    "base32, after one": "base64.b32encode(b'x' + s.encode()).decode()",
    "base85": "base64.b85encode(s.encode()).decode()",
    "ascii85": "base64.a85encode(s.encode()).decode()",
    "uu": "binascii.b2a_uu(s.encode()).decode()",
    "quoted-printable": "binascii.b2a_qp(s.encode()).decode()",
    "hexadecimal": "s.encode().hex()",
    "hexadecimal, upper": "s.encode().hex().upper()",
    "hexadecimal, colons": "s.encode().hex(':')",
    "hexadecimal, piece": "s[3:25].encode().hex()",
    "hexadecimal of utf-16": "s.encode('utf-16-le').hex()",
    "hex dump": "'\\n'.join(s[i:i+8].encode().hex(' ') for i in range(0, len(s), 8))",
    "hex list": "[hex(ord(c)) for c in s]",
    "\\x escapes": "''.join(f'\\\\x{ord(c):02x}' for c in s)",
    "\\u escapes": "''.join(f'\\\\u{ord(c):04x}' for c in s)",
    "\\U escapes": "''.join(f'\\\\U{ord(c):08x}' for c in s)",
    "U+ names": "' '.join(f'U+{ord(c):04X}' for c in s)",
    "octal escapes": "''.join(f'\\\\{ord(c):03o}' for c in s)",
    "octal list": "[oct(ord(c)) for c in s]",
    "codes": "[ord(c) for c in s]",
    "codes, spaced": "' '.join(str(ord(c)) for c in s)",
    "codes as floats": "[float(ord(c)) for c in s]",
    "codes, piece": "list(s[4:28].encode())",
    "binary": "' '.join(f'{ord(c):08b}' for c in s)",
    "binary list": "[bin(ord(c)) for c in s]",
    "binary, joined": "''.join(f'{ord(c):08b}' for c in s)",
    "number": "int.from_bytes(s.encode(), 'big')",
    "utf-16 bytes": "s.encode('utf-16-le')",
    "utf-32 bytes": "s.encode('utf-32-le')",
    "bytearray": "bytearray(s.encode())",
    "rot13": "codecs.encode(s, 'rot13')",
    "rot47": "''.join(chr(33 + (ord(c) + 14) % 94) for c in s)",
    "enumerated": "list(enumerate(s))",
    "enumerated from one": "dict(enumerate(s, 1))",
    "tuples": "[(c,) for c in s]",
    "md5": "hashlib.md5(s.encode()).hexdigest()",
    "sha1": "hashlib.sha1(s.encode()).hexdigest()",
    "sha256": "hashlib.sha256(s.encode()).hexdigest()",
    "dashes": "'-'.join(s)",
    "slashes": "'/'.join(s)",
    "stars": "'*'.join(s)",
    "hashes": "'#'.join(s)",
    "quotes": "'\"'.join(s)",
    "tabs": "'\\t'.join(s)",
    "no-break spaces": "'\\u00a0'.join(s)",
    "combining characters": "'\\u0301'.join(s)",
    "groups of four": "' '.join(s[i:i+4] for i in range(0, len(s), 4))",
    "shell quotes": "__import__('shlex').quote(s + ' x')",
    "connection string": "f'postgres://me:{u.quote(s)}@db/x'",
    "xml": "f'<key><![CDATA[{s}]]></key>'",
    "twice in a row": "s + s",
    "in other characters": "f'ab{s}yz'",
}

CLOSED = tuple(
    channel
    for name, form in _FORMS.items()
    for channel in table("encodings", {name: f"{_B}print({form})"})
)

_CIPHER = "any computation may hide a value; accidents don't"
OPEN = (
    Channel(
        "compressed", "encodings", _B + "print(base64.b64encode(zlib.compress(s.encode())).decode())",
        open="compression is not undone",
    ),
    Channel(
        "in other words", "encodings",
        _B + "print(' '.join(f'{c}{c}{c}' for c in s))",
        open=_CIPHER,
    ),
)  # fmt: skip

CHANNELS = (*CLOSED, *OPEN)
