"""Run-time credentials: references, the providers that answer them, and the redactor.

Importing this package imports nothing else.
"""
