"""Constraints: what must hold of a dataset, declared in YAML, measured in SQL, remembered over its versions.

`constraint.py` is what one declares, `kinds.py` what can be measured, `verify.py` puts them together.
"""
