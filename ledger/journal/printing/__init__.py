"""Signed documents as pages in Chinese and English."""
