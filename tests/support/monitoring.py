"""Prometheus, Alertmanager and who is paged by it, on loopback, as processes of their own."""

import json
import shutil
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import yaml
from connector_process import ConnectorProcess
from waiting import wait_until

from sandbox.process import LOOPBACK, ServerProcess

PROMETHEUS, ALERTMANAGER = "prometheus", "prometheus-alertmanager"
"""Debian's packages, and their programs."""

SCRAPE_S = 1
QUERY_S = 10.0
PATIENCE_S = 2  # in place of each alert's own: what is to be seen is the way, not the waiting

Alert = dict[str, Any]


def missing_programs() -> list[str]:
    return [name for name in (PROMETHEUS, ALERTMANAGER) if not _program(name)]


def impatient(rules: Path) -> Mapping[str, Any]:
    """The rules as they are, but that each alert with a `for` waits for PATIENCE_S. Expressions stay as they are."""
    read: dict[str, Any] = yaml.safe_load(rules.read_text())
    for group in read["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = f"{PATIENCE_S}s"
    return read


class Pager:
    """A webhook of Alertmanager; use it with `with`."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                pager.alerts += json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, name: str, status: str, within_s: float) -> Alert:
        """The first of this alert with this status, firing or resolved."""

        def found() -> list[Alert]:
            return [one for one in list(self.alerts) if (one["labels"]["alertname"], one["status"]) == (name, status)]

        return wait_until(found, within_s, f"{name} {status} at the webhook")[0]


class Alertmanager(ServerProcess):
    """Tells the pager of each alert at once, and when it is over."""

    name = ALERTMANAGER
    ready_line = "Listening on"

    def __init__(self, directory: Path, pager: Pager) -> None:
        super().__init__(directory)
        route = {"receiver": "pager", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
        receiver = {"name": "pager", "webhook_configs": [{"url": pager.url, "send_resolved": True}]}
        self._config = _written(directory / "alertmanager.yml", {"route": route, "receivers": [receiver]})

    def command(self) -> Sequence[str | Path]:
        return [
            _program(ALERTMANAGER),
            f"--config.file={self._config}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
            "--cluster.listen-address=",
        ]


class Prometheus(ServerProcess):
    """Scrapes one service, with the labels that the chart's PodMonitor gives to its pods."""

    name = PROMETHEUS
    ready_line = "Server is ready to receive web requests"

    def __init__(self, directory: Path, service: ConnectorProcess, rules: Path, alertmanager: Alertmanager) -> None:
        super().__init__(directory)
        _written(directory / "rules.yml", impatient(rules))
        pod = {
            "targets": [service.http.removeprefix("http://")],
            "labels": {"namespace": "messaging", "pod": service.settings["CONNECTOR_ID"]},
        }
        config = {
            "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
            "rule_files": ["rules.yml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{LOOPBACK}:{alertmanager.port}"]}]}]},
            "scrape_configs": [{"job_name": "smpp-connector", "static_configs": [pod]}],
        }
        self._config = _written(directory / "prometheus.yml", config)

    def command(self) -> Sequence[str | Path]:
        return [
            _program(PROMETHEUS),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
        ]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of now. Raises HTTPError where the expression is refused."""
        url = f"http://{LOOPBACK}:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(url, timeout=QUERY_S) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        return {series["metric"]["alertname"] for series in self.query('ALERTS{alertstate="firing"}')}


def _program(name: str) -> str:
    return shutil.which(name) or ""


def _written(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(content)))
    return path
