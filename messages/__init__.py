"""What crosses a process or network boundary, as immutable typed structs."""
