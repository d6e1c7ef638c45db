"""Wire formats: one file for each way people speak to a text classifier.

A format turns its request into `Asked` and `Answered` into its response; everything else happens in `Answering`, so
the same text gets the same scores by every way. A file with `routes(server)` has paths of its own; where two formats
share a path, a file of the path's name has it and asks the format that the body speaks.
"""
