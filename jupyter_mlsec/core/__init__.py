"""The engine: bytes and values in, values out. Nothing here knows files, processes or networks."""
