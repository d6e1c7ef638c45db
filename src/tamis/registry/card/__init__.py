"""The card of a version: all that is known of it, in words and numbers, for people and for the Hugging Face hub."""

from tamis.registry.card.facts import Facts, gather_facts
from tamis.registry.card.page import first_lines, render_card

__all__ = ["Facts", "first_lines", "gather_facts", "render_card"]
