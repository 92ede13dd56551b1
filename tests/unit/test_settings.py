"""Settings from the environment and a YAML file."""

from pathlib import Path

import pytest

from config.settings import SETTINGS, LogFormat, LogLevel, Settings, SettingsError, load_settings


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "some.pem"
    path.write_text("PEM")
    return path


@pytest.fixture
def required(pem: Path) -> dict[str, str]:
    return {
        "OPERATOR_MANAGEMENT_URL": "https://operators.example:8443",
        "OPERATOR_MANAGEMENT_CERT_FILE": str(pem),
        "OPERATOR_MANAGEMENT_KEY_FILE": str(pem),
        "OPERATOR_MANAGEMENT_CA_FILE": str(pem),
    }


def problems_of(environment: dict[str, str], config_file: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment, config_file)
    return caught.value.problems


def test_an_environment_with_only_what_is_required_yields_the_defaults(required: dict[str, str], pem: Path):
    settings = load_settings(required | {"CONNECTOR_ID": "replica-0", "XDG_RUNTIME_DIR": "/run/user/7"})

    assert settings == Settings(
        connector_id="replica-0",
        connector_group="default",
        runtime_dir=Path("/run/user/7/smpp-connector"),
        nats_url="nats://127.0.0.1:4222",
        nats_nkey_seed_file=None,
        nats_ca_file=None,
        nats_manage_streams=True,
        redis_url="redis://127.0.0.1:6379/0",
        postgres_dsn="postgresql://127.0.0.1:5432/smpp",
        operator_management_url="https://operators.example:8443",
        operator_management_cert_file=pem,
        operator_management_key_file=pem,
        operator_management_ca_file=pem,
        http_host="0.0.0.0",
        http_port=8080,
        log_level=LogLevel.INFO,
        log_format=LogFormat.JSON,
        drain_timeout_s=25.0,
        otel={},
    )


def test_every_row_of_the_table_is_a_field_of_the_settings():
    assert tuple(row.field for row in SETTINGS) == Settings.__struct_fields__


def test_the_host_name_is_the_default_name_of_the_replica(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.gethostname", lambda: "node-3.example")

    assert load_settings({}, only=["CONNECTOR_ID"]).connector_id == "node-3.example"


def test_without_a_runtime_folder_of_the_user_the_temp_folder_is_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/scratch")

    assert load_settings({}, only=["RUNTIME_DIR"]).runtime_dir == Path("/scratch/smpp-connector")


def test_all_problems_are_reported_together_in_the_order_of_the_table():
    assert problems_of({"HTTP_PORT": "eighty", "NATS_URL": "http://nats", "LOG_LEVEL": "loud"}) == [
        "NATS_URL: expected a URL like nats://host:port or tls://host:port",
        "OPERATOR_MANAGEMENT_URL: required, but not set",
        "OPERATOR_MANAGEMENT_CERT_FILE: required, but not set",
        "OPERATOR_MANAGEMENT_KEY_FILE: required, but not set",
        "OPERATOR_MANAGEMENT_CA_FILE: required, but not set",
        "HTTP_PORT: expected a port, 0 to 65535",
        "LOG_LEVEL: expected DEBUG or INFO or WARNING or ERROR",
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("CONNECTOR_GROUP", "../admin", "expected 1 to 64 letters, digits, dots, underscores or hyphens"),
        ("CONNECTOR_ID", "x" * 65, "expected 1 to 64 letters, digits, dots, underscores or hyphens"),
        ("NATS_URL", "nats://a:4222,nats://b:port", "expected a URL like nats://host:port or tls://host:port"),
        ("NATS_NKEY_SEED_FILE", "/nowhere/seed.nk", "no such file: /nowhere/seed.nk"),
        ("NATS_NKEY_SEED_FILE", "/", "not a file: /"),
        ("NATS_URL", "nats://a:0", "expected a URL like nats://host:port or tls://host:port"),
        ("NATS_CA_FILE", __file__, f"no certificate (PEM) in {__file__}"),
        ("NATS_MANAGE_STREAMS", "perhaps", "expected true or false"),
        ("REDIS_URL", "127.0.0.1:6379", "expected a URL like redis://host:port or rediss://host:port"),
        (
            "REDIS_URL",
            "redis://redis:6379/smpp",
            "expected the number of a database as the path, like redis://host:port/0",
        ),
        (
            "REDIS_URL",
            "rediss://redis:6379/0?ssl_cert_reqs=none",
            "expected no options but ssl_ca_certs, ssl_ca_path, ssl_certfile, ssl_keyfile",
        ),
        (
            "POSTGRES_DSN",
            "hunter2",
            "expected postgresql://user@host:port/database or libpq words like host=... dbname=...",
        ),
        ("OPERATOR_MANAGEMENT_URL", "http://operators.example", "expected a URL like https://host:port"),
        ("HTTP_HOST", "0.0.0.0 8080", "expected a host name or an address"),
        ("HTTP_PORT", "65536", "expected a port, 0 to 65535"),
        ("HTTP_PORT", "-1", "expected a port, 0 to 65535"),
        ("LOG_FORMAT", "xml", "expected json or console"),
        ("DRAIN_TIMEOUT_S", "nan", "expected seconds, 0 to 3600"),
        ("DRAIN_TIMEOUT_S", "soon", "expected seconds, 0 to 3600"),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(required: dict[str, str], name: str, text: str, problem: str):
    assert problems_of(required | {name: text}) == [f"{name}: {problem}"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("NATS_MANAGE_STREAMS", "Off", False),
        ("POSTGRES_DSN", "host=/run/postgresql dbname=smpp", "host=/run/postgresql dbname=smpp"),
        ("REDIS_URL", "rediss://u:p@redis/3?ssl_ca_certs=ca.pem", "rediss://u:p@redis/3?ssl_ca_certs=ca.pem"),
        ("LOG_LEVEL", "debug", LogLevel.DEBUG),
        ("LOG_FORMAT", "console", LogFormat.CONSOLE),
        ("HTTP_PORT", "0", 0),
        ("DRAIN_TIMEOUT_S", "2.5", 2.5),
    ],
)
def test_a_good_value_has_its_own_type(required: dict[str, str], name: str, text: str, value: object):
    assert getattr(load_settings(required | {name: text}), name.lower()) == value


def test_several_nats_servers_are_separated_by_commas():
    settings = load_settings({"NATS_URL": "tls://a:4222, nats://u:p@b"}, only=["NATS_URL"])

    assert settings.nats_servers() == ["tls://a:4222", "nats://u:p@b"]


def test_an_empty_variable_counts_as_not_set(required: dict[str, str]):
    assert load_settings(required | {"HTTP_PORT": "", "NATS_CA_FILE": ""}) == load_settings(required)


def test_a_file_without_an_nkey_seed_is_a_problem_that_does_not_show_its_content(tmp_path: Path):
    file = tmp_path / "seed.nk"
    file.write_text("UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")  # a public key

    with pytest.raises(SettingsError, match=rf"^NATS_NKEY_SEED_FILE: no NKey seed of a user \(SU...\) in {file}$"):
        load_settings({"NATS_NKEY_SEED_FILE": str(file)}, only=["NATS_NKEY_SEED_FILE"])


def test_a_file_with_an_nkey_seed_may_end_in_a_new_line(tmp_path: Path):
    file = tmp_path / "seed.nk"
    file.write_text("SU" + "A" * 56 + "\n")

    assert load_settings({"NATS_NKEY_SEED_FILE": str(file)}, only=["NATS_NKEY_SEED_FILE"]).nats_nkey_seed_file == file


def test_a_file_that_this_user_may_not_read_is_a_problem(
    required: dict[str, str], pem: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may read everything, whatever the mode

    assert problems_of({**required, "NATS_CA_FILE": str(pem)})[0] == f"NATS_CA_FILE: not readable for this user: {pem}"


def test_all_variables_of_opentelemetry_are_kept_as_text(required: dict[str, str]):
    given = {"OTEL_SERVICE_NAME": "smpp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}

    assert load_settings(required | given).otel == given


def test_a_command_that_uses_few_settings_is_not_stopped_by_the_others():
    settings = load_settings({"POSTGRES_DSN": "dbname=x", "HTTP_PORT": "broken"}, only=["POSTGRES_DSN"])

    assert (settings.postgres_dsn, settings.http_port, settings.operator_management_url) == ("dbname=x", 8080, "")


def test_a_default_that_this_host_does_not_allow_stops_only_the_commands_that_use_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.gethostname", lambda: "my host")

    assert load_settings({}, only=["POSTGRES_DSN"]).postgres_dsn == "postgresql://127.0.0.1:5432/smpp"
    with pytest.raises(SettingsError, match=r"^CONNECTOR_ID: expected 1 to 64 letters"):
        load_settings({}, only=["CONNECTOR_ID"])


def test_neither_the_settings_nor_their_problems_show_a_secret(required: dict[str, str]):
    good = {
        "NATS_URL": "nats://u:geheim@n",
        "REDIS_URL": "redis://:geheim@r",
        "POSTGRES_DSN": "password=geheim",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=geheim",
    }
    bad = {"NATS_URL": "geheim", "REDIS_URL": "geheim", "POSTGRES_DSN": "geheim"}

    shown = repr(load_settings(required | good)) + str(load_settings(required | good)) + str(problems_of(bad))

    assert "geheim" not in shown
    assert load_settings(required | good).redis_url == "redis://:geheim@r"


def test_the_environment_wins_over_the_file(required: dict[str, str], tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("HTTP_PORT: 9000\nNATS_MANAGE_STREAMS: no\nHTTP_HOST:\nOTEL_SERVICE_NAME: from-file\n")

    settings = load_settings(required | {"HTTP_PORT": "9001"}, file)

    assert (settings.http_port, settings.nats_manage_streams, settings.http_host, settings.otel) == (
        9001,
        False,
        "0.0.0.0",
        {"OTEL_SERVICE_NAME": "from-file"},
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"http_prot: 1", "unknown setting http_prot, did you mean HTTP_PORT?"),
        (b"FLAVOUR: mint", "unknown setting FLAVOUR"),
        (b"NATS_URL: [nats://a, nats://b]", "NATS_URL: expected a single value"),
        (b"- HTTP_PORT", "expected lines like HTTP_PORT: 8080"),
        (b"HTTP_PORT: 1\n  x: : 2", "not YAML, see line 2"),
        (b"HTTP_PORT: \x01", "not YAML"),
        (b"HTTP_PORT: \xff", "not UTF-8 text"),
    ],
)
def test_a_mistake_in_the_file_is_named(required: dict[str, str], tmp_path: Path, content: bytes, problem: str):
    file = tmp_path / "settings.yaml"
    file.write_bytes(content)

    assert problems_of(required, file) == [f"{file}: {problem}"]


def test_a_missing_file_is_named_together_with_the_other_problems(required: dict[str, str], tmp_path: Path):
    file = tmp_path / "settings.yaml"

    assert problems_of(required | {"HTTP_PORT": "x"}, file) == [
        f"{file}: No such file or directory",
        "HTTP_PORT: expected a port, 0 to 65535",
    ]


def test_an_empty_file_changes_nothing(required: dict[str, str], tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.touch()

    assert load_settings(required, file) == load_settings(required)
