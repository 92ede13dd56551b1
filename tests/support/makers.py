"""Types of the fixtures with which scenarios make what they need; tests/scenarios/conftest.py has them."""

from collections.abc import Callable

from connector_process import ConnectorProcess
from mobile_operator import MobileOperator
from operator_site import Site

Sites = Callable[..., Site]
Operators = Callable[..., MobileOperator]
Limited = Callable[..., MobileOperator]
Connect = Callable[..., ConnectorProcess]
