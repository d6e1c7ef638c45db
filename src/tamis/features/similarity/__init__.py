"""Similarity: which texts are the same, and which are nearly so?"""

from tamis.features.similarity.duplicates import Duplicates, find_near_duplicates
from tamis.features.similarity.exact import exact_groups

__all__ = ["Duplicates", "exact_groups", "find_near_duplicates"]
