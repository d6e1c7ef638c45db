"""Picture: how a graph and its run look, as SVG, as Mermaid text and as a page."""

from tamis.pipeline.picture.mermaid import draw_mermaid
from tamis.pipeline.picture.nodes import WORDS, Node, nodes_of
from tamis.pipeline.picture.page import run_page
from tamis.pipeline.picture.svg import draw_svg
from tamis.pipeline.picture.words import said_seconds, said_value

__all__ = ["WORDS", "Node", "draw_mermaid", "draw_svg", "nodes_of", "run_page", "said_seconds", "said_value"]
