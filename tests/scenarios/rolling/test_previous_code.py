"""During an update the previous code works on the new schema: its own tests pass there."""

from pathlib import Path

import pytest
from previous_code import MIGRATIONS, NoHistory, previous_code, run_tests_of

pytestmark = [pytest.mark.real_timers, pytest.mark.timeout(600)]

STORES = ("correlation_store", "receipt_store", "unmatched_receipts", "expiry_and_sweep", "concurrent_replicas")
CONTRACTION = "ALTER TABLE smpp.message_correlations ADD COLUMN unknown_to_the_previous_code text NOT NULL;"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    try:
        previous_code(tmp_path)
    except NoHistory as reason:
        pytest.skip(str(reason))
    return tmp_path


def files_of(*stores: str) -> list[str]:
    return [f"tests/integration/postgres/test_{store}.py" for store in stores]


def test_the_previous_code_works_on_the_new_schema(tree: Path):
    result = run_tests_of(tree, *files_of(*STORES))
    assert result.returncode == 0, result.stdout[-5000:]


def test_a_migration_that_the_previous_code_cannot_live_with_is_found(tree: Path):
    (tree / MIGRATIONS / "9999_contraction.sql").write_text(CONTRACTION)
    assert run_tests_of(tree, *files_of(STORES[0])).returncode == 1
