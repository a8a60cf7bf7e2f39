"""Groups of commands, such as `foreplan sources ...`: one module each, declared and nothing more."""
