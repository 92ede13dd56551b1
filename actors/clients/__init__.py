"""How actors reach the servers: clients that wait for them and publish until it is confirmed."""
