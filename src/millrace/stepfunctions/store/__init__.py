"""The data file: what the engine keeps, behind a port."""
