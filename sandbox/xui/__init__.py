"""A stand-in for 3X-UI panels of three generations."""
