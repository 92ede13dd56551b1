"""Kannel as an ESME: its two processes, its HTTP front, and what it calls back."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from threading import Thread
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

from third_party import KANNEL, folder_of

from loadtest.peers.boxes import Bearerbox, Smsbox
from sandbox.process import LOOPBACK, reserve_port

THROUGHPUT = 20  # submit_sm a second
ANSWER_S = 10.0
GSM7, UCS2 = "0", "2"  # its numbers for codings
DELIVERED_AND_FAILED = "3"  # which receipts it shall call back

Query = dict[str, str]


class Kannel:
    """Both, as `running_kannel` gives them."""

    def __init__(self, bearerbox: Bearerbox, smsbox: Smsbox, callbacks: "Callbacks", login: Query) -> None:
        self.bearerbox = bearerbox
        self._smsbox = smsbox
        self._callbacks = callbacks
        self._login = login

    @property
    def log(self) -> str:
        """Of the bearerbox."""
        return self.bearerbox.log_file.read_text(errors="replace")

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """Of each receipt: the name that the message was sent with, and Kannel's number, 1 for delivered."""
        return [(query["name"], query["verdict"]) for query in self._callbacks.queries("/receipt")]

    @property
    def handset_messages(self) -> list[tuple[str, str, str]]:
        """From, to and text."""
        return [(query["from"], query["to"], _text(query)) for query in self._callbacks.queries("/mo")]

    def send(self, name: str, to: str, text: str, coding: str) -> None:
        """Ask for a message with receipts; `name` comes back with them."""
        callback = f"http://{LOOPBACK}:{self._callbacks.server_port}/receipt?verdict=%d&name={name}"
        message = {"from": "Bank", "to": to, "text": text, "charset": "UTF-8", "coding": coding}
        query = {**self._login, **message, "dlr-mask": DELIVERED_AND_FAILED, "dlr-url": callback}
        url = f"http://{LOOPBACK}:{self._smsbox.port}/cgi-bin/sendsms?{urlencode(query)}"
        with urlopen(url, timeout=ANSWER_S) as answer:
            assert answer.read().startswith(b"0: Accepted")


@contextmanager
def running_kannel(directory: Path, smsc_port: int, system_id: str, password: str) -> Iterator[Kannel]:
    """Bound, or trying to bind, with this login to an SMSC at that port of this machine."""
    configuration = directory / "kannel.conf"
    with ExitStack() as running:
        boxes = running.enter_context(closing(reserve_port()))
        callbacks = running.enter_context(Callbacks())
        bearerbox = running.enter_context(closing(Bearerbox(directory / "bearerbox", configuration)))
        smsbox = running.enter_context(closing(Smsbox(directory / "smsbox", configuration)))
        template = Template((folder_of(KANNEL) / "kannel.conf").read_text())
        ports = {"admin_port": bearerbox.port, "sendsms_port": smsbox.port, "callback_port": callbacks.server_port}
        ports |= {"smsbox_port": boxes.getsockname()[1], "smsc_port": smsc_port}
        configuration.write_text(
            template.substitute(ports, system_id=system_id, password=password, throughput=THROUGHPUT)
        )
        bearerbox.start()
        smsbox.start()
        yield Kannel(bearerbox, smsbox, callbacks, {"username": system_id, "password": password})


class Callbacks(ThreadingHTTPServer):
    """What Kannel calls back, as it comes."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Callback)
        self._seen: list[tuple[str, Query]] = []
        self._thread = Thread(target=self.serve_forever, name="callbacks")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def note(self, path: str, query: Query) -> None:
        self._seen.append((path, query))

    def queries(self, path: str) -> list[Query]:
        return [query for seen, query in list(self._seen) if seen == path]


class _Callback(BaseHTTPRequestHandler):
    server: Callbacks

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True, encoding="latin-1")  # one character for each octet
        self.server.note(url.path, {name: value for name, (value,) in query.items()})
        self.send_response(200)
        self.end_headers()

    def log_message(self, *details: object) -> None:
        """Not a word."""


def _text(query: Query) -> str:
    octets = query["content"].encode("latin-1")
    return octets.decode("utf-16-be" if query["coding"] == UCS2 else "utf-8")
