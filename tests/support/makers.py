"""Types of the fixtures with which scenarios make what they need (tests/scenarios/conftest.py says with which arguments)."""

from collections.abc import Callable

from connector_process import ConnectorProcess
from mobile_operator import MobileOperator
from operator_site import Site

Sites = Callable[..., Site]
Operators = Callable[..., MobileOperator]
Connect = Callable[..., ConnectorProcess]
