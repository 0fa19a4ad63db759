"""Models come with the app's own issue; the app already has its place in the house."""
