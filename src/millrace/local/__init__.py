"""Running a document in this process: no servers, no account, the same state machine and the same functions.

`program.load_program` reads and compiles, `local_run.LocalRun` runs, and `millrace.observation` tells how nodes stand.
Commands that only read documents start faster for importing just `documents`, so the package itself imports nothing.
"""
