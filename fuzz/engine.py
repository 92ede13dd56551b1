"""One target under atheris: `python -m fuzz.engine TARGET [libFuzzer arguments]`, until told or something is found.

A process of its own for each target, because libFuzzer ends the process it runs in.
"""

import sys

import atheris

INSTRUMENTED = ["config", "core", "messages", "smpp"]


def main(name: str, arguments: list[str]) -> None:
    with atheris.instrument_imports(include=INSTRUMENTED):
        from fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
