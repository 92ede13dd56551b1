"""Coverage-guided fuzzing of what reads the octets of others: `make fuzz`, or `python -m fuzz --help`.

A target takes any octets and raises only where a promise is broken: the errors that are promised are caught in it,
whatever else comes out is a finding.

    wire.py, links.py, content.py, dispatches.py   the targets
    targets.py    their table, with what each begins with
    engine.py     one target under atheris, in a process of its own
    __main__.py   all of them, one after the other
"""
