"""The steps that come with Tamis: one file each, a thin function over a chapter."""
