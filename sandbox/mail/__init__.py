"""A mailbox that takes every mail and shows it."""
