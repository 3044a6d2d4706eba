"""Chapter 3: a file for each exercise of `solutions/03_cnn.ipynb`, named like its function."""
