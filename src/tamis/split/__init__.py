"""Split: which rows teach, which rows choose, and which rows judge?"""
