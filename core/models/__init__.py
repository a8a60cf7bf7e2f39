"""Models: endpoints, their quirks, roles with fallbacks, retries and metering."""
