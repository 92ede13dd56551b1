"""DispatchRouter: from the JetStream consumers to the OperatorActors."""
