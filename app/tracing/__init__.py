"""Traces (OpenTelemetry): what requests, calls and steps waited for, where a collector is named."""
