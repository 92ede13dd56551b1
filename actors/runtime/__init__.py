"""What every actor stands on: the actor system, the base actor with its loop thread, supervision, lanes."""
