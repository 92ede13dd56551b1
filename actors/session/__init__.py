"""SessionActor: one session with an SMSC, a transceiver or a transmitter and receiver together."""
