"""Turns a logical plan into a better one with the same answer: rules, the order that they are tried in, the driver."""
