"""What is written to disk: by IPython by itself, by loggers, and by the user's own cells."""

from __future__ import annotations

from tests.leaks.channel import Channel, table

_FLUSH = "\nget_ipython().history_manager.writeout_cache()"

BY_ITSELF = table(
    "kept by IPython",
    {
        "history of inputs": "pasted = '@@'" + _FLUSH,
        "history of inputs, in pieces": "pasted = '@@'[5:]" + _FLUSH,
        "history of outputs": (
            "get_ipython().history_manager.db_log_output = True; s" + _FLUSH
        ),
        "history of outputs, later": "s" + _FLUSH,
        "%store": "%store s",
        "%store of the bound value": "%store key",
        "%store in a dict": "d = {'k': [s]}\n%store d",
        "shell.db": "get_ipython().db['x'] = s",
        "%save": "pasted = '@@'\n%save -f saved.py 1-99999",
        "%history to a file": "%history -o -f history.txt 1-99999",
        "pickle of the bound value": (
            "import pickle\ntry:\n    open('p', 'wb').write(pickle.dumps(key))\n"
            "except TypeError: print('refused')"
        ),
    },
    unseen=True,
)  # fmt: skip

EXPORT = table(
    "kept by IPython",
    {"%notebook": "get_ipython().run_line_magic('notebook', 'exported.ipynb')"},
    before="from IPython.display import display, HTML\nprint(s); display(HTML(s))\nraise ValueError(s)",
    unseen=True,
)
LOGSTART = table(
    "kept by IPython",
    {"%logstart, input": "pasted = '@@'", "%logstart, output": "s"},
    before="%logstart -o -q log.py over",
    unseen=True,
)
DEBUG = table(
    "log files",
    {
        "debug of messages": "print(s)",
        "debug of requests": "pasted = '@@'",
        "debug of replies": "s",
    },
    before="get_ipython().kernel.log.setLevel('DEBUG')",
)
QUIET = table(
    "log files",
    {
        "debug of http": (
            "import http.client as h, socket; c = h.HTTPConnection('h'); c.set_debuglevel(1)\n"
            "c.sock, other = socket.socketpair(); c.request('GET', '/', headers={'X-Token': s})"
        ),
    },
    before="get_ipython().kernel.log.setLevel('WARNING')",
)

_HANDLER = "import logging\nlog = logging.getLogger('{0}'); log.addHandler(logging.FileHandler('{0}.log'))\n"
LOGS = table(
    "log files",
    {
        "file": _HANDLER.format("a") + "log.error('key %s', s)",
        "exception": _HANDLER.format("b") + "try:\n    raise ValueError(s)\nexcept ValueError: log.exception('x')",
        "own format": _HANDLER.format("c")
        + "log.handlers[-1].setFormatter(logging.Formatter('%(message)s %(args)s')); log.error('%s', s)",
        "rotating": (
            "import logging.handlers, logging\nh = logging.handlers.RotatingFileHandler('r.log')\n"
            "l = logging.getLogger('r'); l.addHandler(h); l.error(s)"
        ),
        "captured warnings": _HANDLER.format("py.warnings")
        + "import warnings; logging.captureWarnings(True); warnings.simplefilter('always')\n"
        "warnings.warn(s); logging.captureWarnings(False)",
    },
    before="%logstop",
    unseen=True,
)  # fmt: skip

_WHY = "the user's own files are never changed; the warning names them"
BY_THE_USER = (
    Channel("text file", "user's files", "f = open('own.txt', 'w'); f.write(s); f.close()", open=_WHY, warned=True, unseen=True),
    Channel(
        "CSV", "user's files",
        "import csv\nwith open('own.csv', 'w') as f: csv.writer(f).writerow(['key', s])",
        open=_WHY, warned=True, unseen=True,
    ),
    Channel(
        "pickle", "user's files",
        "import pickle\nwith open('own.pkl', 'wb') as f: pickle.dump({'k': s}, f)",
        open=_WHY, warned=True, unseen=True,
    ),
    Channel(
        "database", "user's files",
        "import sqlite3; c = sqlite3.connect('own.db'); c.execute('create table t (k)')\n"
        "c.execute('insert into t values (?)', (s,)); c.commit(); c.close()",
        open=_WHY, warned=True, unseen=True,
    ),
)  # fmt: skip

CHANNELS = (*BY_ITSELF, *EXPORT, *LOGSTART, *LOGS, *DEBUG, *QUIET, *BY_THE_USER)
