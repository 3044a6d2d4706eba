"""How the shipped networks are trained, where a second page needs the recipe.

A change here is a change of every network that was made so: its record holds a digest of this code.
"""
