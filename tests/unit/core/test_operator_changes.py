"""What new settings of an operator touch, and that changes in a row lose nothing."""

from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from config.answers import Action
from config.operators import (
    BindConfig,
    ConfiguredBindMode,
    DestinationConfig,
    Endpoint,
    EndpointRole,
    MessageIdConfig,
    OperatorConfig,
    RetryConfig,
    SourceConfig,
    Timers,
    UnknownOutcome,
)
from config.receipts import ReceiptConfig
from config.texts import DefaultAlphabet, TextConfig, ValidityPeriod
from core.operator_changes import BIND_PARTS, ENDPOINT_PARTS, OPERATOR_PARTS, Change, Part, changes
from smpp.message_id import IdRule
from smpp.segments import LongMessages

PRIMARY = Endpoint(host="a.example", port=2775)
BACKUP = Endpoint(host="b.example", port=2775, role=EndpointRole.BACKUP)
SECURE = Endpoint(host="a.example", port=3550, tls=True)


def operator(*endpoints: Endpoint, **settings: Any) -> OperatorConfig:
    return OperatorConfig(operator_id="mno", endpoints=endpoints or (PRIMARY, BACKUP), **settings)


def only(part: Part) -> Change:
    return Change(parts=frozenset({part}))


def rebind(*indexes: int) -> Change:
    return Change(rebind=frozenset(indexes))


# One setting at a time.


def test_the_same_settings_touch_nothing():
    assert changes(operator(), operator()) == Change()


@pytest.mark.parametrize(
    "setting",
    [
        {"tps": 7},
        {"window": 7},
        {"source": SourceConfig(ton=5)},
        {"destination": DestinationConfig(ton=0)},
        {"default_alphabet": DefaultAlphabet.LATIN1},
        {"text": TextConfig(transliterate=True)},
        {"receipts": ReceiptConfig(by_text=True)},
        {"long_messages": LongMessages.PAYLOAD},
        {"validity_period": ValidityPeriod.ABSOLUTE},
        {"message_id": MessageIdConfig(receipt=IdRule.DEC)},
        {"unknown_outcome": UnknownOutcome.REPORT},
        {"answers": {"ESME_RSYSERR": Action.REFUSED}},
        {"retry": RetryConfig(attempts=1)},
        {"mo_parts_s": 1},
        {"receipt_ttl_h": 1},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_rule_for_messages_is_changed_in_place(setting: dict[str, Any]):
    change = changes(operator(), operator(**setting))
    assert change == only(Part.TRAFFIC)
    assert change.in_place


@pytest.mark.parametrize(
    "timer", ["enquire_link_s", "response_s", "reconnect_min_s", "reconnect_max_s", "failback_after_s"]
)
def test_a_timer_is_changed_in_place(timer: str):
    change = changes(operator(), operator(timers=replace(Timers(), **{timer: 1})))
    assert change == only(Part.TIMERS)
    assert change.in_place


@pytest.mark.parametrize(
    "bind",
    [
        BindConfig(mode=ConfiguredBindMode.TRANSCEIVER),
        BindConfig(system_type="SMPP"),
        BindConfig(addr_ton=1),
        BindConfig(addr_npi=1),
        BindConfig(address_range="^49"),
    ],
)
def test_what_the_bind_says_needs_a_new_bind_on_every_endpoint(bind: BindConfig):
    change = changes(operator(), operator(bind=bind))
    assert change == rebind(0, 1)
    assert not change.in_place


def test_the_number_of_sessions_leaves_the_first_ones_bound():
    change = changes(operator(window=50), operator(window=50, bind=BindConfig(sessions=3)))
    assert change == only(Part.SESSIONS)
    assert not change.in_place


def test_more_sessions_share_a_window_that_is_not_set():
    change = changes(operator(), operator(bind=BindConfig(sessions=4)))
    assert change == Change(parts=frozenset({Part.SESSIONS, Part.TRAFFIC}))


def test_the_bind_limit_is_changed_in_place():
    change = changes(operator(), operator(bind=BindConfig(max_binds=2)))
    assert change == only(Part.BIND_LIMIT)
    assert change.in_place


def test_a_new_name_is_only_shown():
    change = changes(operator(), operator(name="Example Mobile"))
    assert change == only(Part.SHOWN)
    assert change.in_place


def test_enabling_and_disabling_is_for_the_router():
    change = changes(operator(), operator(enabled=False))
    assert change == only(Part.EXISTENCE)
    assert not change.in_place


# Endpoints.


@pytest.mark.parametrize(
    "endpoint",
    [
        replace(SECURE, host="c.example"),
        replace(SECURE, port=2776),
        replace(SECURE, tls=False),
        replace(SECURE, tls_ca_pem="another CA"),
        replace(SECURE, tls_server_name="smsc.example"),
    ],
)
def test_a_changed_endpoint_is_the_only_one_bound_anew(endpoint: Endpoint):
    assert changes(operator(SECURE, BACKUP), operator(endpoint, BACKUP)) == rebind(0)


def test_tls_settings_of_an_endpoint_without_tls_touch_nothing():
    unused = replace(PRIMARY, tls_ca_pem="a CA", tls_server_name="smsc.example")
    assert changes(operator(PRIMARY), operator(unused)) == Change()


def test_another_role_is_only_shown():
    assert changes(operator(PRIMARY), operator(replace(PRIMARY, role=EndpointRole.BACKUP))) == only(Part.SHOWN)


def test_an_added_endpoint_leaves_the_others_alone():
    change = changes(operator(PRIMARY), operator(PRIMARY, BACKUP))
    assert change == Change(added=frozenset({1}))
    assert not change.in_place


def test_a_removed_endpoint_leaves_the_others_alone():
    change = changes(operator(PRIMARY, BACKUP), operator(PRIMARY))
    assert change == Change(removed=frozenset({1}))
    assert not change.in_place


# Every setting has its place.


@pytest.mark.parametrize(
    ("table", "settings", "apart"),
    [
        (OPERATOR_PARTS, OperatorConfig, {"operator_id", "bind", "endpoints"}),
        (BIND_PARTS, BindConfig, set()),
        (ENDPOINT_PARTS, Endpoint, set()),
    ],
)
def test_every_setting_belongs_to_a_part(table: dict[str, Part], settings: type, apart: set[str]):
    assert set(table) == {field.name for field in fields(settings)} - apart


# Changes in a row.

Bound = dict[int, tuple[Endpoint, str]]  # by endpoint: what its sessions are bound by

OPERATORS = st.builds(
    lambda hosts, system_type, name, tps: operator(
        *(Endpoint(host=host, port=2775) for host in hosts),
        bind=BindConfig(system_type=system_type),
        name=name,
        tps=tps,
    ),
    hosts=st.lists(st.sampled_from("ab"), min_size=1, max_size=3),
    system_type=st.sampled_from(["", "SMPP"]),
    name=st.sampled_from(["", "Example Mobile"]),
    tps=st.sampled_from([100, 200]),
)


def bound_by(settings: OperatorConfig) -> Bound:
    return {index: (endpoint, settings.bind.system_type) for index, endpoint in enumerate(settings.endpoints)}


def carried_out(change: Change, bound: Bound, settings: OperatorConfig) -> Bound:
    anew = (change.rebind & bound.keys()) | (change.added - bound.keys())
    kept = {index: link for index, link in bound.items() if index not in change.removed}
    return kept | {index: link for index, link in bound_by(settings).items() if index in anew}


@given(old=OPERATORS, new=OPERATORS)
def test_a_change_binds_anew_what_differs_and_nothing_else(old: OperatorConfig, new: OperatorConfig):
    before, after = bound_by(old), bound_by(new)
    change = changes(old, new)
    assert carried_out(change, before, new) == after
    assert change.rebind == {index for index in before.keys() & after.keys() if before[index] != after[index]}


@given(chain=st.lists(OPERATORS, min_size=3, max_size=5), data=st.data())
def test_changes_in_a_row_lead_to_the_last_settings_however_many_were_carried_out_before(
    chain: list[OperatorConfig], data: st.DataObject
):
    steps = [changes(old, new) for old, new in pairwise(chain)]
    carried_out_before = data.draw(st.sampled_from(chain))
    all_in_one = reduce(Change.then, steps)
    assert carried_out(all_in_one, bound_by(carried_out_before), chain[-1]) == bound_by(chain[-1])


@given(first=OPERATORS, second=OPERATORS, third=OPERATORS)
def test_no_part_of_a_change_is_lost_by_the_next(first: OperatorConfig, second: OperatorConfig, third: OperatorConfig):
    both = changes(first, second).then(changes(second, third))
    assert both.parts == changes(first, second).parts | changes(second, third).parts
    assert both.parts >= changes(first, third).parts


def test_a_change_that_is_taken_back_still_means_a_new_bind():
    old, new = operator(), operator(replace(PRIMARY, host="c.example"), BACKUP)
    assert changes(old, new).then(changes(new, old)) == rebind(0)
