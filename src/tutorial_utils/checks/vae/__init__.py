"""Chapter 5: a file for each exercise of `solutions/05_vae.ipynb`, named like its function."""
