"""The Jupyter server extension: routes for the browser, hooks at save, a pool of processes.

    app      the extension with its settings and policy
    handlers, folders   the routes below `mlsec/api/`
    documents  what the server remembers of open documents
    pool     worker processes, and what is said to them
    worker   what runs in such a process; `work` are the messages
    saving   what happens when a notebook is saved

Nothing here scans in the server's own process: its event loop serves everybody's kernels.
"""
