"""Settings of every test."""

from hypothesis import settings

# compiling and busy machines take their time: no test passes or fails by the clock
settings.register_profile("netbench", deadline=None)
settings.load_profile("netbench")
