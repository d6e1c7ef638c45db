"""Backends: one folder per outside system. Each implements ports, is loaded by name and imported by nobody."""
