"""Orders through a session: what it writes, what it notes, and what goes back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from actor_in_process import surroundings_of

from actors.runtime.lanes import LaneClient
from actors.session.submits import SubmitPath
from adapters.submit_journal import AnsweredSubmit, SubmitsLeft, UnansweredSubmit, journals, read_journal
from config.operators import Endpoint, OperatorConfig
from core.storing import decode_context
from messages.lanes import AcceptedBatch, MessageContext, Return, SubmitBatch, SubmitOrder, SubmitReport, Unsubmitted
from smpp.constants import CommandStatus
from smpp.events import LateAnswer, SubmitAnswered, SubmitTimedOut
from smpp.message_id import IdRule

OPERATOR = OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),))
SESSION = "session@mno@0.0"
IN_AN_HOUR, LONG_AGO = 1e12, 0.0
AT = 1_700_000_000.0
SETTINGS = {
    "OPERATOR_MANAGEMENT_URL": "https://127.0.0.1",
    "OPERATOR_MANAGEMENT_CERT_FILE": __file__,
    "OPERATOR_MANAGEMENT_KEY_FILE": __file__,
    "OPERATOR_MANAGEMENT_CA_FILE": __file__,
}


class Link:
    """A link with room for two submits."""

    def __init__(self) -> None:
        self.submitted: list[SubmitOrder] = []
        self.connection = SimpleNamespace(submit=self._submit, free_slots=2, in_flight=0, unanswered=self._unanswered)

    def _submit(self, _body: bytes, order: SubmitOrder, _now: float) -> None:
        self.submitted.append(order)
        self.connection.free_slots -= 1

    def _unanswered(self) -> list[SubmitOrder]:
        return self.submitted

    def flush(self) -> None: ...


class Lane:
    """Where frames go; nobody confirms them."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.on_safe: list[Any] = []

    def send(self, message: Any, on_safe: Any = None) -> None:
        self.sent.append(message)
        self.on_safe.append(on_safe)


class Session:
    """A SubmitPath with all that is around it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.link, self.writer, self.operator = Link(), Lane(), Lane()
        writer: LaneClient = self.writer  # type: ignore[assignment]
        self.path = SubmitPath(OPERATOR, SESSION, writer, lambda: self.link)  # type: ignore[arg-type, return-value]
        self.path.reports.report_to(self.operator)  # type: ignore[arg-type]

    def submit(self, *keys: int, write_by: float = IN_AN_HOUR) -> list[SubmitOrder]:
        orders = [SubmitOrder(key, b"body", b"context %d" % key, published_at=0.0) for key in keys]
        self.path.submit(SubmitBatch(orders, write_by))
        return orders

    def receive(self, *events: Any) -> None:
        self.path.received(self.link, list(events), AT)  # type: ignore[arg-type]

    @property
    def journal(self) -> SubmitsLeft:
        (path,) = journals(self._directory, SESSION)
        return read_journal(path)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with surroundings_of(SETTINGS, tmp_path):
        yield Session(tmp_path)


def went_back(*keys: int, why: Unsubmitted = Unsubmitted.NOT_SENT) -> SubmitReport:
    return SubmitReport([], [], [Return(key, why) for key in keys])


def test_what_the_window_takes_is_noted_and_written_and_the_rest_goes_back(session: Session):
    first, second, _third = session.submit(1, 2, 3)

    assert session.link.submitted == [first, second]
    assert session.operator.sent == [went_back(3)]
    assert session.journal == SubmitsLeft([], [UnansweredSubmit(2, b"context 2"), UnansweredSubmit(1, b"context 1")])


def test_what_comes_too_late_for_its_permits_goes_back_unsent(session: Session):
    session.submit(1, 2, write_by=LONG_AGO)

    assert session.link.submitted == []
    assert session.operator.sent == [went_back(1, 2, why=Unsubmitted.TOO_LATE)]
    assert session.journal == SubmitsLeft([], [])


def test_an_answer_is_noted_until_the_writer_has_it(session: Session):
    (order,) = session.submit(1)

    async def answer() -> None:  # what is accepted is reported to the OperatorActor a moment later, by a timer
        session.receive(SubmitAnswered(order, CommandStatus.ESME_ROK, "0A", 0.5))

    asyncio.run(answer())
    assert session.journal == SubmitsLeft([AnsweredSubmit(1, b"context 1", "0A", AT - 0.5)], [])
    ((accepted,),) = [frame.items for frame in session.writer.sent if isinstance(frame, AcceptedBatch)]
    assert msgspec.structs.astuple(accepted) == ("0A", AT - 0.5, b"context 1", "")
    session.writer.on_safe[0]()
    assert session.journal == SubmitsLeft([], [])


def test_what_is_refused_or_times_out_is_told_and_no_longer_noted(session: Session):
    refused, late = session.submit(1, 2)

    session.receive(SubmitAnswered(refused, CommandStatus.ESME_RSYSERR, "", 0.1), SubmitTimedOut(late))

    (report,) = session.operator.sent
    assert ([one.key for one in report.refused], report.returned) == ([1], [Return(2, Unsubmitted.UNKNOWN)])
    assert session.journal == SubmitsLeft([], [])


def test_an_answer_that_is_late_says_that_its_message_may_have_come_twice(session: Session):
    context = MessageContext(
        "m-1", "mno", 1, 1, "reply", True, 3600.0, IdRule.STRING, {}, "", possibly_sent_before=False
    )
    order = msgspec.structs.replace(session.submit(1)[0], context=msgspec.msgpack.encode(context))

    session.receive(LateAnswer(order, CommandStatus.ESME_ROK, "0A"))

    (frame,) = session.writer.sent
    (accepted,) = frame.items
    marked = msgspec.structs.replace(context, possibly_sent_before=True)
    assert (accepted.smsc_message_id, decode_context(accepted.context)) == ("0A", marked)


def test_what_a_lost_link_leaves_open_is_told_and_no_longer_noted(session: Session):
    session.submit(1, 2)

    session.path.hand_back(session.link)  # type: ignore[arg-type]

    assert session.operator.sent == [went_back(1, 2, why=Unsubmitted.UNKNOWN)]
    assert session.journal == SubmitsLeft([], [])


def test_at_the_end_an_empty_journal_goes(session: Session, tmp_path: Path):
    session.path.end()

    assert journals(tmp_path, SESSION) == []
