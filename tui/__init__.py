"""ovchat: a terminal chat application for local language models on OpenVINO."""
