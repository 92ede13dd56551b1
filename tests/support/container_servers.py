"""NATS, Postgres and Redis in containers (`make test-containers`), as tests ask for the embedded ones.

The images are the public ones unless the environment names others; `tests/containers/Dockerfile` makes some where no
registry of images can be reached.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import nkeys
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from sandbox.private_files import write_private
from sandbox.process import LOOPBACK
from sandbox.stack import Stack

NATS_IMAGE = os.environ.get("TEST_NATS_IMAGE", "nats:2.11-alpine")
POSTGRES_IMAGE = os.environ.get("TEST_POSTGRES_IMAGE", "postgres:16-alpine")
REDIS_IMAGE = os.environ.get("TEST_REDIS_IMAGE", "redis:7-alpine")

NATS_PORT, POSTGRES_PORT, REDIS_PORT = 4222, 5432, 6379
NATS_CONFIG = "/etc/nats-test.conf"
DATABASE = ROLE = "smpp"
POSTGRES_STARTS = 2  # it starts once without a port, to make the role and the database


class ContainerNats(NamedTuple):
    url: str
    seed_file: Path


class ContainerPostgres(NamedTuple):
    dsn: str
    passfile: Path


class ContainerRedis(NamedTuple):
    url: str
    port: int


@contextmanager
def containers_stack(directory: Path) -> Iterator[Stack]:
    """A Stack whose `nats`, `postgres` and `redis` are in containers, and gone at the end."""
    with (
        nats_container(directory) as nats,
        postgres_container(directory) as postgres,
        redis_container() as redis,
        Stack(nats_url=nats.url, redis_url=redis.url, postgres_dsn=postgres.dsn) as stack,
    ):
        stack.environment |= {"NATS_NKEY_SEED_FILE": str(nats.seed_file), "PGPASSFILE": str(postgres.passfile)}
        stack.nats, stack.postgres, stack.redis = nats, postgres, redis  # type: ignore[assignment]
        yield stack


@contextmanager
def nats_container(directory: Path) -> Iterator[ContainerNats]:
    """With JetStream and one user, by NKey."""
    seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    seed_file = write_private(directory / "connector.nk", seed)
    user = {"nkey": nkeys.from_seed(seed).public_key.decode()}
    config = {"jetstream": {"store_dir": "/tmp/jetstream"}, "authorization": {"users": [user]}}
    config_file = directory / "nats.conf"
    config_file.write_text(json.dumps(config), encoding="utf-8")
    container = DockerContainer(NATS_IMAGE).with_command(f"-c {NATS_CONFIG}")
    container.with_volume_mapping(str(config_file), NATS_CONFIG)
    with listening(container, NATS_PORT, "Server is ready") as address:
        yield ContainerNats(f"nats://{address}", seed_file)


@contextmanager
def postgres_container(directory: Path) -> Iterator[ContainerPostgres]:
    """With the database `smpp` and the role that owns it."""
    password = secrets.token_urlsafe(24)
    container = DockerContainer(POSTGRES_IMAGE).with_envs(
        POSTGRES_USER=ROLE, POSTGRES_PASSWORD=password, POSTGRES_DB=DATABASE
    )
    with listening(container, POSTGRES_PORT, "ready to accept connections", POSTGRES_STARTS) as address:
        passfile = write_private(directory / "pgpass", f"{address}:*:{ROLE}:{password}\n".encode())
        yield ContainerPostgres(f"postgresql://{ROLE}@{address}/{DATABASE}", passfile)


@contextmanager
def redis_container() -> Iterator[ContainerRedis]:
    with listening(DockerContainer(REDIS_IMAGE), REDIS_PORT, "Ready to accept connections") as address:
        yield ContainerRedis(f"redis://{address}/0", int(address.rpartition(":")[2]))


@contextmanager
def listening(container: DockerContainer, port: int, ready: str, times: int = 1) -> Iterator[str]:
    """Address of its port, open on loopback alone, once it has logged `ready` so many times."""
    container.ports[port] = (LOOPBACK, None)
    container.waiting_for(LogMessageWaitStrategy(ready, times=times))
    with container:
        yield f"{LOOPBACK}:{container.get_exposed_port(port)}"
