"""Explore: what does the data look like?"""
