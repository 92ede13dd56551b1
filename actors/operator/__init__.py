"""OperatorActor: the traffic of one operator over all its sessions on this replica."""
