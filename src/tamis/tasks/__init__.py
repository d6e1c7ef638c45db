"""Tasks: what is a label, how is it encoded, decided and scored?"""
