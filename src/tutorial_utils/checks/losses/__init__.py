"""Chapter 2: a file for each exercise of `solutions/02_losses.ipynb`, named like its function."""
