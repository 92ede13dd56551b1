"""Neither the screen of the demonstration nor what its service leaves behind shows a number, a text or a password."""

from io import StringIO

import pytest
from leak_search import SHORTEST, search
from rich.console import Console

from sandbox.demo.cast import CAST
from sandbox.demo.connector import Connector
from sandbox.demo.demonstration import Demonstration
from sandbox.demo.dispatches import compose
from sandbox.demo.interruption import Interruption

MESSAGES, RATE = 60, 150
WIDTH = 160  # columns

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the service of a demonstration has left when it ends; it logs all that it can."""
    files: dict[str, bytes] = {}
    settings, close = Connector.settings, Connector.close

    def close_and_keep(connector: Connector) -> None:
        files.update({str(file): file.read_bytes() for file in connector.directory.rglob("*") if file.is_file()})
        close(connector)

    monkeypatch.setattr(Connector, "settings", lambda connector: {**settings(connector), "LOG_LEVEL": "DEBUG"})
    monkeypatch.setattr(Connector, "close", close_and_keep)
    return files


def test_the_demonstration_shows_and_leaves_nothing_personal(left: dict[str, bytes]):
    screen = StringIO()
    messages = compose(MESSAGES, [role.operator_id for role in CAST])
    with Interruption() as interruption:
        assert Demonstration(Console(file=screen, width=WIDTH), interruption, messages, RATE, None).run()

    personal = {f"to of {message.message_id}": message.to for message in messages}
    personal |= {f"text of {message.message_id}": message.text for message in messages if len(message.text) >= SHORTEST}
    assert any(b'"level":"DEBUG"' in content for content in left.values())
    assert search({"screen": screen.getvalue().encode(), **left}, personal) == []
