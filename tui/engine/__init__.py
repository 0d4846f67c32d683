"""Text generation on base OpenVINO. Import from its modules; this package imports nothing by itself."""
