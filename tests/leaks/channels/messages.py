"""Results, displays, replies, widgets: all other messages of a kernel."""

from __future__ import annotations

from tests.leaks.channel import Channel, table

_D = "from IPython.display import *\n"

RESULTS = table(
    "results",
    {
        "value": "s",
        "bound value": "key",
        "in a list": "[1, s]",
        "in a dict": "{'key': {'inner': (s,)}}",
        "as a key": "{s: 1}",
        "bytes": "s.encode()",
        "set": "{s}",
        "list of characters": "list(s)",
        "list of codes": "[ord(c) for c in s]",
        "object with a repr": "class R:\n    def __repr__(self): return 'R(' + s + ')'\nR()",
        "rich repr": "class R:\n    def _repr_html_(self): return f'<b>{s}</b>'\nR()",
        "mimebundle": (
            "class R:\n    def _repr_mimebundle_(self, **k): return {'text/plain': s}\nR()"
        ),
        "array": "import array; array.array('u', s)",
        "Out": "Out",
        "namedtuple": "from collections import namedtuple; namedtuple('N', 'k')(s)",
        "generator's locals": "def g(k):\n    yield k\nx = g(s); next(x); x.gi_frame.f_locals",
    },
)

DISPLAYS = table(
    "displays",
    {
        "HTML": _D + "display(HTML(f'<p>{s}</p>'))",
        "HTML, tags between": _D + "display(HTML(''.join(f'<b>{c}</b>' for c in s)))",
        "HTML attribute": _D + "display(HTML(f'<a href=\"https://h/?k={s}\">x</a>'))",
        "HTML entities": _D + "display(HTML(''.join(f'&#{ord(c)};' for c in s)))",
        "Markdown": _D + "display(Markdown(f'# {s}'))",
        "LaTeX": _D + "display(Latex(f'$\\\\text{{{s}}}$'))",
        "JSON": _D + "display(JSON({'k': [s]}))",
        "JSON of characters": _D + "display(JSON({'k': list(s)}))",
        "JSON of codes": _D + "display(JSON({'k': [ord(c) for c in s]}))",
        "JSON as keys": _D + "display(JSON({s: 1}))",
        "SVG": _D
        + "display(SVG(f'<svg xmlns=\"http://www.w3.org/2000/svg\"><text>{s}</text></svg>'))",
        "Javascript": _D + "display(Javascript(f'console.log({s!r})'))",
        "raw": _D + "display({'text/plain': s}, raw=True)",
        "own type": _D + "display({'application/x-own': {'a': s}}, raw=True)",
        "metadata": _D + "display({'text/plain': 'x'}, raw=True, metadata={'k': s})",
        "transient": _D + "display({'text/plain': 'x'}, raw=True, transient={'display_id': s})",
        "update": _D + "h = display(1, display_id=True); h.update(s)",
        "display id": _D + "_ = display(1, display_id=s)",
        "Code": _D + "display(Code(f'key = {s!r}', language='python'))",
        "Image": _D
        + "display(Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + b'\\0' * 8 + b'tEXtComment\\0' + s.encode()))",
        "IFrame": _D + "display(IFrame(f'https://h/{s}', 10, 10))",
        "Audio of bytes": _D + "display({'audio/wav': s.encode()}, raw=True)",
        "table": _D + "display(HTML(f'<table><tr><td>key</td><td>{s}</td></tr></table>'))",
        "clear and again": _D + "print(s); clear_output(); print(s)",
        "base64 in a page": _D
        + "import base64\ndisplay(HTML(f'<img src=\"data:;base64,{base64.b64encode(s.encode()).decode()}\">'))",
        "pretty printer": "from IPython.lib.pretty import pretty; print(pretty({'k': s}))",
    },
)

_NOTHING = "x = s"
REPLIES = (
    Channel("inspect a dict", "replies", "d = {'k': s}", then=(("inspect", "d"),)),
    Channel(
        "inspect a function's default", "replies", "def f(k=s): ...", then=(("inspect", "f"),)
    ),
    Channel("complete keys", "replies", "d = {s: 1}", then=(("complete", "d['"),)),
    Channel(
        "complete attributes",
        "replies",
        "class A: ...\na = A(); setattr(a, s, 1)",
        then=(("complete", "a."),),
    ),
    Channel("complete names", "replies", "globals()['v' + s] = 1", then=(("complete", "v"),)),
    Channel("user expressions", "replies", _NOTHING, then=(("expression", "x"),)),
    Channel("user expressions, error", "replies", _NOTHING, then=(("expression", "int(x)"),)),
    Channel("history", "replies", "h = '@@'", then=(("history", "raw"),)),
    Channel("history of outputs", "replies", "s + '!'", then=(("history", "translated"),)),
    Channel("set_next_input", "replies", "get_ipython().set_next_input(f'k = {s!r}')"),
    Channel("pager", "replies", "def f(): ...\nf.__doc__ = s\nget_ipython().run_line_magic('pinfo', 'f')"),
    Channel("page", "replies", "from IPython.core.page import page; page(s)"),
    Channel("payload", "replies", "get_ipython().payload_manager.write_payload({'source': 'x', 'text': s})"),
    Channel("execute_input", "replies", "pasted = '@@'"),
    Channel("execute_input of a comment", "replies", "# @@"),
    Channel("debugger: variables", "replies", _NOTHING, then=(
        ("debug", '{"type": "request", "seq": 1, "command": "inspectVariables", "arguments": {}}'),
    )),
    Channel("debugger: rich variable", "replies", _NOTHING, then=(
        ("debug", '{"type": "request", "seq": 2, "command": "richInspectVariables", '
                  '"arguments": {"variableName": "x"}}'),
    )),
)  # fmt: skip

PROMPTS = (
    Channel("input", "prompts", "_a = input(s)", answer="y"),
    Channel("getpass", "prompts", "import getpass; _a = getpass.getpass(s)", answer="y"),
    Channel("%debug", "prompts", "try:\n    1/0\nexcept Exception as e: x = s\ninput(f'({x})') and None", answer="y"),
)  # fmt: skip

_COMM = "from comm import create_comm\n"
WIDGETS = table(
    "widgets",
    {
        "comm open": _COMM + "c = create_comm(target_name='t', data={'value': s})",
        "comm message": _COMM + "c = create_comm(target_name='t'); c.send({'value': s})",
        "comm state": _COMM
        + "c = create_comm(target_name='jupyter.widget', data={'state': {'value': s}})",
        "comm metadata": _COMM + "c = create_comm(target_name='t', metadata={'value': s})",
        "comm buffers": _COMM
        + "c = create_comm(target_name='t'); c.send({}, buffers=[s.encode()])",
        "comm buffer of codes": _COMM + "import array; c = create_comm(target_name='t'); "
        "c.send({}, buffers=[array.array('i', map(ord, s)).tobytes()])",
        "comm close": _COMM + "c = create_comm(target_name='t'); c.close({'value': s})",
        "comm target": _COMM + "c = create_comm(target_name=s)",
        "comm of characters": _COMM + "create_comm(target_name='t', data={'v': list(s)}) and None",
        "session.send itself": (
            "k = get_ipython().kernel; k.session.send(k.iopub_socket, 'stream', "
            "{'name': 'stdout', 'text': s}) and None"
        ),
        "kernel's send_response": (
            "k = get_ipython().kernel; k.send_response(k.iopub_socket, 'display_data', "
            "{'data': {'text/plain': s}, 'metadata': {}}) and None"
        ),
        "publisher": "get_ipython().display_pub.publish({'text/plain': s})",
    },
)

OPEN = (
    Channel(
        "picture of the text",
        "displays",
        "print(''.join('#' if b == '1' else '.' for c in s for b in f'{ord(c):08b}'))",
        open="a picture is no text; this one is drawn with two characters",
    ),
)

CHANNELS = (*RESULTS, *DISPLAYS, *REPLIES, *PROMPTS, *WIDGETS, *OPEN)
