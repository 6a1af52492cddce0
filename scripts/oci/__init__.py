"""What ``scripts/image.py`` is made of: builders of images, image layouts, and wheels."""
