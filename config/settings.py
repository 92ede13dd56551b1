"""Settings of the service, from the environment and an optional YAML file (the environment wins).

`SETTINGS` is the one place where a setting is named, explained and given its default; docs/contracts.md is tested
against it. A value that is empty counts as not set. All problems are collected and raised together.
"""

import socket
import tempfile
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from msgspec import Struct

from config import parsers
from config.settings_file import read_settings_file
from config.tracing import otel_variables

HIDDEN = "[hidden]"


class LogLevel(Enum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(Enum):
    JSON = "json"
    CONSOLE = "console"


class SettingsError(Exception):
    """The settings cannot be used. problems: one line each, without any secret value."""

    def __init__(self, problems: Collection[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting as its own type. Secrets come out by attribute access only; the repr hides them."""

    connector_id: str
    connector_group: str
    runtime_dir: Path
    nats_url: str
    nats_nkey_seed_file: Path | None
    nats_ca_file: Path | None
    nats_manage_streams: bool
    redis_url: str
    postgres_dsn: str
    operator_management_url: str = ""
    operator_management_cert_file: Path = Path()
    operator_management_key_file: Path = Path()
    operator_management_ca_file: Path = Path()
    http_host: str
    http_port: int
    log_level: LogLevel
    log_format: LogFormat
    drain_timeout_s: float
    otel: dict[str, str]

    def nats_servers(self) -> list[str]:
        """NATS_URL, one by one."""
        return [url.strip() for url in self.nats_url.split(",")]

    def __repr__(self) -> str:
        shown = (f"{row.field}={HIDDEN if row.secret else repr(getattr(self, row.field))}" for row in SETTINGS)
        return f"Settings({', '.join(shown)})"


class Setting(Struct, frozen=True, kw_only=True):
    """One row of the table.

    name: a name that ends in * stands for every variable with that prefix; its parse gets them together.
    default: as one would write it; None: none. compute: makes the default, whose text then only describes it.
    required: the service does not start without it.
    """

    name: str
    meaning: str
    default: str | None = None
    parse: Callable[[Any], Any] = str
    compute: Callable[[Mapping[str, str]], str] | None = None
    required: bool = False
    secret: bool = False

    @property
    def field(self) -> str:
        return self.name.rstrip("_*").lower()


def runtime_dir(text: str) -> Path:
    return Path(text).absolute()


def default_runtime_dir(environment: Mapping[str, str]) -> str:
    return str(Path(environment.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / "smpp-connector")


def default_connector_id(_: Mapping[str, str]) -> str:
    return socket.gethostname()


SETTINGS = (
    Setting(
        name="CONNECTOR_ID",
        meaning="name of this replica",
        default="host name",
        compute=default_connector_id,
        parse=parsers.name,
    ),
    Setting(
        name="CONNECTOR_GROUP",
        meaning="which operators are ours, asked of the operator-management-service",
        default="default",
        parse=parsers.name,
    ),
    Setting(
        name="RUNTIME_DIR",
        meaning="private folder (0700) of one running service: lanes, metrics, lock, the journals of submits under "
        "way, which should outlive a crash; `dump` finds the service through it; two services on one host need two",
        default="$XDG_RUNTIME_DIR or the temp folder, plus smpp-connector",
        compute=default_runtime_dir,
        parse=runtime_dir,
    ),
    Setting(
        name="NATS_URL",
        meaning="NATS servers (comma separated)",
        default="nats://127.0.0.1:4222",
        parse=parsers.urls("nats", "tls"),
        secret=True,
    ),
    Setting(name="NATS_NKEY_SEED_FILE", meaning="file with the NKey seed", parse=parsers.nkey_seed_file),
    Setting(name="NATS_CA_FILE", meaning="CA of the NATS servers (PEM)", parse=parsers.certificates_file),
    Setting(
        name="NATS_MANAGE_STREAMS",
        meaning="create the streams and add subjects that they lack; else only verify them",
        default="true",
        parse=parsers.flag,
    ),
    Setting(
        name="REDIS_URL",
        meaning="redis:// or rediss://, with `?ssl_ca_certs=FILE` for a CA of its own",
        default="redis://127.0.0.1:6379/0",
        parse=parsers.redis_url,
        secret=True,
    ),
    Setting(
        name="POSTGRES_DSN",
        meaning="libpq DSN; the password may come from PGPASSFILE",
        default="postgresql://127.0.0.1:5432/smpp",
        parse=parsers.libpq_dsn,
        secret=True,
    ),
    Setting(
        name="OPERATOR_MANAGEMENT_URL",
        meaning="the service with operators and credentials (https)",
        parse=parsers.url("https"),
        required=True,
    ),
    Setting(
        name="OPERATOR_MANAGEMENT_CERT_FILE",
        meaning="our client certificate (PEM), re-read when it changes",
        parse=parsers.readable_file,
        required=True,
    ),
    Setting(
        name="OPERATOR_MANAGEMENT_KEY_FILE",
        meaning="its private key (PEM), re-read when it changes",
        parse=parsers.readable_file,
        required=True,
    ),
    Setting(
        name="OPERATOR_MANAGEMENT_CA_FILE",
        meaning="CA of the service (PEM), re-read when it changes",
        parse=parsers.readable_file,
        required=True,
    ),
    Setting(
        name="HTTP_HOST",
        meaning="address of /metrics, /healthz, /readyz, /status and /",
        default="0.0.0.0",  # probes and Prometheus come from other hosts  # nosec B104
        parse=parsers.host,
    ),
    Setting(name="HTTP_PORT", meaning="its port; 0: the kernel chooses", default="8080", parse=parsers.port),
    Setting(
        name="LOG_LEVEL",
        meaning="DEBUG, INFO, WARNING or ERROR",
        default="INFO",
        parse=parsers.choice(LogLevel),
    ),
    Setting(name="LOG_FORMAT", meaning="json or console", default="json", parse=parsers.choice(LogFormat)),
    Setting(
        name="DRAIN_TIMEOUT_S",
        meaning="time given to a graceful stop",
        default="25",
        parse=parsers.seconds,
    ),
    Setting(
        name="OTEL_*",
        meaning="the standard OpenTelemetry variables; no exporter endpoint, no tracing cost",
        parse=otel_variables,
        secret=True,
    ),
)


def load_settings(
    environment: Mapping[str, str], config_file: Path | None = None, *, only: Collection[str] | None = None
) -> Settings:
    """The settings, or SettingsError with every problem.

    only: the names that a command uses; the others then keep their defaults, unread, and no problem is theirs.
    """
    problems: list[str] = []
    in_file = read_settings_file(config_file, [row.name for row in SETTINGS], problems) if config_file else {}
    given = in_file | {key: text for key, text in environment.items() if text}
    values: dict[str, Any] = {}
    for row in SETTINGS:
        wanted = only is None or row.name in only
        try:
            values |= _value(row, given if wanted else {}, wanted)
        except ValueError as error:
            if wanted:
                problems.append(f"{row.name}: {error}")
            else:
                values[row.field] = None
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


def _value(row: Setting, given: Mapping[str, str], wanted: bool) -> dict[str, Any]:
    if row.name.endswith("*"):
        prefix = row.name.rstrip("*")
        return {row.field: row.parse({key: text for key, text in given.items() if key.startswith(prefix)})}
    text = given.get(row.name) or (row.compute(given) if row.compute else row.default)
    if text is not None:
        return {row.field: row.parse(text)}
    if row.required and wanted:
        raise ValueError("required, but not set")
    return {} if row.required else {row.field: None}
