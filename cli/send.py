"""`smpp-connector send`: publishes one dispatch message and waits until JetStream has stored it, or for its end."""

import argparse
import asyncio
import json
import re
import sys
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.command import ExitCode, add_config_argument, complain, settings_of
from config.settings import Settings

if TYPE_CHECKING:
    from nats.aio.client import Client

    from messages.dispatch import Dispatch
    from messages.events import DeliveryStatus

CONFIRM_TIMEOUT_S = 5.0
MAX_WAIT_S = 3600
ENCODINGS = ("auto", "gsm7", "ucs2", "latin1", "binary")

EXPECTED = {
    "message_id": "--message-id: expected 1 to 64 printable ASCII characters",
    "operator_id": "--operator: expected 1 to 64 letters, digits, underscores or hyphens",
    "to": "--to: expected a number in international form, 3 to 15 digits, + is optional",
    "from": "--from: expected up to 15 digits or up to 11 characters",
    "priority": "--priority: expected 0 to 3",
    "metadata": "--metadata: expected NAME=VALUE, all together at most 1 KiB",
    "data": "--data: expected hexadecimal digits, two for each byte",
}


class BadMessage(Exception):
    """The arguments make no valid dispatch. The message says which one and what was expected."""


class NotPublished(Exception):
    """JetStream has not stored the message, or has not said so."""


class Sent(NamedTuple):
    """is_new: JetStream had no message with this message_id lately. status: the final one, where it was waited for."""

    is_new: bool
    status: "DeliveryStatus | None" = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)
    parser.add_argument("text", nargs="?", help="what to send; standard input when left out")
    parser.add_argument("--operator", required=True, metavar="ID", help="operator_id")
    parser.add_argument("--to", required=True, metavar="NUMBER", help="in international form")
    parser.add_argument("--from", required=True, metavar="SENDER", dest="source", help="number or name")
    parser.add_argument("--encoding", choices=ENCODINGS, default="auto", help="auto: GSM 7-bit if it fits, else UCS-2")
    parser.add_argument("--data", metavar="HEX", help="bytes to send in place of a text; with --encoding binary")
    parser.add_argument("--flash", action="store_true", help="show at once, do not store (class 0)")
    parser.add_argument("--priority", type=int, default=0, metavar="N", help="0 to 3 (0)")
    parser.add_argument("--no-dlr", action="store_true", help="ask for no delivery receipt")
    parser.add_argument("--message-id", metavar="ID", help="a random one when left out")
    parser.add_argument(
        "--metadata", action="append", default=[], metavar="NAME=VALUE", help="returned in every event; repeatable"
    )
    parser.add_argument("--wait", type=_wait_s, metavar="S", help="wait so long for the final event")


def execute(args: argparse.Namespace) -> int:
    from cli.final_event import GOOD_ENDS
    from cli.nats_once import SETTINGS, NatsUnreachable
    from messages.events import DEAD_DISPATCH

    try:
        dispatch = _dispatch(args)
        settings = settings_of(args, only=SETTINGS)
        sent = asyncio.run(_publish(settings, dispatch, args.wait))
    except BadMessage as error:
        complain(str(error))
        return ExitCode.USAGE
    except (NatsUnreachable, NotPublished) as error:
        complain(f"not sent: {error}")
        return ExitCode.FAILURE
    if not sent.is_new:
        complain("this message_id was published a moment ago; NATS has dropped the repeat")
    print(dispatch.message_id)
    if args.wait is None:
        return ExitCode.OK
    if sent.status is None:
        complain(f"no final event within {args.wait:g} s; what cannot be sent at all ends in {DEAD_DISPATCH}")
        return ExitCode.FAILURE
    print(sent.status.value)
    return ExitCode.OK if sent.status in GOOD_ENDS else ExitCode.FAILURE


def _wait_s(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WAIT_S:
        raise argparse.ArgumentTypeError(f"expected seconds, 1 to {MAX_WAIT_S}")
    return int(text)


def _dispatch(args: argparse.Namespace) -> "Dispatch":
    """Raises BadMessage."""
    import msgspec

    from config.operators import OperatorId
    from messages.dispatch import MAX_METADATA_BYTES, Dispatch

    try:
        msgspec.convert({"operator_id": args.operator}, dict[str, OperatorId])
    except msgspec.ValidationError:
        raise BadMessage(EXPECTED["operator_id"]) from None
    metadata = _metadata(args.metadata)
    if len(json.dumps(metadata)) > MAX_METADATA_BYTES:
        raise BadMessage(EXPECTED["metadata"])
    try:
        return msgspec.convert(_fields(args, metadata), Dispatch)
    except msgspec.ValidationError as error:
        raise BadMessage(_problem(error)) from None


def _fields(args: argparse.Namespace, metadata: dict[str, str]) -> dict[str, Any]:
    return {
        "message_id": str(uuid.uuid4()) if args.message_id is None else args.message_id,
        "operator_id": args.operator,
        "to": args.to,
        "from": _unicode("--from", args.source),
        "encoding": args.encoding,
        "priority": args.priority,
        "request_dlr": not args.no_dlr,
        "flash": args.flash,
        "metadata": metadata,
        **_content(args),
    }


def _content(args: argparse.Namespace) -> dict[str, Any]:
    if (args.data is not None) != (args.encoding == "binary"):
        raise BadMessage("--data: goes with --encoding binary, and only with it")
    if args.data is None:
        return {"text": _unicode("text", _read_text() if args.text is None else args.text)}
    if args.text is not None:
        raise BadMessage("--data: expected no text beside it")
    try:
        return {"data": bytes.fromhex(args.data)}
    except ValueError:
        raise BadMessage(EXPECTED["data"]) from None


def _read_text() -> str:
    if sys.stdin is None:  # as it is under `<&-`
        raise BadMessage("text: expected as an argument or on standard input")
    return sys.stdin.read().removesuffix("\n")


def _unicode(argument: str, text: str) -> str:
    """What is not UTF-8 on the command line arrives as half surrogate pairs, which JSON cannot carry."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadMessage(f"{argument}: expected UTF-8")
    return text


def _metadata(pairs: list[str]) -> dict[str, str]:
    if not all("=" in pair for pair in pairs):
        raise BadMessage(EXPECTED["metadata"])
    return dict(_unicode("--metadata", pair).split("=", 1) for pair in pairs)


def _problem(error: Exception) -> str:
    field = re.search(r"at `\$\.(\w+)", str(error))
    return EXPECTED.get(field[1], str(error)) if field else str(error)


async def _publish(settings: Settings, dispatch: "Dispatch", wait_s: float | None) -> Sent:
    """Raises NatsUnreachable or NotPublished."""
    from nats.errors import Error as NatsError
    from nats.errors import MaxPayloadError
    from nats.js.errors import NoStreamResponseError

    from cli.final_event import final_status
    from cli.nats_once import connected
    from messages.events import DLR_INBOUND

    async with connected(settings) as client:
        try:
            events = await client.subscribe(DLR_INBOUND) if wait_s is not None else None
            is_new = await _store(client, dispatch)
        except NoStreamResponseError:
            raise NotPublished("no stream takes it; has the service run once with NATS_MANAGE_STREAMS?") from None
        except MaxPayloadError:
            raise NotPublished(f"it is larger than the {client.max_payload} bytes that NATS takes") from None
        except NatsError as error:
            raise NotPublished(f"NATS did not confirm it ({type(error).__name__})") from None
        if events is None or wait_s is None:
            return Sent(is_new)
        return Sent(is_new, await final_status(events, dispatch.message_id, wait_s))


async def _store(client: "Client", dispatch: "Dispatch") -> bool:
    """Whether JetStream took it as a new message."""
    import msgspec

    from adapters.nats.streams import DISPATCH_SUBJECT

    subject, headers = f"{DISPATCH_SUBJECT}.{dispatch.operator_id}", {"Nats-Msg-Id": dispatch.message_id}
    acknowledgement = await client.jetstream().publish(
        subject, msgspec.json.encode(dispatch), timeout=CONFIRM_TIMEOUT_S, headers=headers
    )
    return not acknowledgement.duplicate
