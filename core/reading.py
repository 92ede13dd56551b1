"""A dispatch as a platform published it: bytes to a validated message, or the reason why not."""

import msgspec

from messages.dispatch import MAX_METADATA_BYTES, Dispatch

MAX_DISPATCH_BYTES = 16 * 1024 * 1024  # NATS can be set to take 64 MiB, several copies of which no actor shall hold

_decode = msgspec.json.Decoder(Dispatch).decode
_encode = msgspec.json.Encoder().encode


class Unprocessable(Exception):
    """A dispatch that no attempt can send; the reason names fields and numbers, never content."""


def read_dispatch(payload: bytes, operator_id: str) -> Dispatch:
    """Validated dispatch; raises Unprocessable."""
    try:
        dispatch = _decode(payload)
    except msgspec.ValidationError as error:
        raise Unprocessable(_without_value(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unprocessable("not a JSON object") from None
    if dispatch.operator_id != operator_id:
        raise Unprocessable("operator_id is not the one of the subject")
    if dispatch.metadata and len(_encode(dispatch.metadata)) > MAX_METADATA_BYTES:
        raise Unprocessable(f"metadata has more than {MAX_METADATA_BYTES} bytes")
    return dispatch


def _without_value(problem: str) -> str:
    """What msgspec says, less the value that it quotes where one is not of an enumeration."""
    if not problem.startswith("Invalid enum value"):
        return problem
    return f"Invalid value{problem[problem.rindex(' - at ') :]}"
