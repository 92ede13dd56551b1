"""What several tests of this folder use."""

from pathlib import Path

import pytest
from runbook_shell import RunbookShell


@pytest.fixture
def shell(tmp_path: Path) -> RunbookShell:
    return RunbookShell(tmp_path)
