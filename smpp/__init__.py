"""SMPP 3.4 as values: bytes and time are arguments, there are no sockets and no clock here."""
