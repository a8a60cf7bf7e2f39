"""What a plan is worth, and to which of its tokens: a small class a term, put together by `compose`.

    outcome      the parts done
    spend        dollars, always charged, planning included
    structure    parts covered, dependencies as needed, nothing beside
    calibration  forecasts of success and of tokens, by bounded proper rules
    overlong     plans near the length limit
    others       published rewards, to compare with

Values are in units of what the whole task is worth: a perfect result for nothing is worth 1.
"""
