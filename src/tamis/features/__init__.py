"""Features: how does text become what a model or a comparison can use?"""
