"""Foreplan."""
