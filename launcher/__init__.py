"""The commands of the project, on the standard library alone: `python3 -m launcher <command>`."""
