"""A security scanner for Jupyter notebooks.

Importing this package imports nothing else: what starts fast must stay fast.
"""

__version__ = "0.1.0"
