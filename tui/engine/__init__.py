"""Text generation on base OpenVINO. Import from its modules; this package imports nothing by itself."""

import sys

# `import openvino` would load its model converter, which nothing here uses: that takes as long as all the rest of it,
# reports the import to Google Analytics and writes a client id to ~/intel. Without it openvino goes on.
sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
