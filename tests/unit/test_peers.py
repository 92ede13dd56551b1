"""How the peers are compared, and the HTTP that feeds them."""

import asyncio
import json

from loadtest.peers.comparison import CONNECTOR, Median, Ratio, as_json, median_of, ratio_of, table
from loadtest.peers.http_load import Callbacks, ask_all
from loadtest.peers.turns import Turn
from sandbox.process import LOOPBACK

CONNECTOR_FIGURES = Median(messages_per_s=3000, own_cpu_s=0.2, server_cpu_s=0.1)
PEER_FIGURES = Median(messages_per_s=600, own_cpu_s=0.8, server_cpu_s=0.4)


def test_the_median_is_taken_of_each_figure_by_itself() -> None:
    turns = [Turn(300, 1.0, 0.3, []), Turn(100, 3.0, 0.2, []), Turn(200, 2.0, 0.1, [])]
    assert median_of(turns) == Median(200, 2.0, 0.2)


def test_a_ratio_is_the_connectors_figure_over_the_peers() -> None:
    ratio = ratio_of(CONNECTOR_FIGURES, PEER_FIGURES)
    assert [round(value, 6) for value in ratio] == list(Ratio(messages_per_s=5.0, own_cpu_s=0.25, cpu_s=0.25))


def test_the_table_and_the_json_name_every_contender_and_each_ratio() -> None:
    found = {CONNECTOR: CONNECTOR_FIGURES, "Kannel": PEER_FIGURES}
    assert [line.split()[0] for line in table(found)[1:]] == ["connector", "Kannel", "connector"]
    assert json.loads(as_json(found)) == {
        "medians": {name: figures._asdict() for name, figures in found.items()},
        "ratios": {"Kannel": {"messages_per_s": 5.0, "own_cpu_s": 0.25, "cpu_s": 0.25}},
    }


def test_every_callback_is_answered_and_its_number_remembered() -> None:
    async def call_back() -> set[int]:
        async with Callbacks() as callbacks:
            requests = (f"GET /receipt?number={number} HTTP/1.1\r\n\r\n".encode() for number in range(100))
            assert await ask_all(callbacks.port, requests) == 100  # it says 200, and only 202 counts as accepted
            return callbacks.numbers

    assert asyncio.run(call_back()) == set(range(100))


def test_an_answer_that_comes_in_pieces_is_one_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            for piece in (b"HTTP/1.1 202 Accepted\r\nContent-", b"Length: 3\r\n\r\n0: "):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    async def ask() -> int:
        async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
            return await ask_all(server.sockets[0].getsockname()[1], iter([b"GET / HTTP/1.1\n"] * 50))

    assert asyncio.run(ask()) == 0
