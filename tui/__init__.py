"""ovchat: a terminal chat application for local language models on OpenVINO."""

__version__ = "0.1.0"
