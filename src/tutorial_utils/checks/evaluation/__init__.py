"""Chapter 6: a file for each exercise of `solutions/06_evaluation.ipynb`, named like its function."""
