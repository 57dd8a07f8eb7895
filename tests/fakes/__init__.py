"""Ten-line fakes that satisfy a port by shape."""
