"""Pacts as they are checked in, written and compared; the tool is Pact's own (pact-python).

`make schemas` writes them anew.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from message_relay import Messages, relaying
from pact import Pact, Verifier

PACTS = Path(__file__).parents[1] / "contract" / "pacts"
SPECIFICATION = "V4"

os.environ.setdefault("PACT_DO_NOT_TRACK", "true")  # it would tell its makers of each run

JsonObject = dict[str, Any]


def new_pact(consumer: str, provider: str) -> Pact:
    return Pact(consumer, provider).with_specification(SPECIFICATION)


def path_of(pact: Pact, folder: Path = PACTS) -> Path:
    """Where Pact writes it, and where it is checked in."""
    return folder / f"{pact.consumer}-{pact.provider}.json"


def agreement(path: Path) -> JsonObject:
    """What a pact file says, without the versions of the tool that wrote it."""
    content: JsonObject = json.loads(path.read_text())
    return {name: value for name, value in content.items() if name != "metadata"}


def disagreements(pact_file: Path, messages: Messages) -> list[tuple[str, str]]:
    """Where what a provider really sends is not what the pact asks for: the interaction, and the place in its message.

    messages: of the provider, by the description of the interaction.
    """
    verifier = Verifier(agreement(pact_file)["provider"]["name"]).add_source(str(pact_file))
    with relaying(messages) as port, suppress(RuntimeError):  # which says no more than that there are some
        verifier.add_transport(protocol="message", port=port, path="/").verify()
    results = verifier.results["interactionResults"]
    assert {one["description"] for one in results} == messages.keys(), "not every interaction was verified"
    return [(one["description"], place) for one in results if one["result"] != "OK" for place in _places(one)]


def _places(result: JsonObject) -> list[str]:
    return [mismatch.get("path", mismatch["type"]) for mismatch in result["mismatch"]["mismatches"]]


def main() -> None:
    from dispatch_pact import dispatch_pact
    from dlr_pact import dlr_pact

    for pact in (dlr_pact(), dispatch_pact()):
        pact.write_file(PACTS, overwrite=True)


if __name__ == "__main__":
    sys.exit(main())
