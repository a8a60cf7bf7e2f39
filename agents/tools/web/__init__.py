"""Providers of `web_search`, one file each behind `base.WebSearch`."""
