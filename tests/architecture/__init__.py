"""Tests of the code itself; each rule is a function, so that a planted breach can prove it."""
