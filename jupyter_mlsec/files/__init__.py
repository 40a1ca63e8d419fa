"""The edge between the disk and the engine: finding, reading, remembering, many processes."""
