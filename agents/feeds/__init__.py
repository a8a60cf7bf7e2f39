"""Feeds: research that comes back by itself. A brief, sources and a cron expression go in; what is new comes out.

`schedule` keeps feeds as DBOS schedules and minds missed runs, `turn` is one run of a feed, `harvest` finds what is new
in its sources, `shelf` keeps what was seen and reported, `told` takes out of a report what was reported before.
"""
