"""The actors: mailbox, children, lanes and one event loop each; what to do is decided in core/."""
