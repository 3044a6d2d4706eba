"""Chapter 1: a file for each exercise of `solutions/01_concepts.ipynb`, named like its function."""
