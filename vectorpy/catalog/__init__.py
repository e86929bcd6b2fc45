"""The catalogue: widgets and presets as TOML files, and what reads, checks and finds them."""
