"""Chapter 4: a file for each exercise of `solutions/04_gan.ipynb`, named like its function."""
