"""The broker: a process that holds the logins, and gives kernels the values they may have.

    server.Broker   runs in the Jupyter server, or in any other process with an event loop
    client          what a kernel asks instead of the stores; it needs no login and no hvac
    grants          which notebook may have which secret
    asking          questions to users, and answers that hold until a kernel ends

They speak JSON lines over a Unix socket that only the user can open, or on the loopback where
there are none. A kernel shows the pass that it was started with, and its connection stays open as
long as it lives: when it closes, however the kernel ended, all that it leased is given back.
"""
