"""Vault and OpenBao, through hvac, with what hvac leaves to its users.

hvac follows redirects to other hosts with the token in a header, knows four of the `VAULT_*`
variables, waits 30 seconds, and neither retries, renews nor logs in again.
"""
