"""What can be said of a whole tune in figures, and how real it looks by them."""
