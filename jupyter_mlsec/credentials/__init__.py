"""Credentials at run time: where they are kept, and how they get to the code that needs them.

Importing this package imports nothing else. The clients of the stores (hvac, boto3, keyring) are
imported by the functions that use them.
"""
