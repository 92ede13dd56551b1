"""The account under which a server runs that refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED_USER = "nobody"  # every distribution has it, and initdb wants a user with a name


@dataclass(frozen=True, slots=True)
class Account:
    """A user id and group id of this machine."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """True when this process runs under it, so that nothing has to be handed over."""
        return self.uid == os.geteuid()

    def reaches(self, path: Path) -> bool:
        """True when it may execute the program `path`, or enter that folder."""
        return self.is_ours or all(self._may_execute(step) for step in (path, *path.parents))

    def let_through(self, directory: Path) -> None:
        """Let it pass through a private `directory`, without seeing what else is there."""
        if not self.is_ours:
            os.chown(directory, -1, self.gid)
            directory.chmod(0o710)

    def take_over(self, *paths: Path) -> None:
        """Make it the owner of `paths`."""
        if not self.is_ours:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def _may_execute(self, path: Path) -> bool:
        status = path.stat()
        return bool(status.st_mode & (0o010 if status.st_gid == self.gid else 0o001))


def own_account() -> Account:
    """The account of this process."""
    return Account(os.geteuid(), os.getegid())


def unprivileged_account() -> Account:
    """The account of this process, or of UNPRIVILEGED_USER when this process is root; KeyError when there is none."""
    if os.geteuid() != 0:
        return own_account()
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return Account(entry.pw_uid, entry.pw_gid)
