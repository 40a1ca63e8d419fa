"""The Jupyter server extension: routes for the browser, hooks at save, a pool of processes.

    app        the extension with its settings and policy
    handlers, streaming, contents   the routes below `mlsec/api/`, and files
    documents  what the server remembers of open documents
    pool       worker processes; `work` are the messages to them
    worker, answers, memory, project, wirer   what runs in such a process
    saving, events   what happens when a notebook is saved, and who is told
    broker, line     secrets for kernels, and none of them back to browsers

Nothing here scans in the server's own process: its event loop serves everybody's kernels.
"""
