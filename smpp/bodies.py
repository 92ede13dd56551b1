"""The mandatory fields of every PDU of SMPP 3.4 (section 4), under the specification's names."""

from smpp.constants import MAX_SHORT_MESSAGE_BYTES, CommandId
from smpp.fields import CountedOctets, CountedRecords, CString, FieldType, FlaggedRecord, Integer, Record

_OCTET = Integer()
_SERVICE_TYPE = CString(6)
_SYSTEM_ID = CString(16)
_ADDRESS = CString(21)
_LONG_ADDRESS = CString(65)  # data_sm and alert_notification only
_MESSAGE_ID = CString(65)
_TIME = CString(17, fixed=True)
_SHORT_MESSAGE = CountedOctets(MAX_SHORT_MESSAGE_BYTES)


def _address(prefix: str, address: str, kind: CString = _ADDRESS) -> dict[str, FieldType]:
    return {f"{prefix}_ton": _OCTET, f"{prefix}_npi": _OCTET, address: kind}


_BIND: dict[str, FieldType] = {
    "system_id": _SYSTEM_ID,
    "password": CString(9),
    "system_type": CString(13),
    "interface_version": _OCTET,
    "addr_ton": _OCTET,
    "addr_npi": _OCTET,
    "address_range": CString(41),
}
_BIND_RESP: dict[str, FieldType] = {"system_id": _SYSTEM_ID}
_MESSAGE_ID_ALONE: dict[str, FieldType] = {"message_id": _MESSAGE_ID}
_NOTHING: dict[str, FieldType] = {}

_DELIVERY: dict[str, FieldType] = {
    "esm_class": _OCTET,
    "protocol_id": _OCTET,
    "priority_flag": _OCTET,
    "schedule_delivery_time": _TIME,
    "validity_period": _TIME,
    "registered_delivery": _OCTET,
    "replace_if_present_flag": _OCTET,
    "data_coding": _OCTET,
    "sm_default_msg_id": _OCTET,
    "short_message": _SHORT_MESSAGE,
}
_SUBMIT: dict[str, FieldType] = {
    "service_type": _SERVICE_TYPE,
    **_address("source_addr", "source_addr"),
    **_address("dest_addr", "destination_addr"),
    **_DELIVERY,
}
_DESTINATION = FlaggedRecord(
    "dest_flag",
    {1: Record(_address("dest_addr", "destination_addr")), 2: Record({"dl_name": CString(21)})},
)
_UNSUCCESSFUL = Record({**_address("dest_addr", "destination_addr"), "error_status_code": Integer(4)})

_FIELDS: dict[int, dict[str, FieldType]] = {
    CommandId.BIND_RECEIVER: _BIND,
    CommandId.BIND_RECEIVER_RESP: _BIND_RESP,
    CommandId.BIND_TRANSMITTER: _BIND,
    CommandId.BIND_TRANSMITTER_RESP: _BIND_RESP,
    CommandId.BIND_TRANSCEIVER: _BIND,
    CommandId.BIND_TRANSCEIVER_RESP: _BIND_RESP,
    CommandId.OUTBIND: {"system_id": _SYSTEM_ID, "password": CString(9)},
    CommandId.UNBIND: _NOTHING,
    CommandId.UNBIND_RESP: _NOTHING,
    CommandId.GENERIC_NACK: _NOTHING,
    CommandId.ENQUIRE_LINK: _NOTHING,
    CommandId.ENQUIRE_LINK_RESP: _NOTHING,
    CommandId.SUBMIT_SM: _SUBMIT,
    CommandId.SUBMIT_SM_RESP: _MESSAGE_ID_ALONE,
    CommandId.DELIVER_SM: _SUBMIT,
    CommandId.DELIVER_SM_RESP: _MESSAGE_ID_ALONE,
    CommandId.SUBMIT_MULTI: {
        "service_type": _SERVICE_TYPE,
        **_address("source_addr", "source_addr"),
        "dest_addresses": CountedRecords(_DESTINATION, most=254),
        **_DELIVERY,
    },
    CommandId.SUBMIT_MULTI_RESP: {
        "message_id": _MESSAGE_ID,
        "unsuccess_smes": CountedRecords(_UNSUCCESSFUL, most=255),
    },
    CommandId.DATA_SM: {
        "service_type": _SERVICE_TYPE,
        **_address("source_addr", "source_addr", _LONG_ADDRESS),
        **_address("dest_addr", "destination_addr", _LONG_ADDRESS),
        "esm_class": _OCTET,
        "registered_delivery": _OCTET,
        "data_coding": _OCTET,
    },
    CommandId.DATA_SM_RESP: _MESSAGE_ID_ALONE,
    CommandId.QUERY_SM: {"message_id": _MESSAGE_ID, **_address("source_addr", "source_addr")},
    CommandId.QUERY_SM_RESP: {
        "message_id": _MESSAGE_ID,
        "final_date": _TIME,
        "message_state": _OCTET,
        "error_code": _OCTET,
    },
    CommandId.CANCEL_SM: {
        "service_type": _SERVICE_TYPE,
        "message_id": _MESSAGE_ID,
        **_address("source_addr", "source_addr"),
        **_address("dest_addr", "destination_addr"),
    },
    CommandId.CANCEL_SM_RESP: _NOTHING,
    CommandId.REPLACE_SM: {
        "message_id": _MESSAGE_ID,
        **_address("source_addr", "source_addr"),
        "schedule_delivery_time": _TIME,
        "validity_period": _TIME,
        "registered_delivery": _OCTET,
        "sm_default_msg_id": _OCTET,
        "short_message": _SHORT_MESSAGE,
    },
    CommandId.REPLACE_SM_RESP: _NOTHING,
    CommandId.ALERT_NOTIFICATION: {
        **_address("source_addr", "source_addr", _LONG_ADDRESS),
        **_address("esme_addr", "esme_addr", _LONG_ADDRESS),
    },
}

BODIES = {command_id: Record(fields) for command_id, fields in _FIELDS.items()}
"""Mandatory fields by command_id. Counts (sm_length, number_of_dests, no_unsuccess) follow from what they count."""
