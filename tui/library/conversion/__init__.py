"""Models of other formats become OpenVINO's: optimum-intel, run in an environment of its own."""
