"""Development side: embedded servers, a scriptable SMSC, an operator-management-service."""
