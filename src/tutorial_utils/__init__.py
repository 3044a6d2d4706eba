"""Helpers of the course Pixels to Prompts. Import the module that you need; this file imports none.

Images are float32, (B, C, H, W), in [0, 1] at every boundary.
"""
