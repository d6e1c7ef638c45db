"""Wire formats: one file for each way people speak to a text classifier. Each has `routes(server)`, an APIRouter.

A format turns its request into `Asked` and `Answered` into its response; everything else happens in `Answering`, so
the same text gets the same scores by every way.
"""
