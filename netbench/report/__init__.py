"""Results as people and programs read them, in Chinese and English."""
