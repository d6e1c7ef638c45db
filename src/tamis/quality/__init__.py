"""Quality: is the data sound?"""
